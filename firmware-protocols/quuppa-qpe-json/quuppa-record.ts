import { formatUtc, MAX_EPOCH_MS } from '../kit/civil-time.ts'
import { STANDARD_GRAVITY_MPS2 } from '../kit/gravity.ts'
import { boundedJson, type Extra, finiteNumber, type JsonObject, snakeCase } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { LocalPosition, Signal } from '../reading.ts'

/** Epoch milliseconds; undefined for null, 0 and what is no time. */
export function timeMs(value: unknown): number | undefined {
  const ms = finiteNumber(value)
  return ms === undefined || ms <= 0 || ms > MAX_EPOCH_MS ? undefined : Math.floor(ms)
}

/** The value of the first of these members that is there and not null: names differ by version and by how outputs are set up. */
export function firstOf(record: JsonObject, names: readonly string[]): unknown {
  for (const name of names) if (record[name] !== undefined && record[name] !== null) return record[name]
  return undefined
}

const TAG_ID = ['tagId', 'deviceAddress', 'id']
const LOCATION = ['location', 'smoothedPosition', 'position']
const LOCATION_RADIUS = ['locationRadius', 'smoothedPositionAccuracy', 'positionAccuracy']
export const LOCATION_TIME = ['locationTS', 'positionTS']
export const PACKET_TIME = ['lastPacketTS']

/** A tag's id is a Bluetooth address, in lower-case hex; a name that somebody gave stays as it is. */
export function tagIdOf(record: JsonObject): string | undefined {
  const id = firstOf(record, TAG_ID)
  if (typeof id !== 'string' || id.trim() === '') return undefined
  const bare = id.trim().toLowerCase().replace(/[:-]/g, '')
  return /^(?:0x)?[0-9a-f]{12}$/.test(bare) ? bare.slice(-12) : id.trim().toLowerCase()
}

/** `[x, y, z]`, metres in the system named by `locationCoordSysId`; null: none. */
function positionOf(value: unknown): LocalPosition | undefined {
  if (!Array.isArray(value)) return undefined
  const x = finiteNumber(value[0])
  const y = finiteNumber(value[1])
  const z = finiteNumber(value[2])
  if (x === undefined || y === undefined) return undefined
  return z === undefined ? { x, y } : { x, y, z }
}

/** Kinds of location that are none. */
const NOWHERE: ReadonlySet<unknown> = new Set(['noLocation', 'noData', 'hidden'])

export function applyLocation(record: JsonObject, draft: Draft, extra: Extra): void {
  const type = record['locationType']
  if (typeof type === 'string') extra['location_type'] = type
  const position = positionOf(firstOf(record, LOCATION))
  if (position) draft.position = position
  const raw = positionOf(record['position'])
  if (raw && Array.isArray(record['smoothedPosition'])) extra['position_raw_m'] = { x: raw.x, y: raw.y, z: raw.z ?? null }
  if (position && NOWHERE.has(type)) draft.usable = false
  const accuracyM = finiteNumber(firstOf(record, LOCATION_RADIUS))
  if (accuracyM !== undefined && accuracyM >= 0) draft.accuracyM = accuracyM
  const movement = record['locationMovementStatus']
  if (movement === 'moving') draft.moving = true
  else if (movement === 'stationary' || movement === 'notMoving') draft.moving = false
  // `null`: unknown; `[]`: known, and outside of every zone.
  const zones = firstOf(record, ['locationZoneIds', 'zoneIds'])
  if (Array.isArray(zones)) extra['zones'] = boundedJson(zones)
}

