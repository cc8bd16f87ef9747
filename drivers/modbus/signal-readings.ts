import type { GasConcentration, Json, Reading, Signal } from '../../firmware-protocols/reading.ts'
import { isBitTable, type ReadGroup, type ReadPoint } from './read-plan.ts'
import { bitValue, registerValue, type ValueFormat } from './register-values.ts'
import type { ModbusSettings } from './settings.ts'
import { extentOf, isState, subjectOf, typeOf } from './signal-problems.ts'
import type { SignalSettings, STATES } from './signal-settings.ts'

type Draft = { -readonly [Field in keyof Reading]: Reading[Field] }
type Value = number | string | boolean

interface Subject {
  readonly kind: 'tag' | 'device'
  readonly id: string
}

/** A value to be read, with all that makes a reading of it. */
export interface SignalPoint extends ReadPoint {
  readonly name: string
  readonly subject: Subject
  readonly format: ValueFormat
  /** What the value says, in SI units. */
  put(draft: Draft, value: Value): void
}

const STRAIGHT: Omit<ValueFormat, 'type' | 'bit'> = { wordOrder: 'big', byteOrder: 'big', scale: 1, offset: 0, invalid: [] }

/** Everything that is read: the signals of all units, and the outputs, of which it is told whether they are on. */
export function pointsOf(settings: ModbusSettings): SignalPoint[] {
  const signals = settings.units.flatMap((unit) => {
    const usualS = unit.intervalS ?? settings.intervalS
    return unit.signals.map((signal): SignalPoint => {
      const { address, bit, byteOrder, intervalS, invalid, name, offset, scale, table, wordOrder } = signal
      return {
        unit: unit.unit,
        table,
        address,
        count: extentOf(signal),
        intervalMs: (intervalS ?? usualS) * 1000,
        name,
        subject: subjectOf(unit, signal),
        format: { type: typeOf(signal), wordOrder, byteOrder, scale, offset, invalid, bit },
        put: meaningOf(signal)
      }
    })
  })
  return [...signals, ...settings.outputs.flatMap((output) => outputPoint(output, settings.intervalS * 1000) ?? [])]
}

function outputPoint(output: ModbusSettings['outputs'][number], intervalMs: number): SignalPoint | undefined {
  if (output.readBack === false) return undefined
  const { address, bit, off, on, table } = readBackOf(output, output.readBack)
  return {
    unit: output.unit,
    table,
    address,
    count: 1,
    intervalMs,
    name: output.name,
    subject: { kind: 'device', id: output.device ?? output.name },
    format: { ...STRAIGHT, type: isBitTable(table) || bit !== undefined ? 'bit' : 'uint16', bit },
    // Any other value is neither, and nothing is said of it.
    put: (draft, value) => {
      const level = Number(value)
      if (level === on || level === off) draft.running = level === on
    }
  }
}

type Output = ModbusSettings['outputs'][number]

export function readBackOf(output: Output, readBack: Exclude<Output['readBack'], false>): NonNullable<typeof readBack> {
  return readBack ?? { table: output.table, address: output.address, on: output.on, off: output.off }
}

/** Gives the level that an answer to the read-back of an output holds. */
export function levelOf(
  data: Uint8Array,
  { bit, table }: { readonly table: ReadPoint['table']; readonly bit?: number | undefined }
): number | undefined {
  const value = isBitTable(table)
    ? bitValue(data, 0)
    : registerValue(data, 0, 1, { ...STRAIGHT, type: bit === undefined ? 'uint16' : 'bit', bit })
  return value === undefined ? undefined : Number(value)
}

function meaningOf(signal: SignalSettings): SignalPoint['put'] {
  const { means, name } = signal
  if (isState(means)) return stateOf(signal, means)
  if (means === 'value')
    return (draft, value) => {
      draft.extra = { ...draft.extra, [name]: value as Json }
    }
  return (draft, value) => {
    if (typeof value === 'number') putMeasured(draft, signal, value)
  }
}

