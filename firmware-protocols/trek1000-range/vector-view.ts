import type { Reading } from '../reading.ts'

/** Readings in the words of the vectors, which number anchors by slot and tell several lines as `frames`. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const frames = readings.map((reading) => ({
    ...reading.extra,
    ranges: reading.extra?.['ranges'] ?? rangesOf(reading),
    position_m: reading.position
  }))
  return { ...frames[0], frames }
}

function rangesOf(reading: Reading): object[] {
  const failed = reading.extra?.['failed_ranges']
  const list = (reading.ranges ?? []).map(({ anchor, rangeM }) => ({ index: Number(anchor), distance_m: rangeM }))
  const all = Array.isArray(failed) ? [...list, ...(failed as typeof list)] : list
  return all.toSorted((a, b) => a.index - b.index)
}
