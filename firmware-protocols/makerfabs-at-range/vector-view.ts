import type { Reading } from '../reading.ts'

/** Readings in the words of the vectors: anchors that are slots are numbers there, those with an address are texts. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading = {}] = readings
  const slots = reading.extra?.['slots']
  const ranges = (reading.ranges ?? []).map(({ anchor, rangeM, rssiDbm }, at) => {
    const range = { distance_m: rangeM, rssi_dbm: rssiDbm }
    if (Array.isArray(slots)) return { index: Number(slots[at]), anchor_id: Number(anchor), ...range }
    return { anchor_id: anchor.toUpperCase(), ...range }
  })
  return { ...reading.extra, ranges }
}