function stateOf(signal: SignalSettings, means: (typeof STATES)[number]): SignalPoint['put'] {
  const { alarm = 'gas', inverted, name, on } = signal
  const isOn = (value: Value): boolean => (on === undefined ? Number(value) !== 0 : on.includes(Number(value))) !== inverted
  switch (means) {
    case 'alarm':
      return (draft, value) => putSignal(draft, { kind: alarm, slot: name, form: 'level', on: isOn(value) })
    case 'fault':
      return (draft, value) => putSignal(draft, { kind: 'fault', slot: name, form: 'level', on: isOn(value) })
    case 'running':
      return (draft, value) => {
        draft.running = isOn(value)
      }
    case 'online':
      return (draft, value) => {
        draft.online = isOn(value)
      }
  }
}

function putSignal(draft: Draft, signal: Signal): void {
  draft.signals = [...(draft.signals ?? []), signal]
}

const PA: Readonly<Record<string, number>> = { Pa: 1, hPa: 100, kPa: 1000, bar: 100_000 }
const ZERO_CELSIUS_K = 273.15

/** 75.2 °F is 24 °C, not 24.000000000000004. */
const tidy = (value: number): number => Number(value.toPrecision(12))

function celsius(value: number, unit: string | undefined): number {
  if (unit === 'F') return tidy(((value - 32) * 5) / 9)
  return unit === 'K' ? tidy(value - ZERO_CELSIUS_K) : value
}

function putMeasured(draft: Draft, { gas, means, unit }: SignalSettings, value: number): void {
  if (means === 'gas') draft.gases = [...(draft.gases ?? []), concentration(gas ?? '', unit, value)]
  else if (means === 'temperature') draft.temperatureDegC = celsius(value, unit)
  else if (means === 'humidity') draft.humidityPct = value
  else if (means === 'pressure') draft.pressurePa = tidy(value * (PA[unit ?? ''] ?? 1))
  else if (unit === '%') draft.batteryPct = value
  else draft.batteryV = unit === 'mV' ? tidy(value / 1000) : value
}

function concentration(gas: string, unit: string | undefined, value: number): GasConcentration {
  switch (unit) {
    case 'ppb':
      return { gas, ppm: tidy(value / 1000) }
    case 'mg/m3':
      return { gas, mgPerM3: value }
    case 'vol%':
      return { gas, volumePct: value }
    case 'lel%':
      return { gas, lelPct: value }
    default:
      return { gas, ppm: value }
  }
}

/**
 * What the answer to one request says, a reading for each tag and device. Of whom no value is valid nothing is said: a detector that
 * is missing behind a converter that answers must not seem to be there.
 */
export function readingsOf(group: ReadGroup<SignalPoint>, data: Uint8Array): Reading[] {
  const drafts = new Map<string, { readonly subject: Subject; readonly draft: Draft }>()
  for (const point of group.points) {
    const { address, count, format, subject, table } = point
    const at = address - group.start
    const value = isBitTable(table) ? bitValue(data, at) : registerValue(data, at, count, format)
    if (value === undefined) continue
    const key = `${subject.kind} ${subject.id}`
    const { draft } = drafts.get(key) ?? { draft: {} }
    drafts.set(key, { subject, draft })
    point.put(draft, value)
  }
  return [...drafts.values()].flatMap(({ draft, subject }) => readingsOfSubject(subject, draft))
}

/** A device is a device; what it alarms of goes out under the same id as of a tag, because only tags raise alerts. */
function readingsOfSubject({ id, kind }: Subject, draft: Draft): Reading[] {
  if (kind === 'tag') return [{ tag: id, ...draft }]
  const { signals, ...rest } = draft
  const device: Reading = { device: id, online: true, ...rest }
  if (signals === undefined) return [device]
  return [device, { tag: id, ...(rest.gases === undefined ? {} : { gases: rest.gases }), signals }]
}

/** What is to be told when a unit does not answer any more: its equipment is not there. Its tags are missed by themselves. */
export function offlineReadings(points: readonly SignalPoint[]): Reading[] {
  const ids = new Set(points.flatMap(({ subject }) => (subject.kind === 'device' ? [subject.id] : [])))
  return [...ids].map((device) => ({ device, online: false }))
}
