import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { Lane } from '../events/define-event.ts'
import { byLane } from './lane-tables.ts'
import { DEFAULT_LOG_LIMITS } from './log-limits.ts'
import type { LogThreadSettings } from './log-messages.ts'
import type { EventLogOptions } from './open-event-log.ts'

export interface LogThread {
  readonly worker: Worker
  /** Units go out and commits come back, a port for each lane. */
  readonly ports: Readonly<Record<Lane, MessagePort>>
}

export function startLogThread(options: EventLogOptions): LogThread {
  const channels = byLane(() => new MessageChannel())
  const { alarm, telemetry } = byLane((lane) => channels[lane].port2)
  const worker = new Worker(new URL(`./log-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url), {
    name: 'log',
    // Batches live outside the heap; a small nursery keeps the program's memory small.
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 },
    workerData: { settings: settingsOf(options), alarm, telemetry },
    transferList: [alarm, telemetry]
  })
  return { worker, ports: byLane((lane) => channels[lane].port1) }
}

function settingsOf({ clock, directory, gapOrigin, limits, machineId, maxPages }: EventLogOptions): LogThreadSettings {
  return {
    directory,
    limits: { ...DEFAULT_LOG_LIMITS, ...limits },
    ...gapOrigin,
    clockQuality: clock.quality(),
    monotonicOffsetMs: clock.monotonicMs() - Number(process.hrtime.bigint()) / 1e6,
    machineId,
    maxPages
  }
}
