/** The four tables of the Modbus data model (Application Protocol V1.1b3, 4.3). */
export type Table = 'coil' | 'discrete-input' | 'holding-register' | 'input-register'

/** One value that is wanted: `count` bits or registers from `address` on, all from one answer, so that it is never torn. */
export interface ReadPoint {
  readonly unit: number
  readonly table: Table
  /** As on the wire, from 0. */
  readonly address: number
  readonly count: number
  readonly intervalMs: number
}

/** One request, and the values that its answer holds. */
export interface ReadGroup<Point extends ReadPoint> {
  readonly unit: number
  readonly table: Table
  readonly intervalMs: number
  readonly start: number
  readonly count: number
  readonly points: readonly Point[]
}

export interface PlanLimits {
  /** Registers and bits of one request; the protocol's own limits are 125 and 2000. */
  readonly maxRegisters: number
  readonly maxBits: number
  /** Registers and bits nobody wants that are read along, to save a request. */
  readonly bridgeRegisters: number
  readonly bridgeBits: number
}

export function isBitTable(table: Table): boolean {
  return table === 'coil' || table === 'discrete-input'
}

const endOf = ({ address, count }: ReadPoint): number => address + count

function groupOf<Point extends ReadPoint>(points: readonly Point[]): ReadGroup<Point> {
  const [first] = points
  if (first === undefined) throw new RangeError('a group of no points')
  const start = Math.min(...points.map(({ address }) => address))
  const end = Math.max(...points.map(endOf))
  const { unit, table, intervalMs } = first
  return { unit, table, intervalMs, start, count: end - start, points }
}

function byAddress(a: ReadPoint, b: ReadPoint): number {
  return a.address - b.address || a.count - b.count
}

/** Cuts points that are sorted by address wherever `cut` says so, given the end of what came before and the next point. */
function cutWhere<Point extends ReadPoint>(
  points: readonly Point[],
  cut: (run: { readonly start: number; readonly end: number }, next: Point) => boolean
): Point[][] {
  const runs: Point[][] = []
  let run: Point[] = []
  let start = 0
  let end = 0
  for (const point of points) {
    if (run.length > 0 && cut({ start, end }, point)) {
      runs.push(run)
      run = []
    }
    if (run.length === 0) {
      start = point.address
      end = start
    }
    run.push(point)
    end = Math.max(end, endOf(point))
  }
  if (run.length > 0) runs.push(run)
  return runs
}

/**
 * The requests that fetch all points: neighbours of one unit, table and interval go together as far as the limits allow. Each
 * point is whole in exactly one group. A point longer than the limit gets a request of its own: the settings refuse it before.
 */
export function planReads<Point extends ReadPoint>(points: readonly Point[], limits: PlanLimits): ReadGroup<Point>[] {
  const kinds = new Map<string, Point[]>()
  for (const point of points) {
    const kind = `${point.unit} ${point.table} ${point.intervalMs}`
    const same = kinds.get(kind)
    if (same === undefined) kinds.set(kind, [point])
    else same.push(point)
  }
  return [...kinds.values()].flatMap((same) => {
    const bits = isBitTable(same[0]?.table ?? 'coil')
    const max = bits ? limits.maxBits : limits.maxRegisters
    const bridge = bits ? limits.bridgeBits : limits.bridgeRegisters
    const runs = cutWhere(
      same.toSorted(byAddress),
      ({ start, end }, next) => next.address - end > bridge || Math.max(end, endOf(next)) - start > max
    )
    return runs.map(groupOf)
  })
}

/**
 * What to ask instead of a group that was refused for its addresses: first without what was only bridged, then in halves, and at
 * last value by value. Every point stays in one of the parts; an empty answer: it cannot be cut further.
 */
export function splitGroup<Point extends ReadPoint>(group: ReadGroup<Point>): ReadGroup<Point>[] {
  const sorted = group.points.toSorted(byAddress)
  const withoutGaps = cutWhere(sorted, ({ end }, next) => next.address > end)
  if (withoutGaps.length > 1) return withoutGaps.map(groupOf)
  const apart = cutWhere(sorted, ({ end }, next) => next.address >= end)
  if (apart.length > 1) {
    const half = Math.ceil(apart.length / 2)
    return [groupOf(apart.slice(0, half).flat()), groupOf(apart.slice(half).flat())]
  }
  const alike = new Map<string, Point[]>()
  for (const point of sorted) {
    const extent = `${point.address} ${point.count}`
    alike.set(extent, [...(alike.get(extent) ?? []), point])
  }
  return alike.size > 1 ? [...alike.values()].map(groupOf) : []
}
