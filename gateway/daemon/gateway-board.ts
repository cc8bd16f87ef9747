import { DEMO_PLAN } from '../../drivers/simulator/demo-site.ts'
import type { SourceStatus } from '../../drivers/supervisor/supervised-source.ts'
import type { Supervisor } from '../../drivers/supervisor/supervisor.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { Config } from '../config/schema.ts'
import type { Lane } from '../events/define-event.ts'
import type { ForwarderHandle } from '../forward/start-forwarder.ts'
import type { EventLog } from '../log/event-log.ts'
import type { AlarmList } from '../state/alarm-list.ts'
import type { GatewayView } from '../state/gateway-view.ts'
import type { LaneView, Overview, PlanView, Problem, SourceView, UplinkView } from '../state/snapshot.ts'
import type { TagBoard } from '../state/tag-board.ts'

const COMMAND_LIMIT_MS = 5_000
const SIMULATOR = 'simulator'

export interface BoardParts {
  readonly clock: GatewayClock
  readonly log: EventLog
  readonly supervisor: Supervisor
  readonly forwarder: ForwarderHandle
  readonly alarms: AlarmList
  readonly tags: TagBoard
  /** It may be known only when the log is open. */
  readonly gatewayId: () => string
  readonly version: string
  readonly startedMono: number
  /** The configuration in force, and what is wrong with an edited one that does not. */
  readonly running: { config: Config; problems: readonly Problem[] }
}

/** What the page, `/metrics` and `GatewayStatus` show: read off the parts when somebody asks. */
export function createGatewayBoard(parts: BoardParts): GatewayView {
  const { alarms, log, supervisor } = parts
  return {
    snapshot() {
      const { tagCount: _, ...common } = overview(parts)
      return { ...common, tags: parts.tags.tags(common.nowMono), alarms: alarms.newestFirst(), plan: planView(supervisor.statuses()) }
    },
    overview: () => overview(parts),
    hasSource: (sourceId) => parts.running.config.sources.some(({ id }) => id === sourceId),
    logProgress() {
      const { storage, storageError, commits, lanes } = log.status()
      return { storage, storageError: storageError ?? null, commits, waiting: lanes.alarm.waiting + lanes.telemetry.waiting }
    },
    subscribe: (listener) => alarms.subscribe(listener),
    command: (sourceId, target, command) => supervisor.send(sourceId, target, command, { timeoutMs: COMMAND_LIMIT_MS })
  }
}

function overview(parts: BoardParts): Overview {
  const { clock, log, running, supervisor } = parts
  const nowMono = clock.monotonicMs()
  const time = clock.wallMs()
  const status = log.status()
  return {
    nowMono,
    time,
    gateway: {
      id: parts.gatewayId(),
      site: running.config.site,
      epoch: status.epoch,
      version: parts.version,
      startedMono: parts.startedMono,
      clockQuality: clock.quality()
    },
    sources: supervisor.statuses().map((source) => sourceView(source, nowMono - time)),
    lanes: { alarm: laneView(parts, 'alarm'), telemetry: laneView(parts, 'telemetry') },
    storage: {
      state: status.storage,
      error: status.storageError ?? null,
      logBytes: status.logBytes,
      freeBytes: status.freeBytes,
      commits: status.commits,
      lastCommitMs: status.lastCommitMs,
      damagedBlocks: status.damagedBlocks
    },
    uplink: uplinkView(parts),
    tagCount: parts.tags.size,
    problems: running.problems
  }
}

/** `monoOffsetMs` turns a wall time into the monotonic one; both are of this moment. */
function sourceView(source: SourceStatus, monoOffsetMs: number): SourceView {
  const { lastError, amiss } = source
  const error =
    amiss === ''
      ? lastError && { code: lastError.code, message: lastError.message, atMono: lastError.at + monoOffsetMs }
      : { code: 'DEGRADED', message: amiss, atMono: source.since + monoOffsetMs }
  return {
    id: source.id,
    driver: source.driver,
    protocol: source.protocol ?? null,
    health: source.health,
    lastError: error ?? null,
    counters: source.counters,
    steerable: source.driver === SIMULATOR
  }
}

/** Without an uplink everything that the log holds waits for one. */
function laneView({ clock, log, forwarder }: BoardParts, lane: Lane): LaneView {
  const { firstSequence, lastSequence, waiting } = log.status().lanes[lane]
  const { configured, lanes } = forwarder.status()
  const { acceptedCount, backlog, oldestReceivedAt } = lanes[lane]
  return {
    lastSequence: lastSequence + waiting,
    durableSequence: lastSequence,
    waiting,
    backlog: configured ? backlog : lastSequence - firstSequence + 1,
    backlogAgeMs: backlog === 0 || oldestReceivedAt === null ? null : Math.max(0, clock.wallMs() - oldestReceivedAt),
    forwarded: acceptedCount
  }
}

function uplinkView({ forwarder, running }: BoardParts): UplinkView {
  const { configured, connected, lastError, lanes, topicDifferences } = forwarder.status()
  return {
    configured,
    brokers: running.config.kafka?.brokers ?? [],
    reachable: configured ? connected : null,
    lastError,
    differences: topicDifferences,
    setAside: lanes.alarm.setAsideCount + lanes.telemetry.setAsideCount
  }
}

/** The plan of the demo site, while a simulator walks in it. */
function planView(sources: readonly SourceStatus[]): PlanView | null {
  const walking = sources.filter(({ driver, health }) => driver === SIMULATOR && health !== 'disabled').map(({ id }) => id)
  return walking.length === 0 ? null : { ...DEMO_PLAN, sources: walking }
}
