import { type Explanation, type Interval, merged, splitRun } from './data-gaps.ts'
import type { LaneBounds, LaneExtent } from './epoch-bounds.ts'
import { KeyOrder } from './key-order.ts'
import { SequenceSet } from './sequence-set.ts'
import type { WireEvent } from './wire-event.ts'

/** Where a record stands on the topics. */
export interface WirePlace {
  readonly topic: string
  readonly partition: number
  /** The broker's time of appending, epoch milliseconds. */
  readonly appendedMs: number
}

/** A partition from which the broker has deleted something. */
export interface DeletedFrom {
  readonly topic: string
  readonly partition: number
  /** Records appended since then must still be there, epoch milliseconds; Infinity: nothing can be said. */
  readonly keptSinceMs: number
  /** Lanes whose events this topic may carry; undefined: any. */
  readonly lanes?: readonly string[] | undefined
}

export interface LaneReport {
  readonly gateway: string
  readonly epoch: string
  readonly lane: string
  /** Lowest and highest sequence on the topics. */
  readonly first: number
  readonly last: number
  /** Where the judgement on `lost` begins: the first sequence that no topic can have deleted; null: there is none. */
  readonly judgedFrom: number | null
  /** Where it ends: `last`, or before the number with which the next epoch goes on. */
  readonly judgedTo: number
  /** Different sequences on the topics. */
  readonly events: number
  readonly lost: number
  readonly explainedByDataGap: number
  readonly duplicates: number
  readonly duplicatesAfterHighWater: number
  readonly misordered: number
  /** Two different events under one number. */
  readonly conflicting: number
  /** The first runs of lost sequences, both ends included. */
  readonly lostRanges: readonly Interval[]
}

interface PartitionMark {
  mark: number
  readonly lowest: number
}

const LISTED_RANGES = 20

/** The account of one gateway, epoch and lane: takes records partition by partition, in the order of each partition. */
export class LaneLedger {
  readonly gateway: string
  readonly epoch: string
  readonly lane: string
  readonly #sequences = new SequenceSet()
  readonly #order = new KeyOrder()
  readonly #marks = new Map<string, Map<number, PartitionMark>>()
  /** Per distinct `keptSinceMs`: lowest sequence appended since, highest appended before. */
  readonly #horizons: { readonly sinceMs: number; lowestSince: number; highestBefore: number }[]
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY
  #records = 0
  #duplicatesAfterHighWater = 0
  #conflicting = 0

