import assert from 'node:assert/strict'
import type { Driver } from '../../driver.ts'
import { type DriverWorld, isDriverError, settled, type Trial, TrialRoom } from './driver-trial.ts'
import { waitUntil } from './wait-until.ts'

/** A test without its runner: `check` throws when the promise that `title` names is not kept. */
export interface Check {
  readonly title: string
  check(): Promise<void>
}

/** What not every driver can have happen to it. */
export type ContractTrait = 'unopenable' | 'hanging' | 'breakable'

const CODE = /^[A-Z][A-Z0-9_]+$/
const MINUTE_MS = 60_000

type InRoom = (room: TrialRoom, driver: Driver<unknown>) => Promise<void>
interface Promised {
  readonly title: string
  readonly trait?: ContractTrait
  readonly onlyWithCodecs?: boolean
  readonly check: InRoom
}

/**
 * The promises that every driver makes (docs/drivers/README.md), each as a check for any runner of tests:
 * `for (const { title, check } of driverContract(driver, createWorld)) test(title, check)`. `without` names what cannot happen to this driver.
 */
export function driverContract(
  driver: Driver<unknown>,
  createWorld: () => Promise<DriverWorld>,
  without: readonly ContractTrait[] = []
): readonly Check[] {
  const applies = ({ onlyWithCodecs, trait }: Promised): boolean =>
    (trait === undefined || !without.includes(trait)) && (onlyWithCodecs !== true || driver.carries.length > 0)
  return PROMISES.filter(applies).map(({ check, title }) => ({
    title,
    async check() {
      const room = new TrialRoom(driver, await createWorld())
      try {
        await check(room, driver)
      } finally {
        await room.leave()
      }
    }
  }))
}

async function stopped(what: string, { run }: Trial): Promise<void> {
  assert.deepEqual(await settled(what, run.stop()), { value: undefined }, `${what} resolves`)
}

function assertDeclared(error: unknown, expected: { readonly code: string; readonly retriable: boolean }): void {
  assert.ok(isDriverError(error), `a DriverError is declared, and not ${String(error)}`)
  assert.deepEqual({ code: error.code, retriable: error.retriable }, { code: expected.code, retriable: expected.retriable })
  assert.match(error.code, CODE)
  assert.ok(error.message.length > 10, 'the message says what is wrong')
}

function assertRefused(error: unknown): void {
  assert.ok(isDriverError(error), `start rejects with a DriverError, and not ${String(error)}`)
}

function offered<T>(trait: ContractTrait, value: T | undefined): T {
  assert.ok(value !== undefined, `the world of this driver must offer "${trait}", or say that the driver is without it`)
  return value
}

/** What keeps a process alive, by kind; immediates come and go with every turn, and timers are looked at by the clock. */
function handles(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo())
    if (kind !== 'Immediate' && kind !== 'Timeout') counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

