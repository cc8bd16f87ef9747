/** What Makerfabs modules and example sketches send, for simulators and tests. */

export interface MakerfabsRound {
  readonly tag: number
  readonly seq: number
  /** Of each of 8 slots, to the centimetre; null: none. */
  readonly rangesM: readonly (number | null)[]
}

const cmOf = (round: MakerfabsRound): number[] => round.rangesM.map((metres) => (metres === null ? 0 : Math.round(metres * 100)))

function maskOf(round: MakerfabsRound): string {
  let mask = 0
  for (const [slot, metres] of round.rangesM.entries()) if (metres !== null) mask |= 1 << slot
  return mask.toString(16).toUpperCase().padStart(2, '0')
}

const head = (round: MakerfabsRound): string =>
  `AT+RANGE=tid:${round.tag},mask:${maskOf(round)},seq:${round.seq},range:(${cmOf(round).join(',')})`

/** Firmware up to 1.1.2; the strength of each slot in dBm, 0 where there is none. */
export function encodeRangeWithRssi(round: MakerfabsRound, rssi: readonly number[]): string {
  return `${head(round)},rssi:(${rssi.map((dbm) => dbm.toFixed(2)).join(',')})\r\n`
}

/** Later firmware; the anchor of each slot, -1 where there is none. */
export function encodeRangeWithIds(round: MakerfabsRound, anchorIds: readonly number[]): string {
  return `${head(round)},ancid:(${anchorIds.join(',')})\r\n`
}

/** The sketch for DW3000 boards. */
export function encodeForwarded(round: MakerfabsRound): string {
  return JSON.stringify({ id: round.tag, range: cmOf(round) })
}

/** The sketch for DW1000 boards. To the decimetre. */
export function encodeLinks(links: readonly { readonly anchor: string; readonly rangeM: number }[]): string {
  return JSON.stringify({ links: links.map(({ anchor, rangeM }) => ({ A: anchor.toUpperCase(), R: rangeM.toFixed(1) })) })
}
