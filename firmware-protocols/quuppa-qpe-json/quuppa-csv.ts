import { parseLooseJson } from '../kit/json.ts'

export type CsvRecord = { [name: string]: unknown }

/** Most lines of one message: one a tag. */
const MAX_LINES = 20_000

/** Cells of a line: separated by the separator, in double quotes where they contain it, a quote inside doubled (RFC 4180). */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? ''
    if (quoted) {
      if (char !== '"') cell += char
      else if (line[i + 1] === '"') {
        cell += '"'
        i++
      } else quoted = false
    } else if (char === '"') quoted = true
    else if (char === separator) {
      cells.push(cell.trim())
      cell = ''
    } else cell += char
  }
  cells.push(cell.trim())
  return cells
}

/** Empty and "null" are nothing; lists are written as in JSON; everything else stays the text that it is. */
function cellValue(cell: string): unknown {
  if (cell === '' || cell === 'null') return null
  if (!cell.startsWith('[')) return cell
  const list = parseLooseJson(cell)
  return list === undefined ? cell : list
}

const IS_HEADER = /^#?\s*"?(?:tagId|id|tag_id)"?\s*[,;\t]|[,;\t]\s*"?tagId"?\s*(?:[,;\t]|$)/

/**
 * Lines of CSV as records. The first line may name the columns; without it they must be known. Three columns of which the
 * names end in X, Y and Z are one list, as in `locationX`. Undefined: the columns are not known.
 */
export function readCsv(text: string, columns: readonly string[]): CsvRecord[] | undefined {
  const lines = text.split(/\r\n|\n|\r/, MAX_LINES).filter((line) => line.trim() !== '')
  const first = lines[0] ?? ''
  const named = IS_HEADER.test(first)
  const separator = [',', ';', '\t'].find((candidate) => first.includes(candidate)) ?? ','
  const names = named ? cellsOf(first.replace(/^#\s*/, ''), separator) : columns
  if (names.length === 0) return undefined
  return lines.slice(named ? 1 : 0).map((line) => recordOf(cellsOf(line, separator), names))
}

function recordOf(cells: readonly string[], names: readonly string[]): CsvRecord {
  const record: CsvRecord = Object.create(null) as CsvRecord
  names.forEach((name, index) => {
    const cell = cells[index]
    if (cell === undefined) return
    const axis = /^(.*[a-z])_?([XYZxyz])$/.exec(name)
    if (axis?.[1] && axis[2] && names.includes(name.slice(0, -1) + (axis[2] < 'a' ? 'X' : 'x'))) {
      const list = (record[axis[1]] as unknown[] | undefined) ?? [null, null, null]
      list['XYZ'.indexOf(axis[2].toUpperCase())] = cellValue(cell)
      record[axis[1]] = list
    } else record[name] = cellValue(cell)
  })
  return record
}
