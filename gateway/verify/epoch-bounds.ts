/** What the topics hold of a lane in one epoch. */
export interface LaneExtent {
  readonly epoch: string
  readonly first: number
  readonly last: number
}

/** How an epoch's first `DataGap` says that the numbers of a lane began. */
export type Beginning =
  /** A new database: from 1 on. */
  | { readonly kind: 'created' }
  /** The database of epoch `after` went on, with `start`. */
  | { readonly kind: 'went-on'; readonly start: number; readonly after: string }

/** The numbers that the topics have to hold of a lane in one epoch, both ends included, unless deleted or told by a `DataGap`. */
export interface LaneBounds {
  readonly from: number
  readonly to: number
}

export interface BoundsOptions {
  /** Of one gateway and lane, from the oldest epoch to the newest. */
  readonly extents: readonly LaneExtent[]
  readonly beginningOf: (epoch: string) => Beginning | undefined
  /** Sequence of the first record of an epoch, when it is on the topics and stands in this lane. */
  readonly openingOf: (epoch: string) => number | undefined
  /** The oldest epoch is judged from what is there, not from 1: the gateway was pointed at this Kafka in mid-life. */
  readonly fromFirst: boolean
}

/**
 * Numbers begin at 1 in a new database and go on over its epochs. So the oldest epoch is asked for from 1; and what lies between
 * the end of an epoch and the beginning of the next in the same database belongs to the end of the older one.
 */
export function laneBounds(options: BoundsOptions): LaneBounds[] {
  const { extents, fromFirst } = options
  const bounds = extents.map(({ first, last }, index) => ({ from: index === 0 && !fromFirst ? 1 : first, to: last }))
  extents.forEach((extent, index) => {
    const own = bounds[index]
    if (index === 0 || own === undefined) return
    const beginning = options.beginningOf(extent.epoch)
    if (beginning?.kind === 'created') {
      own.from = 1
      return
    }
    const named = beginning === undefined ? -1 : extents.findIndex(({ epoch }) => epoch === beginning.after)
    const before = named >= 0 && named < index ? named : index - 1
    const older = bounds[before]
    if (older === undefined) return
    if (beginning) own.from = Math.min(beginning.start, extent.first)
    else own.from = startWithoutWord(extent, extents[before], options.openingOf(extent.epoch))
    older.to = Math.max(older.to, own.from - 1)
  })
  return bounds
}

/** An epoch in a database put back from a copy begins below what went before; then only the first record of its alarm lane shows where. */
function startWithoutWord(extent: LaneExtent, older: LaneExtent | undefined, opening: number | undefined): number {
  const goesOn = older !== undefined && extent.first > older.last
  return goesOn || opening === undefined || opening === extent.first ? extent.first : Math.max(1, extent.first - 1)
}
