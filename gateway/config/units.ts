/** Settings carry their unit in their name and take bare numbers; people write `10s`. */
import { BYTE_UNITS } from './field-kinds.ts'

interface Unit {
  readonly title: string
  /** What one of this is worth of each unit that people write. */
  readonly per: Readonly<Record<string, number>>
}

const MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  y: 31_536_000_000,
  year: 31_536_000_000
}
const LENGTHS = { mm: 0.001, cm: 0.01, m: 1, metre: 1, meter: 1 }

const divided = (units: Readonly<Record<string, number>>, by: number) =>
  Object.fromEntries(Object.entries(units).map(([name, worth]) => [name, worth / by]))

/** By the end of a setting's name. */
const UNITS: readonly (readonly [suffix: string, unit: Unit])[] = [
  ['Ms', { title: 'milliseconds', per: MS }],
  ['S', { title: 'seconds', per: divided(MS, 1000) }],
  ['Days', { title: 'days', per: divided(MS, 86_400_000) }],
  ['Bytes', { title: 'bytes', per: BYTE_UNITS }],
  ['M', { title: 'metres', per: LENGTHS }]
]

/** A number with a unit, in the unit of the setting `key`; undefined when there is nothing to convert. */
export function inUnitOf(key: string, text: string): { readonly value: number; readonly unit: string } | undefined {
  const unit = UNITS.find(([suffix]) => key.endsWith(suffix))?.[1]
  const [, count, name = ''] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text) ?? []
  if (unit === undefined || count === undefined) return undefined
  const worth = unit.per[name] ?? unit.per[name.toLowerCase().replace(/s$/, '')]
  return worth === undefined ? undefined : { value: Number((Number(count) * worth).toPrecision(12)), unit: unit.title }
}
