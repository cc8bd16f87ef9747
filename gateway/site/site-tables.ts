/** Import and export of each kind of record as a table (CSV): one row a record, a column for each field, empty where there is none. */
import type { z } from 'zod'
import { type CsvRow, readCsv, writeCsv } from './csv.ts'
import { CELLS } from './site-cells.ts'
import { keyOf, SITE_SCHEMAS, type SiteKind, type SiteRecords } from './site-model.ts'

type Columns = readonly (readonly [name: string, cell: keyof typeof CELLS])[]

const ID = ['id', 'text'] as const
const NAME = ['name', 'text'] as const
const PLACE: Columns = [
  ['frame', 'text'],
  ['x', 'number'],
  ['y', 'number'],
  ['z', 'number'],
  ['floor', 'text']
]
const HEIGHTS: Columns = [
  ['fromZ', 'number'],
  ['toZ', 'number']
]

/** In the order in which they are written. */
export const COLUMNS: Readonly<Record<SiteKind, Columns>> = {
  building: [ID, NAME],
  floor: [ID, ['building', 'text'], NAME, ['level', 'number'], ['frame', 'text'], ...HEIGHTS],
  anchor: [ID, NAME, ...PLACE],
  receiver: [ID, NAME, ...PLACE, ['rssiAt1mDbm', 'number'], ['pathLossExponent', 'number']],
  zone: [
    ID,
    NAME,
    ['parent', 'text'],
    ['frame', 'text'],
    ['polygon', 'polygon'],
    ['floors', 'list'],
    ...HEIGHTS,
    ['parking', 'flag'],
    ['fenceTimeoutMs', 'number'],
    ['exitToleranceM', 'number'],
    ['toleranceTimeoutMs', 'number'],
    ['exitDelayMs', 'number']
  ],
  person: [ID, NAME, ['kind', 'text'], ['group', 'text']],
  binding: [
    ['tag', 'text'],
    ['person', 'text'],
    ['from', 'time'],
    ['to', 'time']
  ]
}

export interface ImportProblem {
  /** Line of the table, or number of the feature, from 1. */
  readonly at: number
  readonly what: string
  readonly remedy: string
}

export type Imported<K extends SiteKind> =
  | { readonly ok: true; readonly records: readonly SiteRecords[K][] }
  | { readonly ok: false; readonly problems: readonly ImportProblem[] }

/** Nobody reads more at once. */
export const MAX_IMPORT_PROBLEMS = 50

export function writeTable<K extends SiteKind>(kind: K, records: readonly SiteRecords[K][]): string {
  const columns = COLUMNS[kind]
  const rows = records.map((record) => {
    const fields: Readonly<Record<string, unknown>> = { ...record }
    return columns.map(([name, cell]) => (fields[name] === undefined ? '' : CELLS[cell].write(fields[name])))
  })
  return writeCsv([columns.map(([name]) => name), ...rows])
}

/** All rows or none: a table with a mistake changes nothing. */
export function readTable<K extends SiteKind>(kind: K, text: string): Imported<K> {
  const table = readCsv(text)
  if (!table.ok) return { ok: false, problems: [{ at: table.fault.line, what: table.fault.what, remedy: table.fault.remedy }] }
  const [head, ...rows] = table.rows
  const known = COLUMNS[kind]
  const names = known.map(([name]) => name)
  if (head === undefined) return refused(1, 'the table is empty', `begin with a line ${names.join(',')}`)
  const unknown = head.cells.find((cell) => !names.includes(cell))
  if (unknown !== undefined)
    return refused(head.line, `there is no column ${JSON.stringify(unknown.slice(0, 40))} here`, `known: ${names.join(', ')}`)
  const twice = head.cells.find((cell, index) => head.cells.indexOf(cell) !== index)
  if (twice !== undefined) return refused(head.line, `there are two columns ${twice}`, 'remove one of them')
  const decimal = table.separator === ',' ? '.' : ','
  const problems: ImportProblem[] = []
  const records = rows.map((row) => parseRecord(kind, row.line, readFields(row, head.cells, known, decimal, problems), problems))
  return settle(
    kind,
    records,
    problems,
    rows.map(({ line }) => line)
  )
}

const refused = (at: number, what: string, remedy: string) => ({ ok: false, problems: [{ at, what, remedy }] }) as const

function readFields(
  row: CsvRow,
  head: readonly string[],
  columns: Columns,
  decimal: '.' | ',',
  problems: ImportProblem[]
): Readonly<Record<string, unknown>> | undefined {
  const before = problems.length
  if (row.cells.length > head.length)
    problems.push({
      at: row.line,
      what: `${row.cells.length} cells for ${head.length} columns`,
      remedy: 'put cells with a separator in them in quotes'
    })
  const fields: Record<string, unknown> = {}
  for (const [index, name] of head.entries()) {
    const cell = row.cells[index] ?? ''
    const kind = columns.find(([column]) => column === name)?.[1]
    if (cell === '' || kind === undefined) continue
    fields[name] = CELLS[kind].read(cell, decimal)
    if (fields[name] === undefined)
      problems.push({ at: row.line, what: `${name}: ${JSON.stringify(cell.slice(0, 40))} is not allowed here`, remedy: CELLS[kind].remedy })
  }
  return problems.length > before ? undefined : fields
}

/** Checks the fields of one record against the schema of its kind. */
export function parseRecord<K extends SiteKind>(
  kind: K,
  at: number,
  fields: Readonly<Record<string, unknown>> | undefined,
  problems: ImportProblem[]
): SiteRecords[K] | undefined {
  if (fields === undefined) return undefined
  // One of seven schemas, which the compiler cannot tell from the kind.
  const schema = SITE_SCHEMAS[kind] as unknown as z.ZodType<SiteRecords[K]>
  const parsed = schema.safeParse(fields)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    const field = issue.path.map(String).join('.')
    const isAbsent = issue.path.length === 1 && fields[field] === undefined
    const remedy = isAbsent ? `give ${field}` : 'correct it'
    problems.push({ at, what: isAbsent ? `${field} is missing` : `${field === '' ? '' : `${field}: `}${issue.message}`, remedy })
  }
  return undefined
}

/** Puts together what has been read; the same key twice is a mistake. */
export function settle<K extends SiteKind>(
  kind: K,
  records: readonly (SiteRecords[K] | undefined)[],
  problems: ImportProblem[],
  places: readonly number[]
): Imported<K> {
  const seen = new Map<string, number>()
  for (const [index, record] of records.entries()) {
    if (record === undefined) continue
    const key = keyOf(record)
    const first = seen.get(key)
    const at = places[index] ?? 1
    if (first === undefined) seen.set(key, at)
    else problems.push({ at, what: `the ${kind} ${key} is there already, at ${first}`, remedy: 'remove one of them' })
  }
  if (problems.length > 0) return { ok: false, problems: problems.toSorted((a, b) => a.at - b.at).slice(0, MAX_IMPORT_PROBLEMS) }
  return { ok: true, records: records.filter((record) => record !== undefined) }
}
