import { bleDriver } from '../../drivers/ble/ble-driver.ts'
import type { Delivery } from '../../drivers/driver.ts'
import type { HealthChange, SourceStatus } from '../../drivers/supervisor/supervised-source.ts'
import { createSupervisor } from '../../drivers/supervisor/supervisor.ts'
import { findCodec } from '../../firmware-protocols/registry.ts'
import { createMemoryLogger } from '../memory-logger.ts'
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts'

/** Turns of the event loop: enough for an adapter of ours to be set up, every command of which takes some. */
export async function turns(count = 80): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Supervised `ble` sources on a clock that moves only when told. */
export interface BleSources {
  readonly clock: VirtualClock
  readonly deliveries: Delivery[]
  readonly changes: HealthChange[]
  readonly log: ReturnType<typeof createMemoryLogger>
  apply(settings: Readonly<Record<string, object>>, protocol?: string): Promise<void>
  status(id?: string): SourceStatus
  /** Moves time on in steps of a second at most, with turns for what is answered. */
  pass(seconds: number): Promise<void>
  close(): Promise<void>
}

export function createBleSources(): BleSources {
  const clock = createVirtualClock()
  const deliveries: Delivery[] = []
  const changes: HealthChange[] = []
  const log = createMemoryLogger()
  const supervisor = createSupervisor({
    drivers: [bleDriver],
    findCodec,
    clock,
    log,
    random: () => 0.5,
    onDelivery: (_source, delivery) => deliveries.push(delivery),
    onHealth: (_source, change) => changes.push(change)
  })
  return {
    clock,
    deliveries,
    changes,
    log,
    async apply(settings, protocol = 'ble-advertisement') {
      supervisor.apply(Object.entries(settings).map(([id, each]) => ({ id, driver: 'ble', protocol, enabled: true, settings: each })))
      await turns()
    },
    status(id = 'yard') {
      const status = supervisor.statuses().find((each) => each.id === id)
      if (status === undefined) throw new Error(`there is no source ${id}`)
      return status
    },
    async pass(seconds) {
      for (let leftMs = seconds * 1000; leftMs > 0; leftMs -= 1000) {
        await clock.advance(Math.min(1000, leftMs))
        await turns()
      }
    },
    async close() {
      const closed = supervisor.close()
      let done = false
      void closed.then(() => {
        done = true
      })
      while (!done) {
        await turns(10)
        await clock.advance(100)
      }
    }
  }
}
