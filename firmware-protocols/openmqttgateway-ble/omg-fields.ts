import { within } from '../ble-gateway/gateway-record.ts'
import { STANDARD_GRAVITY_MPS2 } from '../kit/gravity.ts'
import type { Extra, JsonObject } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'

const PA_PER_HPA = 100
const PA_PER_BAR = 100_000

/** Models whose decoder hands on the acceleration as the tag sends it, in mg; for all others it is m/s². */
const MILLI_G_MODELS: ReadonlySet<unknown> = new Set(['KSensor', 'K9'])
/** `accx` and `accy` are steps of a tilt sensor. */
const TILT_MODELS = /^M1\d{3}$/
/** Tyres are given in bar. */
const BAR_MODELS: ReadonlySet<unknown> = new Set(['TPMS'])

/** Members that become fields of the vocabulary. */
export const FIELD_NAMES: ReadonlySet<string> = new Set([
  'tempc',
  'tempf',
  'hum',
  'pres',
  'batt',
  'volt',
  'lux',
  'co2',
  'bpm',
  'act_bpm',
  'seq',
  'packet',
  'mov',
  'moving',
  'tx',
  'txpower',
  'accx',
  'accy',
  'accz'
])

/**
 * Members of the Theengs decoder, by whom OpenMQTTGateway and Theengs Gateway read tags: `tempc` °C (`tempf` °F), `hum` %, `pres` hPa,
 * `batt` %, `volt` V, `lux`, `co2` ppm, `bpm`, `accx`/`accy`/`accz`, `mov` and `seq` counters, `tx` dBm, `txpower` dBm at 1 m. Old builds send
 * numbers as texts.
 */
export function applyFields(message: JsonObject, draft: Draft, extra: Extra): void {
  const temperature = within(message['tempc'], -273, 2000) ?? fromFahrenheit(within(message['tempf'], -459, 3632))
  if (temperature !== undefined) draft.temperatureDegC = temperature
  const humidity = within(message['hum'], 0, 100)
  if (humidity !== undefined) draft.humidityPct = humidity
  const pressure = within(message['pres'], 0.01, 10_000)
  if (pressure !== undefined)
    draft.pressurePa = Math.round(pressure * (BAR_MODELS.has(message['model_id']) ? PA_PER_BAR : PA_PER_HPA) * 100) / 100
  const battery = within(message['batt'], 0, 100)
  if (battery !== undefined) draft.batteryPct = battery
  const volts = within(message['volt'], 0.001, 100)
  if (volts !== undefined) draft.batteryV = volts
  const lux = within(message['lux'], 0, 1e6)
  if (lux !== undefined) draft.illuminanceLux = lux
  const co2 = within(message['co2'], 0, 100_000)
  if (co2 !== undefined) draft.co2Ppm = co2
  const bpm = within(message['bpm'] ?? message['act_bpm'], 1, 300)
  if (bpm !== undefined) draft.heartRateBpm = bpm
  applyCounters(message, draft)
  applyAcceleration(message, draft, extra)
}

const fromFahrenheit = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.round(((value - 32) / 1.8) * 100) / 100

function applyCounters(message: JsonObject, draft: Draft): void {
  const sequence = within(message['seq'] ?? message['packet'], 0, 0xffff_ffff)
  if (sequence !== undefined) draft.sequence = sequence
  const txPower = within(message['tx'] ?? message['txpower'], -128, 127)
  if (txPower !== undefined) draft.txPowerDbm = txPower
  if (typeof message['moving'] === 'boolean') draft.moving = message['moving']
  const count = within(message['mov'], 0, 255)
  if (count === undefined) return
  draft.movementCount = count
  draft.signals = [{ kind: 'motion', form: 'counter', count, modulus: 256 }]
}

function applyAcceleration(message: JsonObject, draft: Draft, extra: Extra): void {
  const axes = ['accx', 'accy', 'accz'].map((name) => within(message[name], -1e6, 1e6) ?? null)
  const [x = null, y = null, z = null] = axes
  if (x === null && y === null && z === null) return
  const model = message['model_id']
  if (typeof model === 'string' && TILT_MODELS.test(model)) {
    extra['tilt_raw'] = axes
    return
  }
  const scale = MILLI_G_MODELS.has(model) ? STANDARD_GRAVITY_MPS2 / 1000 : 1
  const metres = (value: number | null): number | null => (value === null ? null : Math.round(value * scale * 100_000) / 100_000 || 0)
  draft.accelMps2 = [metres(x), metres(y), metres(z)]
}

/** `button`, `button1` …: kind of press, 0 or absent for none. `lowbatt`: a flag. */
export function applySignals(message: JsonObject, draft: Draft): void {
  const signals: Signal[] = [...(draft.signals ?? [])]
  for (const name of ['button', 'button1', 'button2', 'button3', 'button4']) {
    const press = message[name]
    if (press === undefined || press === null || press === 0 || press === '0' || press === 'none' || press === '') continue
    if (typeof press !== 'number' && typeof press !== 'string') continue
    const number = name.slice('button'.length)
    const slot = `${number === '' ? '' : `${number}_`}${String(press).slice(0, 40)}`
    const { sequence } = draft
    signals.push({ kind: 'button', slot, form: 'event', ...(sequence === undefined ? {} : { id: String(sequence) }) })
  }
  if (typeof message['lowbatt'] === 'boolean') signals.push({ kind: 'low-battery', form: 'level', on: message['lowbatt'] })
  // A retained message is of unknown age: what once happened, or is over, is no news.
  const told = draft.stale === true ? signals.filter((signal) => signal.form === 'level' && signal.on) : signals
  if (told.length > 0) draft.signals = told
  else delete draft.signals
}
