import type { FrameContext } from '../codec.ts'
import { formatUtc, MAX_EPOCH_MS, parseRfc3339 } from '../kit/civil-time.ts'
import { type Extra, finiteNumber, parseLooseJson } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'

/** Room for well over a thousand records; the cap keeps a wrong or hostile publisher from costing more. */
export const MAX_MESSAGE_BYTES = 524_288

/** The JSON in a message; undefined when it is none. */
export const parseMessage = (frame: Uint8Array): unknown => parseLooseJson(utf8Text(frame))

/** Twelve lower-case hex digits of an address in any of its usual spellings. */
export function macOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 24) return undefined
  const digits = value.replace(/[:-]/g, '').toLowerCase()
  return /^[0-9a-f]{12}$/.test(digits) ? digits : undefined
}

/** `ac:23:3f:c0:bc:43` */
export const colonMac = (mac: string): string => mac.replace(/..(?=.)/g, '$&:')

/** A name that an installer gave, fit for an id of a device: no blanks, colons and slashes. */
export const nameId = (name: string): string => name.replace(/[\s:/]/g, '_').slice(0, 120)

/** A radio's figure in dBm; 127 is HCI's "not available". */
export function rssiOf(value: unknown): number | undefined {
  const rssi = finiteNumber(value)
  return rssi !== undefined && rssi >= -128 && rssi <= 20 ? rssi : undefined
}

/** A number within what the quantity can be; out of range is a fault of the sensor, not a measurement. */
export function within(value: unknown, least: number, most: number): number | undefined {
  const number = finiteNumber(value)
  return number !== undefined && number >= least && number <= most ? number : undefined
}

/** Seconds since 1970 until the year 5138; anything larger is meant as milliseconds. */
const LARGEST_SECONDS = 1e11

/** Epoch milliseconds of RFC 3339 text, or of a number in seconds or milliseconds; undefined when it is no time. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string') {
    const ms = parseRfc3339(value)
    if (ms !== undefined) return ms >= 0 && ms <= MAX_EPOCH_MS ? ms : undefined
  }
  const number = finiteNumber(value)
  if (number === undefined || number <= 0) return undefined
  const ms = Math.floor(number < LARGEST_SECONDS ? number * 1000 : number)
  return ms <= MAX_EPOCH_MS ? ms : undefined
}

/** The sender's stamp. It drives nothing: clocks of gateways are wrong more often than the arrival's. */
export function applyTime(draft: Draft, extra: Extra, value: unknown): void {
  const ms = timeOf(value)
  if (ms === undefined) return
  draft.deviceTime = ms
  extra['timestamp_utc'] = formatUtc(ms)
}

export function newDraft(context: FrameContext): Draft {
  return context.retained === true ? { stale: true } : {}
}
