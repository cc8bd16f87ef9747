import { decodeBase64 } from '../kit/base64.ts'
import { formatUtc, MAX_EPOCH_MS } from '../kit/civil-time.ts'
import { toHex } from '../kit/hex.ts'
import { boundedJson, finiteNumber, isJsonObject, type JsonObject, snakeCase } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Json, LocalPosition } from '../reading.ts'

export type Extra = { [key: string]: Json }

/** Epoch milliseconds of a PANS time stamp: microseconds since the epoch, sent as a text of digits. */
function stampMs(value: unknown): number | undefined {
  const microseconds = finiteNumber(value)
  if (microseconds === undefined || microseconds <= 0) return undefined
  const ms = Math.floor(microseconds / 1000)
  return ms <= MAX_EPOCH_MS ? ms : undefined
}

export function applyStamp(payload: JsonObject, draft: Draft, extra: Extra): void {
  const ms = stampMs(payload['timestamp'])
  if (ms === undefined) return
  draft.deviceTime = ms
  extra['timestamp_utc'] = formatUtc(ms)
}

export function applySuperframe(payload: JsonObject, extra: Extra): void {
  const superframe = finiteNumber(payload['superFrameNumber'])
  if (superframe !== undefined) extra['superframe'] = superframe
}

/** x, y, z in metres when all three are numbers; a NaN in any form, or a missing one, makes it no position. */
export function localPosition(value: JsonObject): LocalPosition | undefined {
  const x = finiteNumber(value['x'])
  const y = finiteNumber(value['y'])
  const z = finiteNumber(value['z'])
  return x === undefined || y === undefined || z === undefined ? undefined : { x, y, z }
}

/** Whether a reported position is a fix: PANS nodes without one report quality 0, the origin, or NaN. */
export function isFix(position: LocalPosition | undefined, quality: number | undefined): boolean {
  return position !== undefined && quality !== 0 && !(position.x === 0 && position.y === 0 && position.z === 0)
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

/** Members that the reader has no name of its own for, in snake_case, so that nothing the message says is lost. */
export function applyRest(value: JsonObject, known: ReadonlySet<string>, extra: Extra): void {
  for (const key of Object.keys(value)) {
    if (known.has(key)) continue
    const name = snakeCase(key)
    const unit = UNITS[name] ?? ''
    if (name !== '' && name !== '__proto__' && !Object.hasOwn(extra, name + unit)) extra[name + unit] = boundedJson(value[key])
  }
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
