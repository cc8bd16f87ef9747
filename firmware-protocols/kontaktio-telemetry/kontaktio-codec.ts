import { applyTime, MAX_MESSAGE_BYTES, macOf, newDraft, parseMessage, rssiOf, timeOf, within } from '../ble-gateway/gateway-record.ts'
import type { Codec, DecodeResult, Decoder, FrameContext } from '../codec.ts'
import { formatUtc } from '../kit/civil-time.ts'
import { mps2FromMilliG } from '../kit/gravity.ts'
import { type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest } from '../kit/json.ts'
import { type Draft, failure, ignored } from '../kit/results.ts'
import type { Reading, Signal } from '../reading.ts'

/** Of seconds since something: it has not happened, or longer ago than the field can say. */
const NEVER_S = 65_535
/** Ages are believed up to here, as of the same telemetry heard from the air: cheap clocks drift. */
const AGE_LIMIT_S = 3600

const STREAM = /(?:^|\/)stream\/([^/]+)\//
const ID = /^[\x21-\x7e]{1,64}$/

const KNOWN = new Set([
  'sourceId',
  'trackingId',
  'rssi',
  'timestamp',
  'beaconTimestamp',
  'batteryLevel',
  'accelerometerSensitivity',
  'accelerometerX',
  'accelerometerY',
  'accelerometerZ',
  'timeSinceTap',
  'timeSinceMovement',
  'movementCounter',
  'lightIntensity',
  'temperature',
  'timeSinceClick',
  'clickCounter',
  'humidity'
])

/**
 * Kontakt.io telemetry streams: one object, or a list of them; of the numbers only those are there that the tag broadcasts.
 *
 *   {"companyId","userId","sourceId","sourceType","trackingId","rssi","timestamp":RFC 3339,"beaconTimestamp":s since 1970,"batteryLevel":%,
 *    "accelerometerSensitivity":mg a digit,"accelerometerX","accelerometerY","accelerometerZ":digits,"timeSinceTap","timeSinceMovement",
 *    "timeSinceClick":s (65535 never),"movementCounter","clickCounter","lightIntensity":%,"temperature":°C,"humidity":%}
 *
 * Topics `telemetry/<companyId>` and `/stream/<id of the tag>/all`.
 */
class KontaktioDecoder implements Decoder {
  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length > MAX_MESSAGE_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_MESSAGE_BYTES}`)
    if (frame.length === 0) return ignored('empty payload')
    const message = parseMessage(frame)
    const records = Array.isArray(message) ? message : [message]
    if (records.length === 0) return ignored('no records')
    const ofTopic = STREAM.exec(context.topic ?? '')?.[1]
    const readings: Reading[] = []
    for (const record of records) {
      if (!isJsonObject(record)) continue
      const reading = readRecord(record, ofTopic, context)
      if (reading !== undefined) readings.push(reading)
    }
    if (readings.length === 0) return failure('FRAME_FORMAT', 'no record with a trackingId')
    return { kind: 'readings', readings }
  }
}

/** Addresses in any spelling become bare hex; other ids are taken as they are, in lower case. */
function idOf(value: unknown): string | undefined {
  const mac = macOf(value)
  if (mac !== undefined || typeof value !== 'string') return mac
  return ID.test(value) ? value.toLowerCase().replace(/[:/]/g, '_') : undefined
}

function readRecord(record: JsonObject, ofTopic: string | undefined, context: FrameContext): Reading | undefined {
  const tag = idOf(record['trackingId'] ?? ofTopic)
  if (tag === undefined) return undefined
  const draft = newDraft(context)
  const extra: Extra = { tracking_id: tag }
  draft.tag = tag
  draft.extra = extra
  const source = idOf(record['sourceId'])
  if (source !== undefined) draft.receiver = source
  const rssi = rssiOf(record['rssi'])
  if (rssi !== undefined) draft.rssiDbm = rssi
  applyTime(draft, extra, record['timestamp'])
  const beaconTime = timeOf(record['beaconTimestamp'])
  if (beaconTime !== undefined) extra['beacon_time_utc'] = formatUtc(beaconTime)
  applySensors(record, draft, extra)
  applyAcceleration(record, draft, extra)
  applyEvents(record, draft, extra)
  keepRest(record, KNOWN, extra)
  return draft
}

function applySensors(record: JsonObject, draft: Draft, extra: Extra): void {
  const battery = within(record['batteryLevel'], 0, 100)
  if (battery !== undefined) draft.batteryPct = battery
  const temperature = within(record['temperature'], -127, 200)
  if (temperature !== undefined) draft.temperatureDegC = temperature
  const humidity = within(record['humidity'], 0, 100)
  if (humidity !== undefined) draft.humidityPct = humidity
  const light = within(record['lightIntensity'], 0, 100)
  if (light !== undefined) extra['light_pct'] = light
}

function applyAcceleration(record: JsonObject, draft: Draft, extra: Extra): void {
  const digits = (axis: string): number | null => within(record[`accelerometer${axis}`], -32_768, 32_767) ?? null
  const raw = { x: digits('X'), y: digits('Y'), z: digits('Z') }
  if (raw.x === null && raw.y === null && raw.z === null) return
  const sensitivity = within(record['accelerometerSensitivity'], 0, 1000)
  extra['accel_raw'] = { ...raw, sensitivity: sensitivity ?? null }
  if (sensitivity === undefined || sensitivity === 0) return
  const mps2 = (value: number | null): number | null => (value === null ? null : mps2FromMilliG(value * sensitivity))
  draft.accelMps2 = [mps2(raw.x), mps2(raw.y), mps2(raw.z)]
}

/** A press is told by its age, so it can be read minutes later; a retained message has an age of its own, which nobody knows. */
function applyEvents(record: JsonObject, draft: Draft, extra: Extra): void {
  const signals: Signal[] = []
  const since = (name: string, to: string): number | undefined => {
    const seconds = within(record[name], 0, NEVER_S)
    if (seconds !== undefined) extra[to] = seconds === NEVER_S ? null : seconds
    return seconds
  }
  since('timeSinceMovement', 'seconds_since_movement')
  const tap = since('timeSinceTap', 'seconds_since_tap')
  const click = since('timeSinceClick', 'seconds_since_click')
  if (click !== undefined) signals.push({ kind: 'button', form: 'age', ageS: Math.min(click, AGE_LIMIT_S), saturatesAtS: AGE_LIMIT_S })
  if (tap !== undefined)
    signals.push({ kind: 'button', slot: 'double_tap', form: 'age', ageS: Math.min(tap, AGE_LIMIT_S), saturatesAtS: AGE_LIMIT_S })
  const clicks = finiteNumber(record['clickCounter'])
  if (clicks !== undefined) extra['click_counter'] = clicks
  const count = within(record['movementCounter'], 0, 255)
  if (count !== undefined) {
    extra['movement_counter'] = count
    draft.movementCount = count
    signals.push({ kind: 'motion', form: 'counter', count, modulus: 256 })
  }
  if (signals.length > 0 && draft.stale !== true) draft.signals = signals
}

export const kontaktioTelemetry: Codec = {
  protocol: 'kontaktio-telemetry',
  title: 'Kontakt.io telemetry streams (MQTT or HTTP)',
  transport: 'mqtt',
  alsoOver: ['http', 'websocket'],
  encoding: 'text',
  idScope: 'world',
  idNamespace: 'ble',
  usualTopics: ['telemetry/+', 'stream/+/all'],
  createDecoder: () => new KontaktioDecoder()
}
