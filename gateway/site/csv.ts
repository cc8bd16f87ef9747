/** Tables as spreadsheets read and write them: RFC 4180, with semicolons or tabs as well. */

export interface CsvRow {
  /** Where it begins, from 1. */
  readonly line: number
  readonly cells: readonly string[]
}

export interface CsvFault {
  readonly line: number
  readonly what: string
  readonly remedy: string
}

export type CsvTable =
  | { readonly ok: true; readonly separator: string; readonly rows: readonly CsvRow[] }
  | { readonly ok: false; readonly fault: CsvFault }

/** A table is held in memory while it is compared: more is no site. */
export const MAX_ROWS = 100_000
const MAX_CELLS = 200

/** Rows without the empty ones; the first is the head. Cells that are not in quotes lose the spaces around them. */
export function readCsv(text: string): CsvTable {
  const body = text.replace(/^\uFEFF/, '')
  const separator = separatorOf(body)
  const rows: CsvRow[] = []
  let line = 1
  for (let at = 0; at < body.length; ) {
    const row = readRow(body, at, separator)
    if ('what' in row) return { ok: false, fault: { line, ...row } }
    if (row.cells.length > 1 || row.cells[0] !== '') rows.push({ line, cells: row.cells })
    if (rows.length > MAX_ROWS) return { ok: false, fault: { line, what: `more than ${MAX_ROWS} rows`, remedy: 'split the table' } }
    line += body.slice(at, row.end).match(/\r\n|\n|\r/g)?.length ?? 0
    at = row.end
  }
  return { ok: true, separator, rows }
}

type Row = { readonly cells: readonly string[]; readonly end: number } | Omit<CsvFault, 'line'>

function readRow(text: string, from: number, separator: string): Row {
  const cells: string[] = []
  for (let at = from; ; at++) {
    const cell = text[at] === '"' ? quoted(text, at) : plain(text, at, separator)
    if (cell === undefined) return { what: 'a quote is opened and never closed', remedy: 'close it, and double quotes within: "a ""b"" c"' }
    cells.push(cell.value)
    if (cells.length > MAX_CELLS) return { what: `more than ${MAX_CELLS} cells in a row`, remedy: 'check the separator between them' }
    at = cell.end
    const next = text[at]
    if (next === undefined) return { cells, end: at }
    if (next === '\n' || next === '\r') return { cells, end: text.startsWith('\r\n', at) ? at + 2 : at + 1 }
    if (next !== separator)
      return { what: 'there is text after a closing quote', remedy: 'put the whole cell in quotes, quotes within doubled' }
  }
}

/** Of the first line with anything in it: a semicolon or a tab there leaves the comma to decimals. */
function separatorOf(text: string): string {
  const [first = ''] = /[^\r\n]*\S[^\r\n]*/.exec(text) ?? []
  if (first.includes(';')) return ';'
  return first.includes('\t') ? '\t' : ','
}

function plain(text: string, from: number, separator: string): { readonly value: string; readonly end: number } {
  let end = from
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++
  return { value: text.slice(from, end).trim(), end }
}

function quoted(text: string, from: number): { readonly value: string; readonly end: number } | undefined {
  const parts: string[] = []
  let at = from + 1
  for (;;) {
    const close = text.indexOf('"', at)
    if (close < 0) return undefined
    parts.push(text.slice(at, close))
    if (text[close + 1] !== '"') return { value: parts.join('"'), end: close + 1 }
    at = close + 2
  }
}

/** With commas and line ends of RFC 4180. */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map(quoteCell).join(',')}\r\n`).join('')
}

/** A row of one empty cell would be an empty line, which is none. */
const quoteCell = (cell: string, _index: number, row: readonly string[]): string =>
  /[",;\r\n\t]|^\s|\s$/.test(cell) || (cell === '' && row.length === 1) ? `"${cell.replaceAll('"', '""')}"` : cell
