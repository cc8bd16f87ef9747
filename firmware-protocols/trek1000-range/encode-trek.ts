import type { LocalPosition } from '../reading.ts'

/** Lines as boards print them, CR LF included, for simulators and tests. */

export interface TrekLine {
  readonly kind: 'mc' | 'mr' | 'ma'
  readonly mask: number
  /** Of each slot, 4 or 8; null: none. */
  readonly rangesM: readonly (number | null)[]
  readonly rangeCount?: number
  readonly seq?: number
  readonly debug?: number
  readonly reporter: 'a' | 't'
  readonly tag: number
  readonly anchor: number
  /** As HaoruTech firmware prints it: strength in dBm at the receiver times -100. */
  readonly diagnostic?: number
}

const hex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, '0')

export function encodeTrek(line: TrekLine): string {
  const slots = line.rangesM.map((metres) => hex(metres === null ? -1 : Math.round(metres * 1000), 8))
  const fields = [line.kind, hex(line.mask, 2), ...slots, hex(line.rangeCount ?? 0, 4), hex(line.seq ?? 0, 2), hex(line.debug ?? 0, 8)]
  const tail = line.diagnostic === undefined ? '' : ` ${hex(line.diagnostic, 4)}`
  return `${fields.join(' ')} ${line.reporter}${line.tag}:${line.anchor}${tail}\r\n`
}

/** A HaoruTech tag's report of itself. `position` null: no solution; absent: not told. */
export function encodeSelfReport(
  tag: number,
  rangesM: readonly (number | null)[],
  { kalman = true, position }: { readonly kalman?: boolean; readonly position?: LocalPosition | null } = {}
): string {
  const metres = rangesM.map((range) => (range === null ? 'null' : range.toFixed(2)))
  const place =
    position === null ? 'no solution' : [position?.x, position?.y, position?.z].map((value) => (value ?? 0).toFixed(2)).join(',')
  return `$${kalman ? 'K' : 'NK'}T${tag},${metres.join(',')}${position === undefined ? '' : `,LO=[${place}]`}\r\n`
}
