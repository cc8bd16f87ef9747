/**
 * Windows in event time, `[from, to)`, whose ends lie on whole multiples of a slide. A value is kept in one pane, a slide long; a window is a
 * whole number of panes, put together when it is told.
 */
export interface WindowShape {
  /** A whole multiple of `slideMs`. */
  readonly windowMs: number
  readonly slideMs: number
  /** More panes than may be open; they can be only where the clock was turned back. */
  readonly maxPanes: number
}

interface Pane {
  readonly from: number
  count: number
  sum: number
  min: number
  max: number
  last: number
  lastAt: number
}

/** One metric of one key. */
export interface Series {
  /** Sorted. */
  readonly panes: Pane[]
  /** Windows that end here or before are closed for good: told, or without a value in time. */
  closedTo: number
  /** Values since the last window told that were in not all windows of their time. */
  late: number
}

export interface Told {
  readonly from: number
  readonly to: number
  readonly count: number
  readonly min: number
  readonly mean: number
  readonly max: number
  readonly last: number
  readonly late: number
}

export function newSeries(): Series {
  return { panes: [], closedTo: 0, late: 0 }
}

/**
 * Adds a value to the windows of its time that end after the watermark. What ends at it or before is to be closed first (`closeWindows`). Says
 * whether a pane was begun, so that a window may be due sooner.
 */
export function addValue(series: Series, shape: WindowShape, time: number, value: number, watermark: number): boolean {
  const { windowMs, slideMs, maxPanes } = shape
  if (watermark >= series.closedTo + slideMs) series.closedTo = Math.floor(watermark / slideMs) * slideMs
  const { closedTo } = series
  const from = Math.floor(time / slideMs) * slideMs
  if (from + slideMs <= closedTo) series.late += 1
  if (from + windowMs <= closedTo) return false
  const { panes } = series
  let place = panes.length - 1
  for (; place >= 0; place -= 1) {
    const pane = panes[place]
    if (pane === undefined || pane.from < from) break
    if (pane.from > from) continue
    pane.count += 1
    pane.sum += value
    if (value < pane.min) pane.min = value
    if (value > pane.max) pane.max = value
    if (time >= pane.lastAt) {
      pane.last = value
      pane.lastAt = time
    }
    return false
  }
  if (panes.length >= maxPanes) {
    // Counted above already where it was late for some of its windows.
    if (from + slideMs > closedTo) series.late += 1
    return false
  }
  panes.splice(place + 1, 0, { from, count: 1, sum: value, min: value, max: value, last: value, lastAt: time })
  return true
}

/** End of the next window to be told; undefined: none has a value. */
export function nextEnd({ panes, closedTo }: Series, { slideMs }: WindowShape): number | undefined {
  const first = panes[0]
  if (first === undefined) return undefined
  const end = first.from + slideMs
  return end > closedTo ? end : closedTo + slideMs
}

/** Tells the windows that end at the watermark or before, in order. */
export function closeWindows(series: Series, shape: WindowShape, watermark: number, tell: (told: Told) => void): void {
  for (let to = nextEnd(series, shape); to !== undefined && to <= watermark; to = nextEnd(series, shape)) {
    tell(summed(series, to - shape.windowMs, to))
    series.closedTo = to
    series.late = 0
    const { panes } = series
    while (panes[0] !== undefined && panes[0].from + shape.windowMs <= to) panes.shift()
  }
}

function summed({ panes, late }: Series, from: number, to: number): Told {
  let count = 0
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let last = 0
  for (const pane of panes) {
    if (pane.from >= to) break
    count += pane.count
    sum += pane.sum
    min = Math.min(min, pane.min)
    max = Math.max(max, pane.max)
    last = pane.last
  }
  return { from, to, count, min, mean: sum / count, max, last, late }
}
