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
  /** The database of epoch `after` went on, with `start`; that epoch may have been another gateway's. */
  | { readonly kind: 'went-on'; readonly start: number; readonly after: string; readonly isAnothers: boolean }

/** The numbers that the topics have to hold of a lane in one epoch, both ends included, unless deleted or told by a `DataGap`. */
export interface LaneBounds {
  readonly from: number
  readonly to: number
}

export interface BoundsOptions {
  /** Of one gateway and lane, from the oldest epoch to the newest. */
  readonly extents: readonly LaneExtent[]
  readonly beginningOf: (epoch: string) => Beginning | undefined
  /** Last number of an epoch, where another gateway went on in its database. */
  readonly endOf: (epoch: string) => number | undefined
  /** First number of the last epoch before this one that began in another gateway's database. */
  readonly lastTakeOver: (epoch: string) => number | undefined
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
  const bounds = extents.map(({ epoch, first, last }, index) => ({
    from: index === 0 && !fromFirst ? 1 : first,
    to: Math.max(last, options.endOf(epoch) ?? last)
  }))
  extents.forEach((extent, index) => {
    const own = bounds[index]
    if (own === undefined) return
    const { takenOverAt, after } = descentOf(extent.epoch, index === 0, options)
    if (takenOverAt !== undefined) {
      // What lies before is another gateway's.
      own.from = Math.min(takenOverAt, extent.first)
      return
    }
    if (index === 0) return
    const beginning = options.beginningOf(extent.epoch)
    if (beginning?.kind === 'created') {
      own.from = 1
      return
    }
    const named = extents.findIndex(({ epoch }) => epoch === after)
    const before = named >= 0 && named < index ? named : index - 1
    const older = bounds[before]
    if (older === undefined) return
    if (beginning) own.from = Math.min(beginning.start, extent.first)
    else own.from = startWithoutWord(extent, extents[before], options.openingOf(extent.epoch))
    older.to = Math.max(older.to, own.from - 1)
  })
  return bounds
}

/** What an epoch goes back to in its database, over epochs of which the topics hold nothing in this lane. */
interface Descent {
  /** The number with which another gateway's database was taken over. */
  readonly takenOverAt?: number | undefined
  /** The epoch of this gateway before it that the topics hold. */
  readonly after?: string
}

function descentOf(epoch: string, isOldest: boolean, options: BoundsOptions): Descent {
  const passed = new Set<string>([epoch])
  let beginning = options.beginningOf(epoch)
  while (beginning?.kind === 'went-on') {
    if (beginning.isAnothers) return { takenOverAt: beginning.start }
    const { after } = beginning
    if (options.extents.some((extent) => extent.epoch === after)) return { after }
    if (passed.has(after)) return {}
    passed.add(after)
    beginning = options.beginningOf(after)
  }
  // A copy was put back of which only that much is known: it is one of what had been taken over.
  return beginning === undefined && (isOldest || passed.size > 1) ? { takenOverAt: options.lastTakeOver(epoch) } : {}
}

/** An epoch in a database put back from a copy begins below what went before; then only the first record of its alarm lane shows where. */
function startWithoutWord(extent: LaneExtent, older: LaneExtent | undefined, opening: number | undefined): number {
  const goesOn = older !== undefined && extent.first > older.last
  return goesOn || opening === undefined || opening === extent.first ? extent.first : Math.max(1, extent.first - 1)
}
