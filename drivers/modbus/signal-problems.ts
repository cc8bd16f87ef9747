import { isBitTable } from './read-plan.ts'
import { registersOf, type ValueType } from './register-values.ts'
import { MEASURED_IN, type SignalSettings, STATES } from './signal-settings.ts'

/** Says that a setting makes no sense, and what would. */
export type SayProblem = (path: readonly (string | number)[], message: string, remedy: string) => void

/** Whose values are: exactly one of the two. */
export interface SubjectSettings {
  readonly tag?: string | undefined
  readonly device?: string | undefined
}

const MAX_ADDRESS = 0xffff
const FLOATS: ReadonlySet<ValueType> = new Set(['float32', 'float64'])
const STATE_MEANINGS: ReadonlySet<string> = new Set(STATES)

type Means = SignalSettings['means']
type StateMeans = (typeof STATES)[number]

export function isState(means: Means): means is StateMeans {
  return STATE_MEANINGS.has(means)
}

export function typeOf({ table, type }: Pick<SignalSettings, 'table' | 'type'>): ValueType {
  return type ?? (isBitTable(table) ? 'bit' : 'uint16')
}

/** Bits or registers that the value takes. */
export function extentOf(signal: Pick<SignalSettings, 'table' | 'type' | 'length'>): number {
  return isBitTable(signal.table) ? 1 : registersOf(typeOf(signal), signal.length)
}

const settingsOf = (unit: SubjectSettings, signal: SubjectSettings): SubjectSettings =>
  signal.tag === undefined && signal.device === undefined ? unit : signal

/** Whose a signal is: its own tag or device, else the unit's. */
export function subjectOf(unit: SubjectSettings, signal: SubjectSettings): { readonly kind: 'tag' | 'device'; readonly id: string } {
  const { device, tag } = settingsOf(unit, signal)
  return device === undefined ? { kind: 'tag', id: tag ?? '' } : { kind: 'device', id: device }
}

/** What the schema's types cannot say of one signal. */
export function findSignalProblems(unit: SubjectSettings, signal: SignalSettings, maxRegisters: number, say: SayProblem): void {
  checkSubject(settingsOf(unit, signal), signal.means, say)
  if (isBitTable(signal.table)) checkBitPlace(signal, say)
  else checkRegisterPlace(signal, maxRegisters, say)
  const { alarm, means } = signal
  const type = typeOf(signal)
  if (alarm !== undefined && means !== 'alarm') say(['alarm'], `cannot go with means: ${means}`, 'write means: alarm, or remove it')
  if (!isNumeric(type) && (signal.scale !== 1 || signal.offset !== 0 || signal.invalid.length > 0))
    say(['scale'], `and offset and invalid have no effect on type ${type}`, 'remove them')
  if (isState(means)) checkState(signal, type, means, say)
  else checkValue(signal, type, means, say)
}

function isNumeric(type: ValueType): boolean {
  return type !== 'bit' && type !== 'string'
}

function checkSubject({ device, tag }: SubjectSettings, means: Means, say: SayProblem): void {
  if (tag === undefined && device === undefined)
    say(['tag'], 'is missing, and device as well: whose value is it', 'add tag or device to the unit or to the signal')
  else if (tag !== undefined && device !== undefined) say(['device'], 'cannot go with tag', 'write either tag or device')
  else if (means === 'running' && device === undefined)
    say(['means'], 'running is told of equipment, not of a tag', 'write device in place of tag')
}

function checkBitPlace(signal: SignalSettings, say: SayProblem): void {
  const type = typeOf(signal)
  if (type !== 'bit') say(['type'], `cannot be ${type} in a table of bits`, 'remove type, or name a table of registers')
  if (signal.bit !== undefined)
    say(['bit'], 'has no meaning in a table of bits: each has an address of its own', 'remove it, or name a table of registers')
}

function checkRegisterPlace(signal: SignalSettings, maxRegisters: number, say: SayProblem): void {
  const { address, bit, length } = signal
  const type = typeOf(signal)
  const extent = extentOf(signal)
  if ((type === 'bit') !== (bit !== undefined))
    say(
      ['bit'],
      type === 'bit' ? 'is missing: which of the 16 bits' : `cannot go with type ${type}`,
      'write both type: bit and bit: 0 … 15, or neither'
    )
  if ((type === 'string') !== (length !== undefined))
    say(['length'], type === 'string' ? 'is missing' : `cannot go with type ${type}`, 'a text, and nothing else, has a length in registers')
  if (extent > maxRegisters) say(['type'], `takes ${extent} registers, and one request may ask for ${maxRegisters}`, 'raise maxRegisters')
  if (address + extent - 1 > MAX_ADDRESS)
    say(['address'], `reaches beyond ${MAX_ADDRESS} with ${extent} registers`, 'check address and type')
}

function checkState({ gas, on, unit }: SignalSettings, type: ValueType, means: StateMeans, say: SayProblem): void {
  if (type === 'string' || FLOATS.has(type)) say(['type'], `cannot be ${type} for means: ${means}`, 'name a bit or an integer')
  if (on !== undefined && !isNumeric(type)) say(['on'], 'has no meaning for a bit', 'remove it; inverted: true turns a bit round')
  if (gas !== undefined || unit !== undefined)
    say([gas === undefined ? 'unit' : 'gas'], `cannot go with means: ${means}`, 'remove it; name says which alarm it is')
}

function checkValue(signal: SignalSettings, type: ValueType, means: Exclude<Means, StateMeans>, say: SayProblem): void {
  const { gas, inverted, on, unit } = signal
  if (on !== undefined || inverted) say([on === undefined ? 'inverted' : 'on'], `has no effect on means: ${means}`, 'remove it')
  if (gas !== undefined && means !== 'gas') say(['gas'], `cannot go with means: ${means}`, 'write means: gas, or remove it')
  if (means === 'value') return
  if (!isNumeric(type)) say(['type'], `cannot be ${type} for means: ${means}`, 'name a type of numbers')
  if (means === 'gas' && gas === undefined) say(['gas'], 'is missing', 'write its formula: co, h2s, o2 …')
  const units: readonly string[] = MEASURED_IN[means]
  if (unit === undefined || !units.includes(unit))
    say(['unit'], unit === undefined ? 'is missing' : `is none of ${means}: ${unit}`, `write one of ${units.join(', ')}`)
}
