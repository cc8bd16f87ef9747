import type { Codec, DecodeResult, Decoder, FrameContext } from '../codec.ts'
import { AD_MANUFACTURER_DATA, AD_SERVICE_DATA_16, type AdStructure, readAdStructures } from '../kit/ad-structures.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import type { Reading } from '../reading.ts'
import { advertisementExtras } from './advertisement-extras.ts'
import type { AdvertisementReader, ContentResult } from './advertisement-reader.ts'
import { ruuviRawV2 } from './ruuvi-raw-v2.ts'

/** Contents that are understood. To add one: a file with its reader and vectors, and a line here. */
const READERS: readonly AdvertisementReader[] = [ruuviRawV2]

/** Longest advertising data of Bluetooth 5 (Core Specification, volume 4, part E, 7.8.54). */
const MAX_PAYLOAD_BYTES = 1650

const carrierKey = (type: number, id: number): number => type * 0x1_0000 + id

function byCarrier(): ReadonlyMap<number, readonly AdvertisementReader[]> {
  const map = new Map<number, AdvertisementReader[]>()
  for (const reader of READERS) {
    const { carrier } = reader
    const key =
      'companyId' in carrier ? carrierKey(AD_MANUFACTURER_DATA, carrier.companyId) : carrierKey(AD_SERVICE_DATA_16, carrier.serviceUuid)
    map.set(key, [...(map.get(key) ?? []), reader])
  }
  return map
}
const READERS_BY_CARRIER = byCarrier()

/** Company id or 16-bit service UUID at the start of a structure: little-endian in both. */
const idOf = (structure: AdStructure): number => (structure.data[0] ?? 0) | ((structure.data[1] ?? 0) << 8)

const carriesContent = ({ type, data }: AdStructure): boolean =>
  (type === AD_MANUFACTURER_DATA || type === AD_SERVICE_DATA_16) && data.length >= 2

class AdvertisementDecoder implements Decoder {
  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length > MAX_PAYLOAD_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_PAYLOAD_BYTES}`)
    const { structures, cutOff } = readAdStructures(frame)
    const contents: Draft[] = []
    const others: AdStructure[] = []
    let problem: DecodeResult | undefined
    for (const structure of structures) {
      const result = readContent(structure, context)
      if (result.kind === 'content') contents.push(result.reading)
      else others.push(structure)
      if (result.kind === 'error') problem ??= failure(result.code, result.why)
    }
    if (contents.length > 0) return readings(merge(contents, others, context))
    if (problem) return problem
    if (cutOff) return failure('FRAME_LENGTH', 'an AD structure runs past the end, and nothing before it is understood')
    return ignored(describe(structures))
  }
}

function readContent(structure: AdStructure, context: FrameContext): ContentResult {
  if (!carriesContent(structure)) return { kind: 'foreign' }
  for (const reader of READERS_BY_CARRIER.get(carrierKey(structure.type, idOf(structure))) ?? []) {
    const result = reader.read(structure.data.subarray(2), context)
    if (result.kind === 'error') return { ...result, why: `${reader.title}: ${result.why}` }
    if (result.kind === 'content') return result
  }
  return { kind: 'foreign' }
}

/** The first to name a field keeps it: the contents in their order, then what stands beside them, then the sender's address. */
function merge(contents: readonly Draft[], others: readonly AdStructure[], context: FrameContext): Reading {
  const [draft = {}, ...more] = contents
  for (const content of more) {
    const extra = { ...content.extra, ...draft.extra }
    Object.assign(draft, { ...content, ...draft, extra })
  }
  if (others.length > 0) {
    const { extra, txPowerDbm } = advertisementExtras(others)
    if (txPowerDbm !== undefined) draft.txPowerDbm ??= txPowerDbm
    draft.extra = draft.extra === undefined ? extra : Object.assign(extra, draft.extra)
  }
  if (context.address !== undefined) draft.tag ??= context.address
  return draft
}

function describe(structures: readonly AdStructure[]): string {
  const hex = (structure: AdStructure): string => idOf(structure).toString(16).padStart(4, '0')
  const seen = structures
    .filter(carriesContent)
    .map((structure) => `${structure.type === AD_MANUFACTURER_DATA ? 'manufacturer' : 'service'} ${hex(structure)}`)
  return seen.length > 0 ? `no content that is understood (${seen.join(', ')})` : 'no content'
}

export const bleAdvertisement: Codec = {
  protocol: 'ble-advertisement',
  title: 'Bluetooth LE advertisements (RuuviTag)',
  transport: 'ble',
  encoding: 'binary',
  idScope: 'world',
  idNamespace: 'ble',
  createDecoder: () => new AdvertisementDecoder()
}