export function applySensors(record: JsonObject, draft: Draft): void {
  const batteryV = finiteNumber(record['batteryVoltage'])
  if (batteryV !== undefined && batteryV > 0) draft.batteryV = batteryV
  const temperatureDegC = finiteNumber(record['temperature'])
  if (temperatureDegC !== undefined) draft.temperatureDegC = temperatureDegC
  const acceleration = record['acceleration']
  if (Array.isArray(acceleration)) {
    const [x, y, z] = [0, 1, 2].map((axis) => finiteNumber(acceleration[axis]))
    if (x !== undefined && y !== undefined && z !== undefined)
      draft.accelMps2 = [x * STANDARD_GRAVITY_MPS2, y * STANDARD_GRAVITY_MPS2, z * STANDARD_GRAVITY_MPS2]
  }
  const triggers = finiteNumber(record['triggerCount'])
  if (triggers !== undefined && triggers >= 0) draft.movementCount = triggers
  const txPower = finiteNumber(record['txPower'])
  if (txPower !== undefined) draft.txPowerDbm = txPower
  const rssi = finiteNumber(record['rssi'])
  if (rssi !== undefined && rssi < 0) draft.rssiDbm = rssi
}

const BUTTONS = ['1', '2', '3', '4']
/** "Never": an age that no button reaches. */
const NEVER_S = 1e9

/**
 * `buttonNState` ("pushed", "notPushed") is the button now, `buttonNLastPressTS` when it was last pressed. Where outputs carry the
 * latter, it alone counts: a press between two records is not lost. `nowMs`: when the record was made, by the clock of its other times.
 */
export function applySignals(record: JsonObject, nowMs: number | undefined, draft: Draft, extra: Extra): void {
  const signals: Signal[] = []
  const alarm = record['batteryAlarm']
  if (typeof alarm === 'string') {
    const ok = alarm === 'ok'
    extra['battery_ok'] = ok
    signals.push({ kind: 'low-battery', form: 'level', on: !ok })
  }
  const buttons: Extra = {}
  for (const slot of BUTTONS) {
    const state = record[`button${slot}State`]
    const pushed = state === 'pushed'
    if (pushed || state === 'notPushed') buttons[slot] = pushed
    const press = record[`button${slot}LastPressTS`]
    const signal = press === undefined ? stateOf(buttons[slot], slot) : pressOf(press, nowMs, slot)
    if (signal) signals.push(signal)
  }
  if (Object.keys(buttons).length > 0) extra['buttons'] = buttons
  if (signals.length > 0) draft.signals = signals
}

const stateOf = (pushed: unknown, slot: string): Signal | undefined =>
  typeof pushed === 'boolean' ? { kind: 'button', slot, form: 'level', on: pushed } : undefined

function pressOf(value: unknown, nowMs: number | undefined, slot: string): Signal | undefined {
  if (nowMs === undefined) return undefined
  const pressedMs = timeMs(value)
  const ageS = pressedMs === undefined ? NEVER_S : Math.max(0, (nowMs - pressedMs) / 1000)
  return { kind: 'button', slot, form: 'age', ageS, saturatesAtS: NEVER_S }
}

const KNOWN = new Set([
  ...TAG_ID,
  ...LOCATION,
  ...LOCATION_RADIUS,
  ...LOCATION_TIME,
  ...PACKET_TIME,
  'locationType',
  'locationZoneIds',
  'zoneIds',
  'batteryVoltage',
  'batteryAlarm',
  'temperature',
  'triggerCount',
  'button1State',
  'button2State',
  'button3State',
  'button4State',
  'txPower'
])

const RENAMED: Readonly<Record<string, string>> = {
  locationCoordSysId: 'coord_system_id',
  coordinateSystemId: 'coord_system_id',
  locationCoordSysName: 'coord_system_name',
  coordinateSystemName: 'coord_system_name',
  locationZoneNames: 'zone_names',
  responseTS: 'response_utc',
  acceleration: 'acceleration_g'
}

/** Everything else that the operator chose to send. `…TS` are epoch milliseconds. What is null says nothing. */
export function applyOthers(record: JsonObject, extra: Extra): void {
  for (const [key, value] of Object.entries(record)) {
    if (KNOWN.has(key) || key === '__proto__' || value === null || value === undefined) continue
    const stamp = key.endsWith('TS') ? timeMs(value) : undefined
    const name = RENAMED[key] ?? (stamp === undefined ? snakeCase(key) : `${snakeCase(key.slice(0, -2))}_utc`)
    if (name !== '' && !Object.hasOwn(extra, name)) extra[name] = stamp === undefined ? boundedJson(value) : formatUtc(stamp)
  }
}
