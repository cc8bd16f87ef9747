import type { GatewayEvent } from '../events/define-event.ts'
import type { GapReason } from '../events/gateway-events.ts'

/** What a `DataGap` says of events that never got into the log. */
export interface DroppedSum {
  readonly countByType: Record<string, number>
  readonly timeFrom: number
  readonly timeTo: number
  readonly reason: GapReason
}

/** Counts events that memory could not hold until somebody can be told. */
export class DroppedEvents {
  #sum: { countByType: Record<string, number>; timeFrom: number; timeTo: number; reason: GapReason } | undefined
  #count = 0

  /** Since the last telling. */
  get count(): number {
    return this.#count
  }

  /** The reason is that of the first. */
  add({ time, type }: GatewayEvent, reason: GapReason): void {
    this.#sum ??= { countByType: {}, timeFrom: time, timeTo: time, reason }
    const { countByType, timeFrom, timeTo } = this.#sum
    countByType[type] = (countByType[type] ?? 0) + 1
    this.#sum.timeFrom = Math.min(timeFrom, time)
    this.#sum.timeTo = Math.max(timeTo, time)
    this.#count++
  }

  /** For telling; counting begins anew. */
  take(): DroppedSum | undefined {
    const sum = this.#sum
    this.#sum = undefined
    this.#count = 0
    return sum
  }
}
