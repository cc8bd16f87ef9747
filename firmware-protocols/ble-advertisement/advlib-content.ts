import { mps2FromG } from '../kit/gravity.ts'
import { type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import { setBattery, setHumidity } from './content-fields.ts'

/** Members of an advlib result that have a field of their own, with the range in which the value is one. */
const NUMBERS: { readonly [member: string]: readonly [least: number, most: number, put: (draft: Draft, value: number) => void] } = {
  temperature: [
    -100,
    500,
    (draft, value) => {
      draft.temperatureDegC = value
    }
  ],
  relativeHumidity: [0, 100, setHumidity],
  pressure: [
    1000,
    2_000_000,
    (draft, value) => {
      draft.pressurePa = value
    }
  ],
  batteryPercentage: [0, 100, setBattery],
  batteryVoltage: [
    0.1,
    60,
    (draft, value) => {
      draft.batteryV = value
    }
  ],
  illuminance: [
    0,
    200_000,
    (draft, value) => {
      draft.illuminanceLux = value
    }
  ],
  carbonDioxideConcentration: [
    0,
    100_000,
    (draft, value) => {
      draft.co2Ppm = value
    }
  ],
  txPower: [
    -100,
    30,
    (draft, value) => {
      draft.txPowerDbm = value
    }
  ]
}

/** Units of what goes to `extra`; `uri` names the make in a catalogue of the web, and says nothing about the tag. */
const UNITS = {
  distance: '_m',
  elevation: '_m',
  speed: '_mps',
  heading: '_deg',
  uptime: '_s',
  voltage: '_v',
  amperage: '_a',
  sound_pressure: '_db',
  differential_pressure: '_pa',
  volatile_organic_compounds_concentration: '_ppm',
  nitrogen_dioxide_concentration: '_ppm'
}
const TAKEN: ReadonlySet<string> = new Set([
  ...Object.keys(NUMBERS),
  'acceleration',
  'isMotionDetected',
  'isButtonPressed',
  'deviceIds',
  'uri'
])

const MAX_BUTTONS = 16

/** An address and the kind of it: `fee150bada55/2`. */
const ADDRESS = /^([0-9a-f]{12})\/[23]$/

/** What an advlib result says in our words; undefined when there is nothing in it but its catalogue entry. */
export function draftOfAdvlib(result: unknown): Draft | undefined {
  if (!isJsonObject(result)) return undefined
  const draft: Draft = {}
  const extra: Extra = {}
  for (const [member, [least, most, put]] of Object.entries(NUMBERS)) {
    const value = finiteNumber(result[member])
    if (value !== undefined && value >= least && value <= most) put(draft, value)
  }
  takeMotion(result, draft, extra)
  takeIds(result['deviceIds'], draft, extra)
  keepRest(result, TAKEN, extra, UNITS)
  if (Object.keys(extra).length > 0) draft.extra = extra
  return Object.keys(draft).length > 0 ? draft : undefined
}

function takeMotion(result: JsonObject, draft: Draft, extra: Extra): void {
  const { acceleration, isMotionDetected, isButtonPressed } = result
  if (Array.isArray(acceleration) && acceleration.length === 3)
    draft.accelMps2 = [axis(acceleration[0]), axis(acceleration[1]), axis(acceleration[2])]
  if (Array.isArray(isMotionDetected)) draft.moving = isMotionDetected.includes(true)
  if (Array.isArray(isButtonPressed)) takeButtons(isButtonPressed, finiteNumber(result['txCount']), draft, extra)
}

/** Sent when a button goes down and when it comes up; the second may be lost, so a press is an event, told apart by its counter. */
function takeButtons(states: readonly unknown[], txCount: number | undefined, draft: Draft, extra: Extra): void {
  const pressed = states.slice(0, MAX_BUTTONS).map((state) => state === true)
  extra['is_button_pressed'] = pressed
  const signals: Signal[] = []
  for (const [index, isPressed] of pressed.entries()) if (isPressed) signals.push(pressOf(String(index + 1), txCount))
  if (signals.length > 0) draft.signals = signals
}

const pressOf = (slot: string, txCount: number | undefined): Signal =>
  txCount === undefined ? { kind: 'button', slot, form: 'event' } : { kind: 'button', slot, form: 'event', id: String(txCount) }

/** Of g. */
function axis(value: unknown): number | null {
  const g = finiteNumber(value)
  return g === undefined ? null : mps2FromG(g)
}

function takeIds(ids: unknown, draft: Draft, extra: Extra): void {
  if (!Array.isArray(ids)) return
  const texts = ids.filter((id) => typeof id === 'string')
  const address = ADDRESS.exec(texts[0] ?? '')?.[1]
  if (address !== undefined) draft.tag = address
  extra['device_ids'] = texts
}
