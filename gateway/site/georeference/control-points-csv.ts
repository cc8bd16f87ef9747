/**
 * Control points as a table: `name,x,y,z,lat,lon,alt` in any order of the columns, with commas, semicolons or tabs between them, as spreadsheets
 * write them. Without a head the columns are x, y, z, lat, lon, alt. Empty lines and lines that begin with # are passed over.
 */
import { type CsvRow, readCsv } from '../csv.ts'
import { type ControlPoint, MAX_CONTROL_POINTS } from './control-points.ts'

export interface TableProblem {
  /** From 1; of the whole table: 1. */
  readonly line: number
  readonly what: string
  readonly remedy: string
}

export type ControlPointTable =
  | { readonly ok: true; readonly points: readonly ControlPoint[]; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly TableProblem[] }

const NUMBERS = ['x', 'y', 'z', 'lat', 'lon', 'alt'] as const
type NumberColumn = (typeof NUMBERS)[number]
/** Heights may be missing: many systems know none. */
const NEEDED: readonly NumberColumn[] = ['x', 'y', 'lat', 'lon']
const OTHER_NAMES: Readonly<Record<string, NumberColumn | 'name'>> = {
  latitude: 'lat',
  longitude: 'lon',
  lng: 'lon',
  long: 'lon',
  altitude: 'alt',
  height: 'alt',
  id: 'name',
  point: 'name',
  label: 'name'
}
const MAX_PROBLEMS = 20

export function readControlPoints(text: string): ControlPointTable {
  // Remarks become empty lines, so that the others keep their numbers.
  const table = readCsv(text.replace(/^\uFEFF?[ \t]*#.*$/gm, ''))
  if (!table.ok) return refused(table.fault.line, table.fault.what, table.fault.remedy)
  const { rows, separator } = table
  const [first] = rows
  if (first === undefined) return refused(1, 'the table is empty', `write a line ${NUMBERS.join(',')}, and below it a line for each point`)
  const headless =
    first.cells.length >= NUMBERS.length && first.cells.slice(0, NUMBERS.length).every((cell) => numberOf(cell, separator) !== undefined)
  const columns = headless ? [...NUMBERS] : first.cells.map(columnOf)
  const missing = NEEDED.filter((name) => !columns.includes(name))
  if (missing.length > 0)
    return refused(first.line, `there is no column ${missing.join(', ')}`, `name the columns in the first line: name,${NUMBERS.join(',')}`)
  const twice = columns.find((name, index) => name !== undefined && columns.indexOf(name) !== index)
  if (twice !== undefined) return refused(first.line, `there are two columns ${twice}`, 'remove one of them')
  const body = headless ? rows : rows.slice(1)
  if (body.length > MAX_CONTROL_POINTS) return refused(first.line, `more than ${MAX_CONTROL_POINTS} points`, 'leave some out')
  const problems: TableProblem[] = []
  const points = body.map((row) => readRow(row, columns, separator, problems))
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) }
  const absent = (['z', 'alt'] as const).filter((name) => !columns.includes(name))
  return { ok: true, points, notes: absent.map((name) => `there is no column ${name}: 0 is taken, and heights say nothing`) }
}

function refused(line: number, what: string, remedy: string): ControlPointTable {
  return { ok: false, problems: [{ line, what, remedy }] }
}

function columnOf(head: string): NumberColumn | 'name' | undefined {
  const name = head.toLowerCase().replace(/\s*[[(].*$/, '')
  return NUMBERS.find((each) => each === name) ?? (name === 'name' ? 'name' : OTHER_NAMES[name])
}

function numberOf(cell: string, separator: string): number | undefined {
  const text = separator === ',' ? cell : cell.replace(',', '.')
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined
}

function readRow(row: CsvRow, columns: readonly (string | undefined)[], separator: string, problems: TableProblem[]): ControlPoint {
  const at = (name: string): string | undefined => {
    const index = columns.indexOf(name)
    return index < 0 ? undefined : (row.cells[index] ?? '')
  }
  if (row.cells.length > columns.length)
    problems.push({
      line: row.line,
      what: `${row.cells.length} values for ${columns.length} columns`,
      remedy: 'write decimals with a point, or put semicolons between the values'
    })
  const read = (name: NumberColumn): number => {
    const cell = at(name)
    if (cell === undefined) return 0
    const value = numberOf(cell, separator)
    const fault = value === undefined ? `${name} is no number: ${JSON.stringify(cell.slice(0, 40))}` : outOfRange(name, value)
    if (fault !== undefined) problems.push({ line: row.line, what: fault, remedy: REMEDIES[name] ?? 'write metres' })
    return value ?? 0
  }
  const name = at('name')
  const point = { x: read('x'), y: read('y'), z: read('z'), lat: read('lat'), lon: read('lon'), alt: read('alt') }
  return name === undefined || name === '' ? point : { name, ...point }
}

const REMEDIES: Readonly<Record<string, string>> = {
  lat: 'write decimal degrees from -90 to 90, south negative; are lat and lon swapped?',
  lon: 'write decimal degrees from -180 to 180, west negative'
}

function outOfRange(name: NumberColumn, value: number): string | undefined {
  if (!Number.isFinite(value)) return `${name} is too large`
  const limit = name === 'lat' ? 90 : name === 'lon' ? 180 : undefined
  return limit !== undefined && Math.abs(value) > limit ? `${name} ${value} is outside of ${-limit} to ${limit}` : undefined
}
