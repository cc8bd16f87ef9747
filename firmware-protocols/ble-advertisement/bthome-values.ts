import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import type { Json, SignalKind } from '../reading.ts'
import { BUTTON_PRESSES, DIMMER_TURNS, OBJECTS, type ObjectFormat } from './bthome-objects.ts'
import { addSignal } from './content-fields.ts'

/** One object; `value` undefined: it is there, and says that nothing happened or nothing that can be read. */
interface ObjectValue {
  readonly format: ObjectFormat
  readonly value: Json | undefined
  /** Second value of a dimmer. */
  readonly steps?: number
}

/** Flags that are alarms. A smoke or CO alarm has no reading of a gas beside it, so they are told apart by the slot. */
const ALARMS: ReadonlyMap<string, { readonly kind: SignalKind; readonly slot?: string }> = new Map([
  ['battery_low', { kind: 'low-battery' }],
  ['co_detected', { kind: 'gas', slot: 'co' }],
  ['gas_detected', { kind: 'gas' }],
  ['smoke_detected', { kind: 'gas', slot: 'smoke' }],
  ['tamper', { kind: 'tamper' }]
] as const)

/** Fields of the vocabulary by the name of the object. */
const TYPED_FIELDS: ReadonlyMap<string, 'batteryPct' | 'humidityPct' | 'temperatureDegC' | 'pressurePa' | 'illuminanceLux' | 'co2Ppm'> =
  new Map([
    ['battery_pct', 'batteryPct'],
    ['humidity_pct', 'humidityPct'],
    ['temperature_c', 'temperatureDegC'],
    ['pressure_pa', 'pressurePa'],
    ['illuminance_lux', 'illuminanceLux'],
    ['co2_ppm', 'co2Ppm']
  ] as const)

/**
 * The objects of a BTHome v2 payload: `{ <id u8> <value> }`, the length of a value by its id (`bthome-objects.ts`), or in the byte
 * behind it. An id that is not known ends the reading, since nobody knows where the next one begins; what came before it counts.
 * Undefined when not even the first object is whole. `eventId`: what repeats of this frame have in common.
 */
export function readObjects(bytes: Uint8Array, draft: Draft, extra: Extra, eventId: string | undefined): true | undefined {
  const objects: ObjectValue[] = []
  let at = 0
  while (at < bytes.length) {
    const format = OBJECTS.get(bytes[at] ?? 0)
    if (format === undefined) {
      extra['unparsed'] = toHex(bytes.subarray(at))
      break
    }
    const begin = format.length === 0 ? at + 2 : at + 1
    const end = begin + (format.length === 0 ? (bytes[at + 1] ?? 1) : format.length)
    if (end > bytes.length) {
      if (objects.length === 0) return undefined
      break
    }
    objects.push(readObject(format, bytes.subarray(begin, end)))
    at = end
  }
  fill(objects, draft, extra, eventId)
  return true
}

function readObject(format: ObjectFormat, bytes: Uint8Array): ObjectValue {
  switch (format.kind) {
    case 'number':
      return { format, value: (integer(bytes, format.signed) * format.multiplier) / format.divisor }
    case 'packet-id':
    case 'timestamp':
      return { format, value: integer(bytes, false) }
    case 'flag':
      return { format, value: bytes[0] !== 0 }
    case 'button':
      return { format, value: BUTTON_PRESSES.get(bytes[0] ?? 0) }
    case 'dimmer':
      return { format, value: DIMMER_TURNS.get(bytes[0] ?? 0), steps: bytes[1] ?? 0 }
    case 'raw':
      return { format, value: toHex(bytes) }
    case 'version':
      return { format, value: bytes.toReversed().join('.') }
    case 'text': {
      const text = utf8Text(bytes)
      return { format, value: text.includes('\uFFFD') ? undefined : text }
    }
  }
}

function integer(bytes: Uint8Array, signed: boolean): number {
  let value = 0
  for (let i = bytes.length - 1; i >= 0; i--) value = value * 256 + (bytes[i] ?? 0)
  return signed && ((bytes[bytes.length - 1] ?? 0) & 0x80) !== 0 ? value - 2 ** (8 * bytes.length) : value
}

function fill(objects: readonly ObjectValue[], draft: Draft, extra: Extra, frameEventId: string | undefined): void {
  let eventId = frameEventId
  for (const [index, object] of objects.entries()) {
    if (object.value === undefined) continue
    if (object.format.kind === 'packet-id') eventId = String(object.value)
    keep(object, instanceOf(objects, index), draft, extra, eventId)
  }
}

/** Which of several objects of one name this is, from 1 on; 0: the only one. Buttons that did nothing count. */
function instanceOf(objects: readonly ObjectValue[], index: number): number {
  const name = objects[index]?.format.name
  let before = 0
  let after = 0
  for (const [other, { format }] of objects.entries()) {
    if (format.name !== name || other === index) continue
    if (other < index) before++
    else after++
  }
  return before + after === 0 ? 0 : before + 1
}

function keep({ format, value, steps }: ObjectValue, instance: number, draft: Draft, extra: Extra, eventId: string | undefined): void {
  if (value === undefined || !isPossible(format.name, value)) return
  const number = instance === 0 ? '' : `_${instance}`
  const field = TYPED_FIELDS.get(format.name)
  if (field !== undefined && typeof value === 'number' && instance <= 1) draft[field] = value
  if (field === undefined || instance > 0) extra[format.name + number] = value
  if (steps !== undefined) extra[`${format.name}_steps${number}`] = steps
  if (format.kind === 'packet-id') draft.sequence = Number(value)
  else if (format.kind === 'timestamp') draft.deviceTime = Number(value) * 1000
  else if (format.kind === 'flag') keepFlag(format.name, value === true, number, draft)
  else if (format.kind === 'button') keepPress(String(value), instance, eventId, draft)
}

/** The kind of press is a slot of its own: a long press behind a short one is not a repeat of it. */
function keepPress(press: string, instance: number, eventId: string | undefined, draft: Draft): void {
  const slot = instance === 0 ? press : `${instance}_${press}`
  addSignal(draft, { kind: 'button', slot, form: 'event', ...(eventId === undefined ? {} : { id: eventId }) })
}

function keepFlag(name: string, on: boolean, number: string, draft: Draft): void {
  if (name === 'moving') draft.moving ??= on
  if (name === 'battery_charging') draft.charging ??= on
  const alarm = ALARMS.get(name)
  if (alarm === undefined) return
  const slot = number === '' ? alarm.slot : (alarm.slot ?? '') + number
  addSignal(draft, { kind: alarm.kind, ...(slot === undefined ? {} : { slot }), form: 'level', on })
}

const isPossible = (name: string, value: Json): boolean =>
  typeof value !== 'number' || value <= 100 || (name !== 'humidity_pct' && name !== 'battery_pct' && name !== 'moisture_pct')
