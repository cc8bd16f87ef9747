import fc from 'fast-check'
import { normalPolygon, type Polygon, polygonFault } from './polygon.ts'
import type { SiteKind, SiteRecords } from './site-model.ts'

/** A ten-thousandth of a metre is the grid of positions that come from maps. */
const onGrid = (limit: number): fc.Arbitrary<number> => fc.integer({ min: -limit * 1e4, max: limit * 1e4 }).map((value) => value / 1e4 + 0)
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,10}$/)
const deviceId = fc.stringMatching(/^[a-z0-9:=+@'-]{1,12}$/)
/** With everything that tables and formulas stumble over. */
const name = fc
  .oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.stringMatching(/^[ "',;=+@\-a-zäé]{1,8}$/))
  .filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
const time = fc.integer({ min: 0, max: 4e12 })

/** A star about a middle, with a hole that is the same star, smaller. */
const polygon: fc.Arbitrary<Polygon> = fc
  .record({
    x: onGrid(3000),
    y: onGrid(3000),
    radii: fc.array(fc.integer({ min: 10, max: 90 }), { minLength: 3, maxLength: 9 }),
    hole: fc.boolean()
  })
  .map(({ x, y, radii, hole }) => {
    const star = (scale: number) =>
      radii.map((radius, index): readonly [number, number] => {
        const angle = (2 * Math.PI * index) / radii.length
        const at = (middle: number, part: number) => Number((middle + scale * radius * part).toFixed(4)) + 0
        return [at(x, Math.cos(angle)), at(y, Math.sin(angle))]
      })
    return normalPolygon(hole ? [star(1), star(0.5)] : [star(1)])
  })
  .filter((rings) => polygonFault(rings) === undefined)

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

/** Fields without a value are not there. */
const present = <T extends object>(arbitrary: fc.Arbitrary<T>) =>
  arbitrary.map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)))

const placed = { frame: fc.constantFrom('hall', 'pole'), x: onGrid(5000), y: onGrid(5000), z: onGrid(100), floor: optional(id) }
const heights = fc.tuple(fc.integer({ min: -100, max: 0 }), fc.integer({ min: 1, max: 100 }))

const RECORDS: Readonly<Record<SiteKind, fc.Arbitrary<object>>> = {
  building: fc.record({ id, name: optional(name) }),
  floor: fc
    .tuple(fc.record({ id, building: id, name: optional(name), level: fc.integer({ min: -5, max: 20 }), frame: id }), heights)
    .map(([floor, [fromZ, toZ]]) => ({ ...floor, fromZ, toZ })),
  anchor: fc.record({ id: deviceId, name: optional(name), ...placed }),
  receiver: fc.record({
    id: deviceId,
    name: optional(name),
    ...placed,
    rssiAt1mDbm: optional(fc.integer({ min: -90, max: -30 })),
    pathLossExponent: optional(fc.constantFrom(2, 2.7))
  }),
  zone: fc
    .tuple(
      fc.record({
        id,
        name: optional(name),
        parent: optional(id),
        frame: fc.constantFrom('hall', 'pole'),
        polygon,
        parking: optional(fc.boolean()),
        fenceTimeoutMs: optional(fc.nat(60_000)),
        exitToleranceM: optional(fc.constantFrom(0, 0.5, 2)),
        toleranceTimeoutMs: optional(fc.nat(60_000)),
        exitDelayMs: optional(fc.nat(60_000))
      }),
      fc.oneof(
        fc.constant({}),
        fc.record({ floors: fc.array(id, { minLength: 1, maxLength: 3 }) }),
        heights.map(([fromZ, toZ]) => ({ fromZ, toZ }))
      )
    )
    .map(([zone, where]) => ({ ...zone, ...where })),
  person: fc.record({ id, name: optional(name), kind: fc.constantFrom('worker', 'visitor', 'vehicle'), group: optional(name) }),
  binding: fc
    .record({ tag: id.map((tag) => `pans:${tag}`), person: id, from: time, forMs: optional(fc.integer({ min: 1, max: 1e9 })) })
    .map(({ forMs, ...binding }) => ({
      ...binding,
      to: forMs === undefined ? undefined : binding.from + forMs
    }))
}

/** Valid records of a kind, no two with the same key. */
export function recordsOf<K extends SiteKind>(kind: K): fc.Arbitrary<readonly SiteRecords[K][]> {
  const selector = (record: object) =>
    'tag' in record ? JSON.stringify([record, 'from' in record && record.from]) : 'id' in record && record.id
  return fc.uniqueArray(present(RECORDS[kind]), { maxLength: 8, selector }) as unknown as fc.Arbitrary<readonly SiteRecords[K][]>
}
