import type { DriverContext } from '../../drivers/driver.ts'
import { simulatorDriver } from '../../drivers/simulator/simulator-driver.ts'
import type { GatewayClock } from '../../gateway/clock/gateway-clock.ts'
import type { GatewayEvent } from '../../gateway/events/define-event.ts'
import { createIngest } from '../../gateway/ingest/ingest.ts'
import { openDatabase } from '../../gateway/log/database.ts'
import { movements } from '../../gateway/log/log.bench.ts'
import { type EventLogHandle, openEventLog } from '../../gateway/log/open-event-log.ts'
import { TagBoard } from '../../gateway/state/tag-board.ts'
import { createVirtualClock } from '../virtual-clock.ts'
import { waitFor } from '../wait-for.ts'

const BOOT_ID = '7d0f5d1c-2f7e-4ad0-8f0e-2b1f6f2f8b11'
const SETTLED_LOOKS = 8

async function openBenchLog(directory: string, clock: Pick<GatewayClock, 'wallMs' | 'monotonicMs' | 'quality'>): Promise<EventLogHandle> {
  return await openEventLog({ directory, clock, gapOrigin: { gatewayId: 'bench-gateway', bootId: BOOT_ID } })
}

/** Everything is durable, and the packer has made blocks of what it makes blocks of. */
async function settle(log: EventLogHandle): Promise<void> {
  await log.flush()
  let bytes = -1
  let same = 0
  await waitFor(
    'the log to be packed',
    () => {
      const now = log.status().logBytes
      same = now === bytes ? same + 1 : 0
      bytes = now
      return same >= SETTLED_LOOKS
    },
    120_000,
    250
  )
}

/** Pages in use, everything included: blocks, indexes, filters, tail, state. */
function usedBytes(file: string): number {
  const db = openDatabase(file, { readonly: true })
  try {
    const pragma = (name: string): number => Number(db.pragma(name, { simple: true }))
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
  } finally {
    db.close()
  }
}

/** The demo site as it is, its hours run in virtual time: all that it writes, divided by its TagMovements. */
export async function measureBytesPerMovement(directory: string, wanted: number): Promise<number> {
  const virtual = createVirtualClock(Date.UTC(2026, 10, 20, 6))
  const clock: GatewayClock = {
    ...virtual,
    bootId: BOOT_ID,
    quality: () => 'synchronised',
    onStep: () => undefined,
    close: () => undefined
  }
  const log = await openBenchLog(directory, clock)
  let written = 0
  const onEvent = (event: GatewayEvent): void => {
    if (event.type === 'TagMovement') written += 1
  }
  const ingest = await createIngest({
    clock,
    log,
    tags: new TagBoard({ maxTags: 50_000, maxShown: 10_000, lapseMs: 600_000 }),
    limits: { maxPerTagPerMinute: 10, maxPerSourcePerMinute: 120 },
    onEvent
  })
  const silent = (): void => undefined
  const context: DriverContext = {
    sourceId: 'walkers',
    clock: virtual,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    sink: { deliver: (delivery) => ingest.deliver('walkers', delivery) },
    counters: { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 },
    signal: new AbortController().signal,
    degraded: silent,
    failed: silent
  }
  const run = simulatorDriver.createRun(simulatorDriver.settings.parse({}), undefined, context)
  await run.start()
  while (written < wanted) {
    virtual.advanceSync(60_000)
    await log.flush()
  }
  await run.stop()
  ingest.close()
  await settle(log)
  await log.close()
  return usedBytes(log.path) / written
}

/** A log of so many events, packed, as a gateway that was offline for long leaves it. */
export async function fillLog(directory: string, events: number): Promise<void> {
  const clock = createVirtualClock(Date.now() - events / 20)
  const log = await openBenchLog(directory, {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => performance.now(),
    quality: () => 'synchronised'
  })
  const make = movements(1_000, 20_000, Date.now() - events / 20)
  for (let made = 0; made < events; ) {
    for (const end = Math.min(events, made + 20_000); made < end; made += 1) log.append(make(made))
    await log.flush()
  }
  await settle(log)
  await log.close()
}
