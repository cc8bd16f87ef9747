import { isBitTable, type Table } from './read-plan.ts'
import { findSignalProblems, type SayProblem, type SubjectSettings, subjectOf } from './signal-problems.ts'
import type { SignalSettings } from './signal-settings.ts'

interface CheckedUnit extends SubjectSettings {
  readonly unit: number
  readonly signals: readonly SignalSettings[]
}

interface CheckedOutput extends SubjectSettings {
  readonly name: string
  readonly unit: number
  readonly table: Table
  readonly on: number
  readonly off: number
  readonly readBack?:
    | false
    | { readonly table: Table; readonly bit?: number | undefined; readonly on: number; readonly off: number }
    | undefined
}

interface CheckedSettings {
  readonly port: string
  readonly framing?: 'tcp' | 'rtu' | undefined
  readonly maxRegisters: number
  readonly units: readonly CheckedUnit[]
  readonly outputs: readonly CheckedOutput[]
}

const MAX_RTU_UNIT = 247
/** How frames travel over this port. */
export function framingOf({ framing, port }: { readonly port: string; readonly framing?: 'tcp' | 'rtu' | undefined }): 'tcp' | 'rtu' {
  return framing ?? (port.startsWith('tcp://') ? 'tcp' : 'rtu')
}

/** What the schema's types cannot say. */
export function findProblems(settings: CheckedSettings, say: SayProblem): void {
  const { outputs, port, units } = settings
  if (settings.framing === 'tcp' && !port.startsWith('tcp://'))
    say(['framing'], 'cannot be tcp on a serial port', 'write rtu, or remove framing')
  if (units.length === 0 && outputs.length === 0)
    say(['units'], 'is empty, and there are no outputs: nothing would be read nor switched', 'add a unit with its signals, or an output')
  checkUnitNumbers(settings, say)
  const names = new Set<string>()
  units.forEach((unit, index) => {
    unit.signals.forEach((signal, at) => {
      const sayHere: SayProblem = (path, message, remedy) => say(['units', index, 'signals', at, ...path], message, remedy)
      findSignalProblems(unit, signal, settings.maxRegisters, sayHere)
      const name = `${subjectOf(unit, signal).id} ${signal.name}`
      if (names.has(name)) sayHere(['name'], 'stands twice for the same tag or device', 'give each of its signals a name of its own')
      names.add(name)
    })
  })
  checkOutputs(outputs, say)
}

function checkUnitNumbers(settings: CheckedSettings, say: SayProblem): void {
  const seen = new Set<number>()
  settings.units.forEach(({ unit }, index) => {
    if (seen.has(unit)) say(['units', index, 'unit'], `stands twice: unit ${unit}`, 'put all signals of a unit into one entry')
    seen.add(unit)
  })
  if (framingOf(settings) === 'tcp') return
  const check = (list: 'units' | 'outputs', unit: number, index: number): void => {
    if (unit < 1 || unit > MAX_RTU_UNIT)
      say([list, index, 'unit'], 'is no number that a device on a serial line can have', `write a number from 1 to ${MAX_RTU_UNIT}`)
  }
  for (const [index, { unit }] of settings.units.entries()) check('units', unit, index)
  for (const [index, { unit }] of settings.outputs.entries()) check('outputs', unit, index)
}

function checkOutputs(outputs: readonly CheckedOutput[], say: SayProblem): void {
  const names = new Set<string>()
  outputs.forEach((output, index) => {
    const sayHere: SayProblem = (path, message, remedy) => say(['outputs', index, ...path], message, remedy)
    if (names.has(output.name)) sayHere(['name'], `stands twice: ${output.name}`, 'give each output a name of its own')
    names.add(output.name)
    checkLevels(output, sayHere)
    const { readBack } = output
    if (readBack === undefined || readBack === false) return
    const sayReadBack: SayProblem = (path, message, remedy) => sayHere(['readBack', ...path], message, remedy)
    checkLevels(readBack, sayReadBack)
    if (readBack.bit !== undefined && isBitTable(readBack.table))
      sayReadBack(['bit'], 'has no meaning in a table of bits', 'remove it, or name a table of registers')
  })
}

function checkLevels(
  { bit, off, on, table }: { readonly table: Table; readonly on: number; readonly off: number; readonly bit?: number | undefined },
  say: SayProblem
): void {
  if (on === off) say(['on'], `is the same as off: ${on}`, 'write two different values')
  if ((isBitTable(table) || bit !== undefined) && (on > 1 || off > 1)) say(['on'], 'and off of a bit can be 0 or 1 only', 'write 0 and 1')
}
