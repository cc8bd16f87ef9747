import { LANES, type Lane } from '../events/define-event.ts'
import type { LogReader } from '../log/reader-contract.ts'
import type { TopicDifference } from './forward-port.ts'
import type { LanePump } from './lane-pump.ts'
import type { StragglerState } from './lane-stragglers.ts'

export interface LaneForwardStatus {
  readonly connected: boolean
  /** By topic: everything up to this sequence is acknowledged or set aside. */
  readonly cursors: Readonly<Record<string, number>>
  /** Events that the slowest topic still waits for. */
  readonly backlog: number
  /** When the gateway received the oldest event that is being sent, epoch milliseconds; null: none. */
  readonly oldestReceivedAt: number | null
  /** Acknowledged records a second, over the last moments. */
  readonly ratePerSecond: number
  /** Since the forwarder was started or configured anew. */
  readonly acceptedCount: number
  readonly setAsideCount: number
  /** Topics that cannot follow, and why. */
  readonly stragglers: readonly StragglerState[]
}

export interface ForwarderStatus {
  /** Is there an uplink in the configuration. */
  readonly configured: boolean
  /** Of the alarm lane, whose state matters most. */
  readonly connected: boolean
  readonly lastError: string | null
  readonly topicDifferences: readonly TopicDifference[]
  readonly lanes: Readonly<Record<Lane, LaneForwardStatus>>
}

const NO_LANE: LaneForwardStatus = {
  connected: false,
  cursors: {},
  backlog: 0,
  oldestReceivedAt: null,
  ratePerSecond: 0,
  acceptedCount: 0,
  setAsideCount: 0,
  stragglers: []
}

export const NOT_CONFIGURED: ForwarderStatus = {
  configured: false,
  connected: false,
  lastError: null,
  topicDifferences: [],
  lanes: { alarm: NO_LANE, telemetry: NO_LANE }
}

/** Acknowledged records a second, from counts taken now and then. */
export class RateMeter {
  #count = 0
  #atMs: number
  #rate = 0

  constructor(nowMs: number) {
    this.#atMs = nowMs
  }

  rate(count: number, nowMs: number): number {
    const elapsedMs = nowMs - this.#atMs
    if (elapsedMs >= SHORTEST_RATE_MS) {
      this.#rate = Math.round(((count - this.#count) * 1000) / elapsedMs)
      this.#count = count
      this.#atMs = nowMs
    }
    return this.#rate
  }
}

const SHORTEST_RATE_MS = 200

/** Failures of the alarm lane first: one text for the page. */
export function lastErrorOf(pumps: Readonly<Record<Lane, LanePump>>): string | null {
  for (const lane of LANES) {
    const { link, readFailure } = pumps[lane]
    const failure = readFailure ?? link.lastFailure
    if (failure !== undefined) return `${failure.code}: ${failure.message}`
  }
  for (const lane of LANES) {
    const straggler = pumps[lane].stragglers().find(({ code }) => code !== 'BEHIND')
    if (straggler !== undefined) return `${straggler.code}: ${straggler.why}`
  }
  return null
}

export function laneStatus(lane: Lane, pump: LanePump, reader: Pick<LogReader, 'lastSequence'>, ratePerSecond: number): LaneForwardStatus {
  return {
    connected: pump.link.connected,
    cursors: Object.fromEntries(pump.progress.cursors()),
    backlog: Math.max(0, reader.lastSequence(lane) - pump.progress.slowest),
    oldestReceivedAt: pump.oldestReceivedAt ?? null,
    ratePerSecond,
    acceptedCount: pump.acceptedCount,
    setAsideCount: pump.setAsideCount,
    stragglers: pump.stragglers()
  }
}
