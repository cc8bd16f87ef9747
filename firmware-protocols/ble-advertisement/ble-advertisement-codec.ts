import { type DecodeResult, type Decoder, type DecoderMemory, defineCodec, type FrameContext } from '../codec.ts'
import { AD_COMPLETE_NAME, AD_MANUFACTURER_DATA, AD_SHORT_NAME, type AdStructure, readAdStructures } from '../kit/ad-structures.ts'
import { fromHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import { utf8Bytes, utf8Text } from '../kit/text.ts'
import type { Signal } from '../reading.ts'
import { addAdvertisementExtras } from './advertisement-extras.ts'
import { type BeaconIdentity, type ContentContext, type ContentResult, type CounterMemory, FOREIGN } from './advertisement-reader.ts'
import { READERS } from './advertisement-readers.ts'
import { type AdvertisementSettings, advertisementSettingsSchema, bareHex, DEFAULT_SETTINGS } from './advertisement-settings.ts'
import { CarrierIndex, carrierIdOf, idLength, uuidText } from './carrier-index.ts'
import { SavedCounters } from './saved-counters.ts'
import { SignalRules } from './signal-rules.ts'
import { TagIdentity } from './tag-identity.ts'

/** Longest advertising data of Bluetooth 5 (Core Specification, volume 4, part E, 7.8.54). */
const MAX_PAYLOAD_BYTES = 1650

const INDEX = new CarrierIndex(READERS)
type Keys = ReadonlyMap<string, Uint8Array>

function keysOf(settings: AdvertisementSettings): Keys {
  const keys = new Map<string, Uint8Array>()
  for (const { tag, key, password } of settings.keys) {
    const bytes = key === undefined ? utf8Bytes(password ?? '') : fromHex(key)
    if (bytes !== undefined) keys.set(bareHex(tag), bytes)
  }
  return keys
}

/** The facts about one frame, filled anew for each: an object a frame would cost more than most contents. */
class FrameFacts implements ContentContext {
  readonly memory: CounterMemory
  readonly #keys: Keys
  #linkName: string | undefined
  receivedAt: number | undefined
  address: string | undefined
  key: Uint8Array | undefined
  carrierId = 0
  structures: readonly AdStructure[] = []

  constructor(keys: Keys, memory: CounterMemory) {
    this.#keys = keys
    this.memory = memory
  }

  get name(): string | undefined {
    return this.#linkName ?? nameIn(this.structures)
  }

  keyOf(tag: string): Uint8Array | undefined {
    return this.key ?? this.#keys.get(tag)
  }

  begin({ receivedAt, address, name, key }: FrameContext, structures: readonly AdStructure[]): void {
    this.receivedAt = receivedAt
    this.address = address
    this.key = key
    this.structures = structures
    this.#linkName = name
  }
}

function nameIn(structures: readonly AdStructure[]): string | undefined {
  let short: string | undefined
  for (const { type, data } of structures) {
    if (type === AD_COMPLETE_NAME) return utf8Text(data)
    if (type === AD_SHORT_NAME) short = utf8Text(data)
  }
  return short
}

class AdvertisementDecoder implements Decoder {
  readonly #facts: FrameFacts
  readonly #rules: SignalRules
  readonly #identity: TagIdentity

  constructor(settings: AdvertisementSettings, memory: DecoderMemory | undefined) {
    this.#facts = new FrameFacts(keysOf(settings), new SavedCounters(memory))
    this.#rules = new SignalRules(settings.signals)
    this.#identity = new TagIdentity(settings.identity)
  }

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length > MAX_PAYLOAD_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_PAYLOAD_BYTES}`)
    const { structures, cutOff } = readAdStructures(frame)
    this.#facts.begin(context, structures)
    const others: AdStructure[] = []
    let draft: Draft | undefined
    let problem: DecodeResult | undefined
    for (const structure of structures) {
      const result = readContent(structure, this.#facts)
      if (result.kind === 'content') draft = this.#take(draft, result)
      else others.push(structure)
      if (result.kind === 'error') problem ??= failure(result.code, result.why)
    }
    if (draft !== undefined) return readings(this.#complete(draft, others))
    if (problem) return problem
    if (cutOff) return failure('FRAME_LENGTH', 'an AD structure runs past the end, and nothing before it is understood')
    return ignored(describe(structures))
  }

  /** What the beacon's identity means goes to the reading; whom it names is remembered. */
  #take(before: Draft | undefined, { reading, beacon }: ContentResult & { kind: 'content' }): Draft {
    if (beacon !== undefined) this.#name(reading, beacon)
    return before === undefined ? reading : merge(before, reading)
  }

  #name(reading: Draft, beacon: BeaconIdentity): void {
    const signals = this.#rules.signalsOf(beacon)
    if (signals === undefined) this.#learn(reading, beacon)
    else reading.signals = reading.signals === undefined ? signals : mergeSignals(reading.signals, signals)
  }

  #learn(reading: Draft, beacon: BeaconIdentity): void {
    const tag = this.#identity.learn(beacon, this.#facts.address)
    if (tag !== undefined) reading.tag = tag
  }

  #complete(draft: Draft, others: readonly AdStructure[]): Draft {
    if (others.length > 0) {
      // A reader's own `extra` is new with its reading; nobody else has it.
      const extra: Extra = (draft.extra as Extra | undefined) ?? {}
      draft.extra = extra
      const txPowerDbm = addAdvertisementExtras(others, extra)
      if (txPowerDbm !== undefined) draft.txPowerDbm ??= txPowerDbm
    }
    const tag = this.#identity.choose(draft.tag, this.#facts.address)
    if (tag !== undefined) draft.tag = tag
    return draft
  }
}

function readContent(structure: AdStructure, facts: FrameFacts): ContentResult {
  const length = idLength(structure.type)
  if (length === undefined || structure.data.length < length) return FOREIGN
  const candidates = INDEX.readersOf(structure)
  if (candidates.length === 0) return FOREIGN
  facts.carrierId = carrierIdOf(structure)
  const payload = structure.data.subarray(length)
  for (const reader of candidates) {
    const result = reader.read(payload, facts)
    if (result.kind === 'error') return { ...result, why: `${reader.title}: ${result.why}` }
    if (result.kind === 'content') return result
  }
  return FOREIGN
}

/** The first to name a field keeps it: the contents in their order, then what stands beside them, then the sender's address. */
function merge(draft: Draft, more: Draft): Draft {
  // Assigned, not spread: two objects in one literal cost some ten times as much.
  const merged: Draft = Object.assign({}, more, draft)
  if (draft.extra !== undefined && more.extra !== undefined) merged.extra = Object.assign({}, more.extra, draft.extra)
  if (draft.signals !== undefined && more.signals !== undefined) merged.signals = mergeSignals(draft.signals, more.signals)
  return merged
}

function mergeSignals(signals: readonly Signal[], more: readonly Signal[]): readonly Signal[] {
  const isNew = ({ kind, slot }: Signal): boolean => !signals.some((known) => known.kind === kind && known.slot === slot)
  return [...signals, ...more.filter(isNew)]
}

function describe(structures: readonly AdStructure[]): string {
  const seen: string[] = []
  for (const { type, data } of structures) {
    const length = idLength(type)
    if (length === undefined || data.length < length) continue
    seen.push(`${type === AD_MANUFACTURER_DATA ? 'manufacturer' : 'service'} ${uuidText(data.subarray(0, length))}`)
  }
  return seen.length > 0 ? `no content that is understood (${seen.join(', ')})` : 'no content'
}

export const bleAdvertisement = defineCodec<AdvertisementSettings>({
  protocol: 'ble-advertisement',
  title: 'Bluetooth LE advertisements (beacons, sensors, wearables)',
  formats: [...new Set(READERS.map(({ title }) => title))],
  transport: 'ble',
  encoding: 'binary',
  idScope: 'world',
  idNamespace: 'ble',
  settings: advertisementSettingsSchema,
  createDecoder: (settings, memory) => new AdvertisementDecoder(settings ?? DEFAULT_SETTINGS, memory)
})