  constructor(event: Pick<WireEvent, 'gateway' | 'epoch' | 'lane'>, horizonsMs: readonly number[]) {
    this.gateway = event.gateway
    this.epoch = event.epoch
    this.lane = event.lane
    this.#horizons = horizonsMs.map((sinceMs) => ({
      sinceMs,
      lowestSince: Number.POSITIVE_INFINITY,
      highestBefore: Number.NEGATIVE_INFINITY
    }))
  }

  /** True when this number was not seen before. */
  add(event: Pick<WireEvent, 'sequence' | 'key'>, place: WirePlace, content: number): boolean {
    const { sequence } = event
    this.#records++
    if (sequence < this.#first) this.#first = sequence
    if (sequence > this.#last) this.#last = sequence
    const passes = this.#passesMark(sequence, place)
    const sighting = this.#sequences.add(sequence, content, passes)
    if (sighting.conflict) this.#conflicting++
    if (sighting.passedAgain) this.#duplicatesAfterHighWater++
    if (passes) this.#order.passed(place.topic, event.key, place.partition, sequence, place.appendedMs, sighting.passedAgain)
    for (const horizon of this.#horizons) {
      if (place.appendedMs >= horizon.sinceMs) horizon.lowestSince = Math.min(horizon.lowestSince, sequence)
      else horizon.highestBefore = Math.max(horizon.highestBefore, sequence)
    }
    return sighting.first
  }

  get extent(): LaneExtent {
    return { epoch: this.epoch, first: this.#first, last: this.#last }
  }

  /** `beyond`: what is told of the numbers before the first and after the last, which other epochs may name as theirs. */
  report(
    deletedFrom: readonly DeletedFrom[],
    explanation: Explanation,
    { from, to }: LaneBounds = { from: this.#first, to: this.#last },
    beyond: readonly Interval[] = []
  ): LaneReport {
    const judgedFrom = this.#judgedFrom(deletedFrom, from)
    const losses = this.#losses(judgedFrom, to, this.#withUnknownEnd(explanation), beyond)
    return {
      gateway: this.gateway,
      epoch: this.epoch,
      lane: this.lane,
      first: this.#first,
      last: this.#last,
      judgedFrom: judgedFrom > to ? null : judgedFrom,
      judgedTo: to,
      events: this.#sequences.size,
      lost: losses.lost,
      explainedByDataGap: losses.explained,
      duplicates: this.#records - this.#sequences.size,
      duplicatesAfterHighWater: this.#duplicatesAfterHighWater,
      // What is on the wire but behind the mark of its partition comes too late for a reader who keeps the rule.
      misordered: this.#sequences.countNeverPassed() + this.#order.countMisordered(),
      conflicting: this.#conflicting,
      lostRanges: losses.ranges
    }
  }

  /** The high-water rule: a record passes when its sequence is above the mark of its topic and partition. */
  #passesMark(sequence: number, { topic, partition }: WirePlace): boolean {
    let partitions = this.#marks.get(topic)
    if (!partitions) {
      partitions = new Map()
      this.#marks.set(topic, partitions)
    }
    const known = partitions.get(partition)
    if (!known) {
      partitions.set(partition, { mark: sequence, lowest: sequence })
      return true
    }
    if (sequence <= known.mark) return false
    known.mark = sequence
    return true
  }

  /**
   * A partition holds a lane's sequences in rising order, so what was deleted from it is below the first it still holds.
   * Where it holds nothing of this lane any more, only the time of deletion tells.
   */
  #judgedFrom(deletedFrom: readonly DeletedFrom[], start: number): number {
    let from = start
    for (const { topic, partition, keptSinceMs, lanes } of deletedFrom) {
      const held = this.#marks.get(topic)?.get(partition)
      const horizon = this.#horizons.find(({ sinceMs }) => sinceMs === keptSinceMs)
      if (held) from = Math.max(from, held.lowest)
      else if (horizon && (lanes === undefined || lanes.includes(this.lane)))
        from = Math.max(from, horizon.highestBefore + 1, horizon.lowestSince)
    }
    return from
  }

  /** What a log that ended unknown had not forwarded is above the last that some partition got of it. */
  #withUnknownEnd({ intervals, unknownEnd }: Explanation): readonly Interval[] {
    if (!unknownEnd) return intervals
    const reached = [...this.#marks.values()].flatMap((partitions) => [...partitions.values()].map(({ mark }) => mark))
    const from = Math.min(...reached) + 1
    return [...intervals.filter((interval) => interval[0] < from), [from, Number.POSITIVE_INFINITY]]
  }

  #losses(
    from: number,
    to: number,
    explained: readonly Interval[],
    beyond: readonly Interval[]
  ): { lost: number; explained: number; ranges: Interval[] } {
    const losses = { lost: 0, explained: 0, ranges: [] as Interval[] }
    const explainedBeyond = merged([...explained, ...beyond])
    for (const run of this.#sequences.missing(from, to)) {
      const isInside = run[0] > this.#first && run[1] < this.#last
      const { covered, uncovered } = splitRun(run, isInside ? explained : explainedBeyond)
      losses.explained += covered
      for (const range of uncovered) {
        losses.lost += range[1] - range[0] + 1
        if (losses.ranges.length < LISTED_RANGES) losses.ranges.push(range)
      }
    }
    return losses
  }
}
