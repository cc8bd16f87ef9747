/** How a value of a record stands in a cell of a table. Every way out has its way back. */
import type { Polygon, Ring, Vertex } from './polygon.ts'

export interface CellKind {
  /** Undefined: the text is none of these. `decimal`: the sign before the fraction, which tables with semicolons may write as a comma. */
  read(text: string, decimal: '.' | ','): unknown
  write(value: unknown): string
  /** What would be right. */
  readonly remedy: string
}

/** Spreadsheets take a text that begins like this for a formula, and run it. */
const FORMULA = /^'*[=+\-@\t\r]/

const text: CellKind = {
  read: (cell) => (cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell),
  write: (value) => (FORMULA.test(String(value)) ? `'${String(value)}` : String(value)),
  remedy: 'write a text'
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i

const number: CellKind = {
  read(cell, decimal) {
    const plain = decimal === ',' ? cell.replace(',', '.') : cell
    // Without the minus of a zero, which no table keeps.
    return NUMBER.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) + 0 : undefined
  },
  write: String,
  remedy: 'write a number, such as 12.5'
}

const flag: CellKind = {
  read: (cell) => (/^(true|yes|1)$/i.test(cell) ? true : /^(false|no|0)$/i.test(cell) ? false : undefined),
  write: String,
  remedy: 'write true or false'
}

const list: CellKind = {
  read: (cell) => cell.split(/\s+/),
  write: (value) => (value as readonly string[]).join(' '),
  remedy: 'write ids with spaces between them'
}

const time: CellKind = {
  read(cell) {
    const ms = /^\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[-+]\d\d:\d\d)$/.test(cell) ? Date.parse(cell) : Number.NaN
    return Number.isNaN(ms) ? undefined : ms
  },
  write: (value) => new Date(Number(value)).toISOString().replace('+', ''),
  remedy: 'write a time with its zone, such as 2026-11-20T06:00:00Z'
}

/** Well-known text, which geographic programs read from tables: POLYGON ((0 0, 9 0, 9 9, 0 0)), further rings are holes. */
const polygon: CellKind = {
  read(cell) {
    const rings = /^POLYGON\s*\(\s*(\(.*\))\s*\)$/is.exec(cell)?.[1]
    if (rings === undefined) return undefined
    const read = rings
      .slice(1, -1)
      .split(/\)\s*,\s*\(/)
      .map((ring) => ring.split(',').map(readVertex))
    return read.every((ring) => ring.every((vertex) => vertex !== undefined)) ? read : undefined
  },
  write: (value) => `POLYGON (${(value as Polygon).map(writeRing).join(', ')})`,
  remedy: 'write POLYGON ((x y, x y, …, x y)), in metres of the frame, first and last vertex the same; holes as further rings'
}

function readVertex(text: string): Vertex | undefined {
  const words = text.trim().split(/\s+/)
  const [x, y] = words.map((word) => (NUMBER.test(word) ? Number(word) + 0 : undefined))
  return x === undefined || y === undefined || words.length !== 2 ? undefined : [x, y]
}

const writeRing = (ring: Ring): string => `(${[...ring, ...ring.slice(0, 1)].map(([x, y]) => `${x} ${y}`).join(', ')})`

export const CELLS = { text, number, flag, list, time, polygon } as const
