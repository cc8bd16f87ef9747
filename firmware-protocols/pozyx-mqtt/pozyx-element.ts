import { formatUtc, MAX_EPOCH_MS } from '../kit/civil-time.ts'
import { STANDARD_GRAVITY_MPS2 } from '../kit/gravity.ts'
import { boundedJson, type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Json } from '../reading.ts'

const RADIANS = Math.PI / 180

export const idOf = (value: unknown): string | undefined =>
  (typeof value === 'string' && value.trim() !== '') || typeof value === 'number' ? String(value).trim().toLowerCase() : undefined

export const objectOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})

/** Epoch seconds with a fraction; doubles carry it to a fraction of a microsecond only, so the nearest millisecond is meant. */
export function applyTime(value: unknown, draft: Draft, extra: Extra): void {
  const seconds = finiteNumber(value)
  if (seconds === undefined || seconds <= 0 || seconds * 1000 > MAX_EPOCH_MS) return
  const ms = Math.round(seconds * 1000)
  draft.deviceTime = ms
  extra['timestamp_utc'] = formatUtc(ms)
}

/** `data.coordinates` {x, y, z} mm. False: there are none. */
export function applyCoordinates(value: unknown, draft: Draft): boolean {
  const { x, y, z } = objectOf(value)
  const [xMm, yMm, zMm] = [finiteNumber(x), finiteNumber(y), finiteNumber(z)]
  if (xMm === undefined || yMm === undefined) return false
  const plane = { x: xMm / 1000, y: yMm / 1000 }
  draft.position = zMm === undefined ? plane : { ...plane, z: zMm / 1000 }
  return true
}

type Triple = readonly [number, number, number]

/** `[[x,y,z], …]`, `[{"x","y","z"}, …]` or one of them alone; undefined when any component is none. */
function samplesOf(value: unknown): Triple[] {
  const list = Array.isArray(value) && typeof value[0] !== 'number' ? value : [value]
  const samples: Triple[] = []
  for (const item of list) {
    const parts: unknown[] = Array.isArray(item) ? item : isJsonObject(item) ? [item['x'], item['y'], item['z']] : []
    const [x, y, z] = parts.map(finiteNumber)
    if (x !== undefined && y !== undefined && z !== undefined) samples.push([x, y, z])
  }
  return samples
}

const scaled = ([x, y, z]: Triple, unit: number): [number, number, number] => [x * unit, y * unit, z * unit]
const objects = (samples: readonly Triple[], unit: number): Json =>
  samples.map((sample) => {
    const [x, y, z] = scaled(sample, unit)
    return { x, y, z }
  })

const TAG_DATA_KNOWN = new Set(['blinkIndex', 'accelerometer', 'gyro', 'magnetic', 'pressure'])

/**
 * `tagData`: blinkIndex, accelerometer mg, gyro deg/s, magnetic µT, pressure Pa, sensors of the maker's or the user's own. Of several samples the
 * last is the tag's; all are told.
 */
export function applyTagData(tagData: JsonObject, draft: Draft, extra: Extra): void {
  const blink = finiteNumber(tagData['blinkIndex'])
  if (blink !== undefined) {
    extra['blink_index'] = blink
    draft.sequence = blink
  }
  const accel = samplesOf(tagData['accelerometer'])
  const lastAccel = accel.at(-1)
  if (lastAccel) draft.accelMps2 = scaled(lastAccel, STANDARD_GRAVITY_MPS2 / 1000)
  if (accel.length > 1) extra['accel_mps2_samples'] = objects(accel, STANDARD_GRAVITY_MPS2 / 1000)
  const gyro = samplesOf(tagData['gyro'])
  const lastGyro = gyro.at(-1)
  if (lastGyro) draft.gyroRadps = scaled(lastGyro, RADIANS)
  if (gyro.length > 1) extra['gyro_radps_samples'] = objects(gyro, RADIANS)
  const magnetic = samplesOf(tagData['magnetic']).at(-1)
  if (magnetic) extra['magnetic_ut'] = { x: magnetic[0], y: magnetic[1], z: magnetic[2] }
  const pressure = tagData['pressure']
  const pressurePa = finiteNumber(Array.isArray(pressure) ? pressure.at(-1) : pressure)
  if (pressurePa !== undefined && pressurePa > 0) draft.pressurePa = pressurePa
  keepRest(tagData, TAG_DATA_KNOWN, extra)
}

/** `[{"anchorId","rss" dBm[,"channel"]}]`: who heard it. The strongest is the receiver. */
export function applyAnchors(value: unknown, draft: Draft, extra: Extra): void {
  if (!Array.isArray(value)) return
  const anchors: Json[] = []
  for (const item of value) {
    const { anchorId, rss, channel } = objectOf(item)
    const id = idOf(anchorId)
    if (id === undefined) continue
    const anchor: Extra = { anchor_id: id }
    const rssiDbm = finiteNumber(rss)
    // 0 and above is no strength at a receiver.
    if (rssiDbm !== undefined && rssiDbm < 0) {
      anchor['rssi_dbm'] = rssiDbm
      if (draft.rssiDbm === undefined || rssiDbm > draft.rssiDbm) {
        draft.rssiDbm = rssiDbm
        draft.receiver = id
      }
    }
    const onChannel = finiteNumber(channel)
    if (onChannel !== undefined) anchor['channel'] = onChannel
    anchors.push(anchor)
  }
  extra['anchors'] = anchors
}

const METRICS_KNOWN = new Set(['latency', 'rates'])

/** latency ms; rates a second of success, update and packet loss */
export function applyMetrics(metrics: JsonObject, extra: Extra): void {
  const latencyMs = finiteNumber(metrics['latency'])
  if (latencyMs !== undefined) extra['latency_s'] = latencyMs / 1000
  if (isJsonObject(metrics['rates'])) {
    const rates: Extra = {}
    keepRest(metrics['rates'], new Set(), rates)
    extra['rates'] = rates
  }
  keepRest(metrics, METRICS_KNOWN, extra)
}

/** Zones stand in `data.zones`, in newer messages in `data.extras.zones`. */
export function applyZones(data: JsonObject, extra: Extra): void {
  const zones = data['zones'] ?? objectOf(data['extras'])['zones']
  if (zones !== undefined && zones !== null) extra['zones'] = boundedJson(zones)
}
