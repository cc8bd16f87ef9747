import { decodeBase64 } from '../kit/base64.ts'
import { formatUtc, MAX_EPOCH_MS } from '../kit/civil-time.ts'
import { toHex } from '../kit/hex.ts'
import { boundedJson, type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest, snakeCase } from '../kit/json.ts'
import { localPosition } from '../kit/local-position.ts'
import type { Draft } from '../kit/results.ts'

/** Epoch milliseconds of a PANS time stamp: microseconds since the epoch, sent as a text of digits. */
function stampMs(value: unknown): number | undefined {
  const microseconds = finiteNumber(value)
  if (microseconds === undefined || microseconds <= 0) return undefined
  const ms = Math.floor(microseconds / 1000)
  return ms <= MAX_EPOCH_MS ? ms : undefined
}

/** A member that is not what the protocol says it is: no measurement, but told. `null` and NaN say nothing. */
export function keepAsSent(payload: JsonObject, name: string, extra: Extra): void {
  const value = payload[name]
  if (value !== undefined && value !== null && !Number.isNaN(value)) extra[snakeCase(name)] = boundedJson(value)
}

export function applyStamp(payload: JsonObject, draft: Draft, extra: Extra): void {
  const ms = stampMs(payload['timestamp'])
  if (ms === undefined) {
    keepAsSent(payload, 'timestamp', extra)
    return
  }
  draft.deviceTime = ms
  extra['timestamp_utc'] = formatUtc(ms)
}

export function applySuperframe(payload: JsonObject, extra: Extra): void {
  const superframe = finiteNumber(payload['superFrameNumber'])
  if (superframe !== undefined) extra['superframe'] = superframe
  else keepAsSent(payload, 'superFrameNumber', extra)
}

/** Bytes carried as base64, as hex. False: the member is no base64. */
export function applyData(payload: JsonObject, extra: Extra): boolean {
  const data = payload['data']
  if (data === undefined || data === null) return true
  const bytes = typeof data === 'string' ? decodeBase64(data) : undefined
  if (bytes === undefined) return false
  extra['data_hex'] = toHex(bytes)
  return true
}

/** PANS gives update rates in milliseconds under names without a unit. */
const UNITS: { readonly [key: string]: string } = { nom_update_rate: '_ms', stat_update_rate: '_ms', batt_voltage: '_mv' }

/** Members that the reader has no name of its own for. */
export function applyRest(value: JsonObject, known: ReadonlySet<string>, extra: Extra): void {
  keepRest(value, known, extra, UNITS)
}

const ANCHOR_KNOWN = new Set(['initiator', 'position'])

export function applyAnchorConfig(anchor: JsonObject, extra: Extra): void {
  if (typeof anchor['initiator'] === 'boolean') extra['initiator'] = anchor['initiator']
  const position = anchor['position']
  if (isJsonObject(position)) {
    const at = localPosition(position)
    extra['anchor_position_m'] = at === undefined ? null : { x: at.x, y: at.y, z: at.z ?? null }
    extra['anchor_position_quality'] = finiteNumber(position['quality']) ?? null
  }
  applyRest(anchor, ANCHOR_KNOWN, extra)
}
