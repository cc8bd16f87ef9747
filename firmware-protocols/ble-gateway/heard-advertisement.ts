import { bleAdvertisement } from '../ble-advertisement/ble-advertisement-codec.ts'
import type { DecodeResult, Decoder, DecoderMemory, FrameContext } from '../codec.ts'
import {
  AD_COMPLETE_NAME,
  AD_SHORT_NAME,
  type AdStructure,
  encodeAdStructures,
  manufacturerStructure,
  readAdStructures
} from '../kit/ad-structures.ts'
import { fromHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import type { Signal } from '../reading.ts'

const APPLE_COMPANY_ID = 0x004c
const SERVICE_DATA_TYPE: ReadonlyMap<number, number> = new Map([
  [2, 0x16],
  [4, 0x20],
  [16, 0x21]
])

/**
 * What gateways forward of the air goes through the same decoder, with the same settings, as what the appliance hears
 * itself: a tag means the same whoever received it.
 */
export class HeardAdvertisement {
  readonly #decoder: Decoder

  constructor(settings: unknown, memory?: DecoderMemory) {
    this.#decoder = bleAdvertisement.createDecoder(settings, memory)
  }

  /**
   * Adds to `draft` and `extra` what the advertising data says and the gateway's record does not. An identity in the
   * content replaces the sender's address as the tag. A damaged content leaves the record as it is: the tag was heard.
   */
  fill(draft: Draft, extra: Extra, payload: Uint8Array, mac: string, context: FrameContext): void {
    const { receivedAt, retained } = context
    const result = this.#decoder.decode(payload, { receivedAt, retained, address: mac })
    if (result.kind === 'ignored') keepName(payload, extra)
    else merge(draft, extra, result)
  }

  /** As `fill`, of an iBeacon that the gateway took apart: put together again, so that rules on identities hold. */
  fillBeacon(draft: Draft, extra: Extra, beacon: Beacon, mac: string, context: FrameContext): void {
    const payload = new Uint8Array(23)
    payload.set([0x02, 0x15])
    payload.set(beacon.uuid, 2)
    const view = new DataView(payload.buffer)
    view.setUint16(18, beacon.major)
    view.setUint16(20, beacon.minor)
    view.setInt8(22, beacon.txPowerDbm ?? 0)
    this.fill(draft, extra, encodeAdStructures([manufacturerStructure(APPLE_COMPANY_ID, payload)]), mac, context)
    if (beacon.txPowerDbm === undefined) delete extra['measured_power_dbm']
  }
}

/** One AD structure of service data, the UUID (16, 32 or 128 bits, in display order) turned to air order. */
export function serviceStructure(uuid: Uint8Array, data: Uint8Array): AdStructure | undefined {
  const type = SERVICE_DATA_TYPE.get(uuid.length)
  return type === undefined ? undefined : { type, data: Uint8Array.of(...uuid.toReversed(), ...data) }
}

/** Nothing but a name, as scan responses often have it, is no content to the reader of advertisements. */
function keepName(payload: Uint8Array, extra: Extra): void {
  if (Object.hasOwn(extra, 'local_name')) return
  for (const { type, data } of readAdStructures(payload).structures) {
    if (type === AD_COMPLETE_NAME) extra['name'] = utf8Text(data)
    else if (type === AD_SHORT_NAME) extra['name'] ??= utf8Text(data)
  }
}

export interface Beacon {
  /** 16 bytes. */
  readonly uuid: Uint8Array
  readonly major: number
  readonly minor: number
  readonly txPowerDbm: number | undefined
}

/** Bytes of an iBeacon's UUID with or without dashes. */
export function beaconUuid(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined
  const bytes = fromHex(value)
  return bytes?.length === 16 ? bytes : undefined
}

/** A retained message is of unknown age: what is set may still be; what once happened, or is over, is no news. */
const stillStands = (signal: Signal): boolean => signal.form === 'level' && signal.on

function merge(draft: Draft, extra: Extra, result: DecodeResult): void {
  if (result.kind === 'error') extra['adv_error'] = `${result.code}: ${result.why}`
  if (result.kind !== 'readings') return
  for (const { tag, extra: said = {}, signals, ...fields } of result.readings) {
    Object.assign(draft, { ...fields, ...draft })
    if (signals !== undefined) draft.signals ??= draft.stale === true ? signals.filter(stillStands) : signals
    if (tag !== undefined) draft.tag = tag
    for (const [key, value] of Object.entries(said)) if (!Object.hasOwn(extra, key)) extra[key] = value
  }
}