const PROMISES: readonly Promised[] = [
  {
    title: 'names its kind, title and what it carries, and refuses settings that make no sense',
    check: async (_room, driver) => {
      assert.match(driver.kind, /^[a-z][a-z0-9-]*$/)
      assert.ok(driver.title.length > 3)
      assert.throws(() => driver.settings.parse({ noSuchSetting: 1 }))
      assert.throws(() => driver.settings.parse('settings'))
      await Promise.resolve()
    }
  },
  {
    title: 'takes what its schema gave once more, unchanged',
    check: async ({ world }, driver) => {
      const once = driver.settings.parse(world.settings)
      assert.deepEqual(driver.settings.parse(once), once)
      await Promise.resolve()
    }
  },
  {
    title: 'starts, delivers stamped readings, counts them, and stops',
    check: async (room) => {
      const trial = room.begin()
      await trial.run.start()
      await room.receive(trial)
      const [delivery] = trial.deliveries
      assert.ok(Math.abs((delivery?.receivedAt ?? 0) - room.clock.wallMs()) < MINUTE_MS, 'receivedAt is the time of arrival')
      assert.ok((delivery?.monotonicMs ?? Number.NaN) <= room.clock.monotonicMs(), 'monotonicMs is of the clock of the context')
      const readings = trial.deliveries.reduce((sum, each) => sum + each.readings.length, 0)
      assert.equal(trial.counters.readings, readings, 'every reading is counted')
      assert.ok(trial.counters.frames > 0, 'frames are counted')
      assert.deepEqual(trial.failures, [])
      await stopped('stop', trial)
    }
  },
  {
    // What makes readings itself has no link that could be recorded.
    title: 'shows a recording what comes over the link, once',
    onlyWithCodecs: true,
    check: async (room) => {
      const trial = room.begin()
      await trial.run.start()
      await room.receive(trial)
      const bytes = trial.recorded.reduce((sum, each) => sum + each.length, 0)
      assert.ok(bytes > 0, 'something is recorded')
      assert.equal(bytes, trial.counters.bytesIn, 'what is recorded is what came in')
      await trial.run.stop()
    }
  },
  {
    title: 'starts again through new runs',
    check: async (room) => {
      for (let round = 0; round < 3; round++) {
        const trial = room.begin()
        await trial.run.start()
        await room.receive(trial)
        await trial.run.stop()
        assert.deepEqual(trial.failures, [])
      }
    }
  },
  {
    title: 'stops before start, and a run that was stopped never comes up',
    check: async (room) => {
      const trial = room.begin()
      await stopped('stop before start', trial)
      assertRefused((await settled('start after stop', trial.run.start())).error)
      await room.passTime()
      assert.deepEqual(trial.deliveries, [])
    }
  },
  {
    title: 'stops during start',
    check: async (room) => {
      const trial = room.begin()
      const start = settled('start', trial.run.start())
      await stopped('stop during start', trial)
      await start
      assert.deepEqual(trial.failures, [])
    }
  },
  {
    title: 'stops any number of times, also at once',
    check: async (room) => {
      const trial = room.begin()
      await trial.run.start()
      const stops = await settled('all stops', Promise.all([trial.run.stop(), trial.run.stop(), trial.run.stop()]))
      assert.deepEqual(stops, { value: [undefined, undefined, undefined] })
      await stopped('one more stop', trial)
    }
  },
  {
    title: 'ends the run when the signal is aborted, and refuses to start after it',
    check: async (room) => {
      const trial = room.begin()
      await trial.run.start()
      trial.ending.abort()
      await stopped('stop after abort', trial)
      assert.deepEqual(trial.failures, [])
      const aborted = room.begin()
      aborted.ending.abort()
      assertRefused((await settled('start after abort', aborted.run.start())).error)
    }
  },
  {
    title: 'gives up starting when the signal is aborted meanwhile',
    check: async (room) => {
      const trial = room.begin(room.world.hanging?.settings ?? room.world.settings)
      const start = settled('start', trial.run.start())
      trial.ending.abort()
      const { error } = await start
      if (room.world.hanging !== undefined) assertRefused(error)
      await stopped('stop', trial)
    }
  },
  {
    title: 'can be stopped while the link does not open',
    trait: 'hanging',
    check: async (room) => {
      const trial = room.begin(offered('hanging', room.world.hanging).settings)
      const start = settled('start', trial.run.start())
      await stopped('stop', trial)
      assertRefused((await start).error)
    }
  },
  {
    title: 'delivers nothing after stop',
    check: async (room) => {
      const trial = room.begin()
      await trial.run.start()
      await room.receive(trial)
      await trial.run.stop()
      const delivered = trial.deliveries.length
      // The other side goes on and a new run hears it: whatever the old one would still say has had its chance by then.
      const next = room.begin()
      await next.run.start()
      await room.receive(next)
      await next.run.stop()
      await room.passTime()
      assert.equal(trial.deliveries.length, delivered)
    }
  },
  {
    title: 'declares why it cannot start, with a code and whether trying again can help',
    trait: 'unopenable',
    check: async (room) => {
      const unopenable = offered('unopenable', room.world.unopenable)
      const trial = room.begin(unopenable.settings)
      assertDeclared((await settled('start', trial.run.start())).error, unopenable)
      await stopped('stop', trial)
      assert.deepEqual(trial.deliveries, [])
    }
  },
  {
    title: 'declares that the link broke, and stops cleanly after it',
    trait: 'breakable',
    check: async (room) => {
      const breakable = offered('breakable', room.world.breakable)
      const trial = room.begin()
      await trial.run.start()
      await room.receive(trial)
      await breakable.breakLink()
      await waitUntil('the failure is declared', () => trial.failures.length > 0)
      assertDeclared(trial.failures[0], breakable)
      await stopped('stop', trial)
    }
  },
  {
    title: 'answers what it cannot send with "unsupported", within the limit and without rejecting',
    check: async (room) => {
      const { run } = room.begin()
      await run.start()
      const raw = { kind: 'raw', payload: { noSuchCommand: true } } as const
      for (const when of ['send', 'send after stop']) {
        const { error, value } = await settled(when, run.send('ffff', raw, { timeoutMs: 1_000 }))
        assert.equal(error, undefined, `${when} does not reject`)
        assert.ok(value?.stage === 'unsupported' || value?.stage === 'failed', `${when} says so`)
        await run.stop()
      }
    }
  },
  {
    title: 'leaves nothing behind: no timer, socket or file',
    check: async (room) => {
      const before = handles()
      const trial = room.begin()
      await trial.run.start()
      await room.receive(trial)
      await trial.run.stop()
      assert.equal(trial.pendingTimers(), 0, 'no timer is left')
      await waitUntil('all handles are closed', () => {
        for (const [kind, count] of handles())
          assert.ok(count <= (before.get(kind) ?? 0), `${kind}: ${before.get(kind) ?? 0} before, ${count} after`)
        return true
      })
    }
  }
]
