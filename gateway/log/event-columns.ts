import type { Lane } from '../events/define-event.ts'
import type { LoggedEvent } from './event-log.ts'

/** Where a run of events stands: sequences of one lane and epoch, without a gap. */
export interface RunPlace {
  readonly lane: Lane
  readonly epoch: string
  readonly firstSequence: number
}

/** A decoded run of events; the texts of bodies are made only when asked for. */
export interface EventColumns {
  readonly count: number
  typeAt(index: number): string
  keyAt(index: number): string
  timeAt(index: number): number
  eventAt(index: number, place: RunPlace): LoggedEvent
}

/** Facts of a run that are kept beside it, so that it can be skipped, evicted or told of without being decoded. */
export interface RunFacts {
  readonly count: number
  readonly minTime: number
  readonly maxTime: number
  readonly countByType: Readonly<Record<string, number>>
}

export function factsOf(columns: EventColumns): RunFacts {
  let minTime = Number.POSITIVE_INFINITY
  let maxTime = Number.NEGATIVE_INFINITY
  const counts = new Map<string, number>()
  for (let i = 0; i < columns.count; i++) {
    const time = columns.timeAt(i)
    if (time < minTime) minTime = time
    if (time > maxTime) maxTime = time
    const type = columns.typeAt(i)
    counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  return { count: columns.count, minTime, maxTime, countByType: Object.fromEntries(counts) }
}
