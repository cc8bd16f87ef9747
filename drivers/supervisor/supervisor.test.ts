import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { createScriptedDriver, type ScriptedAct, type ScriptedSettings } from '../../test-support/scripted-driver.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { createVirtualClock, settlePromises } from '../../test-support/virtual-clock.ts'
import { type Delivery, type Driver, DriverError, type SendOutcome } from '../driver.ts'
import type { SourceConfig } from './source-config.ts'
import type { HealthChange } from './supervised-source.ts'
import { createSupervisor, SUPERVISION_POLICY } from './supervisor.ts'

function setUp(extraDrivers: Driver<unknown>[] = []) {
  const clock = createVirtualClock()
  const driver = createScriptedDriver()
  const log = createMemoryLogger()
  const deliveries: [string, Delivery][] = []
  const changes: HealthChange[] = []
  const supervisor = createSupervisor({
    drivers: [driver, ...extraDrivers],
    findCodec: (protocol) => (protocol === 'toy' ? createToyCodec() : undefined),
    clock,
    log,
    random: () => 0,
    onDelivery: (sourceId, delivery) => deliveries.push([sourceId, delivery]),
    onHealth: (_sourceId, change) => changes.push(change)
  })
  return { clock, driver, log, deliveries, changes, supervisor }
}

const source = (id: string, settings: ScriptedSettings, rest: Partial<SourceConfig> = {}): SourceConfig => ({
  id,
  driver: 'scripted',
  enabled: true,
  settings,
  ...rest
})
const works: ScriptedSettings = { start: ['succeed'] }
const delivery = (): Delivery => ({ readings: [{ tag: '4d18' }], receivedAt: 1, monotonicMs: 1 })

describe('starting and trying again', () => {
  it('brings a source up and says so', async () => {
    const { supervisor, changes, clock } = setUp()
    supervisor.apply([source('hall', works)])
    expect(supervisor.statuses()[0]).toMatchObject({ id: 'hall', health: 'starting', attempts: 0, nextAttemptInMs: null, lastDataAt: null })
    await clock.advance(0)
    expect(supervisor.statuses()[0]).toMatchObject({ health: 'up', since: clock.wallMs() })
    expect(changes.map(({ from, to }) => [from, to])).toEqual([
      ['disabled', 'starting'],
      ['starting', 'up']
    ])
  })

  it('waits along the back-off, stays down meanwhile, and tells what it is waiting for', async () => {
    const { supervisor, clock, driver, changes } = setUp()
    supervisor.apply([source('hall', { start: ['fail'] })])
    await settlePromises()
    const startedAt: number[] = [clock.monotonicMs()]
    let seen = driver.runs.length
    for (let elapsed = 0; elapsed < 40_000; elapsed += 100) {
      await clock.advance(100)
      if (driver.runs.length > seen) startedAt.push(clock.monotonicMs())
      seen = driver.runs.length
    }
    const gaps = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0))
    expect(gaps).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000])
    const [status] = supervisor.statuses()
    expect(status).toMatchObject({ health: 'down', attempts: 8, lastError: { code: 'LINK_OPEN_FAILED', retriable: true } })
    expect(status?.nextAttemptInMs).toBeGreaterThan(0)
    expect(changes.map(({ to }) => to)).toEqual(['starting', 'down'])
  })

  it('begins the back-off anew after a stable time, and not before', async () => {
    const { supervisor, clock, driver } = setUp()
    supervisor.apply([source('hall', { start: ['fail', 'fail', 'succeed'] })])
    await clock.advance(1_600)
    expect(supervisor.statuses()[0]?.health).toBe('up')
    const lose = () => driver.runs.at(-1)?.context.failed(new DriverError('LINK_LOST', 'the link was lost', { retriable: true }))
    lose()
    await clock.advance(0)
    expect(supervisor.statuses()[0]?.nextAttemptInMs).toBe(2_000)
    await clock.advance(2_000 + SUPERVISION_POLICY.stableMs)
    expect(supervisor.statuses()[0]).toMatchObject({ health: 'up', attempts: 0 })
    lose()
    await clock.advance(0)
    expect(supervisor.statuses()[0]?.nextAttemptInMs).toBe(500)
  })

  it('leaves a source down after a fatal failure until its configuration changes', async () => {
    const { supervisor, clock, driver } = setUp()
    const config = source('hall', { start: ['fail-for-good', 'succeed'] })
    supervisor.apply([config])
    await clock.advance(600_000)
    expect(driver.runs).toHaveLength(1)
    expect(supervisor.statuses()[0]).toMatchObject({ health: 'down', nextAttemptInMs: null, lastError: { retriable: false } })
    supervisor.apply([structuredClone(config)])
    await clock.advance(600_000)
    expect(driver.runs).toHaveLength(1)
    supervisor.apply([source('hall', { start: ['fail-for-good', 'succeed'], createThrows: false })])
    await clock.advance(0)
    expect(supervisor.statuses()[0]).toMatchObject({ health: 'up', lastError: undefined })
  })

  it('gives up a start that hangs, and says so', async () => {
    const { supervisor, clock, driver } = setUp()
    supervisor.apply([source('hall', { start: ['hang', 'succeed'] })])
    await clock.advance(SUPERVISION_POLICY.startLimitMs)
    expect(supervisor.statuses()[0]).toMatchObject({ health: 'down', lastError: { code: 'START_TIMEOUT', retriable: true } })
    expect(driver.runs[0]?.context.signal.aborted).toBe(true)
    expect(driver.runs[0]?.stopCalls).toBe(1)
    await clock.advance(1_000)
    expect(supervisor.statuses()[0]?.health).toBe('up')
  })

  it('leaves a stop that hangs behind, says so, and drops what that run still delivers', async () => {
    const { supervisor, clock, driver, log, deliveries } = setUp()
    supervisor.apply([source('hall', { start: ['succeed'], stop: ['hang', 'succeed'] })])
    await clock.advance(0)
    driver.runs[0]?.context.failed(new DriverError('LINK_LOST', 'the link was lost', { retriable: true }))
    await clock.advance(SUPERVISION_POLICY.stopLimitMs - 1)
    expect(driver.runs).toHaveLength(1)
    await clock.advance(1_000)
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn', message: expect.stringContaining('did not stop in time') }))
    expect(supervisor.statuses()[0]?.health).toBe('up')
    driver.runs[0]?.context.sink.deliver(delivery())
    driver.runs[1]?.context.sink.deliver(delivery())
    expect(deliveries).toHaveLength(1)
    expect(supervisor.statuses()[0]?.counters.dropped).toBe(1)
  })
})

describe('defects of a driver', () => {
  it.each<[string, ScriptedSettings]>([
    ['createRun', { start: ['succeed'], createThrows: true }],
    ['start', { start: ['throw'] }]
  ])('become a retriable failure when %s throws', async (_where, settings) => {
    const { supervisor, clock } = setUp()
    supervisor.apply([source('bad', settings), source('good', works)])
    await clock.advance(5_000)
    const [bad, good] = supervisor.statuses()
    expect(bad).toMatchObject({ health: 'down', lastError: { code: 'DRIVER_EXCEPTION', retriable: true } })
    expect(bad?.attempts).toBeGreaterThan(2)
    expect(good?.health).toBe('up')
  })

  it('become a failure when a timer of the driver throws, and no timer outlives its run', async () => {
    const { supervisor, clock, driver } = setUp()
    supervisor.apply([source('hall', works)])
    await clock.advance(0)
    const first = driver.runs[0]
    const fired: string[] = []
    first?.context.clock.setTimeout(() => fired.push('late'), 2_000)
    first?.context.clock.setTimeout(() => {
      throw new RangeError('a defect in a timer')
    }, 100)
    await clock.advance(100)
    expect(supervisor.statuses()[0]).toMatchObject({ health: 'down', lastError: { code: 'DRIVER_EXCEPTION' } })
    await clock.advance(10_000)
    expect(fired).toEqual([])
    expect(supervisor.statuses()[0]?.health).toBe('up')
  })

  it('do not reach the sources beside it, also when its stop throws', async () => {
    const { supervisor, clock, driver } = setUp()
    supervisor.apply([source('bad', { start: ['succeed'], stop: ['throw'] }), source('good', works)])
    await clock.advance(0)
    driver.runs[0]?.context.failed(new DriverError('LINK_LOST', 'the link was lost', { retriable: true }))
    await clock.advance(1_000)
    expect(supervisor.statuses().map(({ health }) => health)).toEqual(['up', 'up'])
  })

  it('counts a delivery that could not be taken in and goes on', async () => {
    const clock = createVirtualClock()
    const driver = createScriptedDriver()
    const supervisor = createSupervisor({
      drivers: [driver],
      findCodec: () => undefined,
      clock,
      log: createMemoryLogger(),
      random: () => 0,
      onDelivery: () => {
        throw new Error('a defect in the receiver')
      },
      onHealth: () => {
        throw new Error('a defect in the listener')
      }
    })
    supervisor.apply([source('hall', works)])
    await clock.advance(0)
    driver.runs[0]?.context.sink.deliver(delivery())
    expect(supervisor.statuses()[0]).toMatchObject({ health: 'up', counters: { errors: 1 } })
  })
})

describe('applying a configuration', () => {
  it('starts what is new, stops what is gone, restarts what changed, and leaves the rest alone', async () => {
    const { supervisor, clock, driver } = setUp()
    supervisor.apply([source('a', works), source('b', works), source('c', works)])
    await clock.advance(0)
    const of = (id: string) => driver.runs.filter(({ context }) => context.sourceId === id)
    supervisor.apply([
      source('d', works),
      source('c', { start: ['succeed'], createThrows: false }),
      source('a', structuredClone(works), { namespace: 'shared' })
    ])
    await clock.advance(0)
    expect(supervisor.statuses().map(({ id, health }) => [id, health])).toEqual([
      ['d', 'up'],
      ['c', 'up'],
      ['a', 'up']
    ])
    expect(of('a')).toHaveLength(1)
    expect(of('b')[0]?.stopCalls).toBe(1)
    expect(of('c')).toHaveLength(2)
    expect(of('c')[0]?.stopCalls).toBe(1)
    expect(supervisor.statuses()[2]?.namespace).toBe('shared')
  })

  it('opens a changed source only when its old run has let go', async () => {
    const { supervisor, clock, driver } = setUp()
    supervisor.apply([source('hall', { start: ['succeed'], stop: ['hang'] })])
    await clock.advance(0)
    supervisor.apply([source('hall', works)])
    await clock.advance(SUPERVISION_POLICY.stopLimitMs - 1)
    expect(driver.runs).toHaveLength(1)
    expect(supervisor.statuses()[0]?.health).toBe('starting')
    await clock.advance(1)
    expect(driver.runs).toHaveLength(2)
  })

  it('switches a source off and on', async () => {
    const { supervisor, clock, driver } = setUp()
    supervisor.apply([source('hall', works, { enabled: false })])
    await clock.advance(0)
    expect(supervisor.statuses()[0]?.health).toBe('disabled')
    expect(driver.runs).toHaveLength(0)
    supervisor.apply([source('hall', works)])
    await clock.advance(0)
    expect(supervisor.statuses()[0]?.health).toBe('up')
    supervisor.apply([source('hall', works, { enabled: false })])
    await clock.advance(0)
    expect(supervisor.statuses()[0]?.health).toBe('disabled')
    expect(driver.runs[0]?.stopCalls).toBe(1)
  })

  it.each<[string, Partial<SourceConfig>]>([
    ['DRIVER_UNKNOWN', { driver: 'telegraph' }],
    ['SETTINGS_INVALID', { settings: {} }],
    ['PROTOCOL_NOT_CARRIED', { protocol: 'toy' }],
    ['PROTOCOL_UNKNOWN', { protocol: 'morse' }]
  ])('declares %s as fatal', async (code, wrong) => {
    const { supervisor, clock } = setUp()
    supervisor.apply([source('hall', works, wrong)])
    await clock.advance(60_000)
    expect(supervisor.statuses()[0]).toMatchObject({ health: 'down', attempts: 1, lastError: { code, retriable: false } })
  })

  it('declares a missing protocol as fatal', async () => {
    const carrier: Driver<unknown> = { ...createScriptedDriver('carrier'), carries: ['serial'] }
    const { supervisor, clock } = setUp([carrier])
    supervisor.apply([source('hall', works, { driver: 'carrier' })])
    await clock.advance(0)
    expect(supervisor.statuses()[0]?.lastError?.code).toBe('PROTOCOL_MISSING')
  })

  it('refuses two sources with one id and changes nothing', async () => {
    const { supervisor, clock } = setUp()
    supervisor.apply([source('a', works)])
    await clock.advance(0)
    expect(() => supervisor.apply([source('b', works), source('b', works)])).toThrow(DriverError)
    expect(supervisor.statuses().map(({ id }) => id)).toEqual(['a'])
  })

  it('closes everything, within the stop limit even where a stop hangs', async () => {
    const { supervisor, clock, driver } = setUp()
    supervisor.apply([source('a', works), source('b', { start: ['succeed'], stop: ['hang'] }), source('c', { start: ['fail'] })])
    await clock.advance(0)
    let closed = false
    const closing = supervisor.close().then(() => {
      closed = true
    })
    await settlePromises()
    expect(closed).toBe(false)
    await clock.advance(SUPERVISION_POLICY.stopLimitMs)
    await closing
    expect(supervisor.statuses()).toEqual([])
    supervisor.apply([source('a', works)])
    await clock.advance(60_000)
    expect(driver.runs).toHaveLength(3)
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('degraded sources', () => {
  it('are shown with the reason, and recover', async () => {
    const { supervisor, clock, driver, changes } = setUp()
    supervisor.apply([source('hall', works)])
    await clock.advance(0)
    driver.runs[0]?.context.degraded('receiver 3 is silent')
    expect(supervisor.statuses()[0]).toMatchObject({ health: 'degraded', amiss: 'receiver 3 is silent' })
    await clock.advance(5_000)
    driver.runs[0]?.context.degraded('')
    expect(changes.at(-1)).toMatchObject({ from: 'degraded', to: 'up', heldMs: 5_000 })
  })
})

describe('sending', () => {
  const vibrate = { kind: 'vibrate' } as const
  const running = async () => {
    const parts = setUp()
    parts.supervisor.apply([source('hall', works)])
    await parts.clock.advance(0)
    return parts
  }

  it('answers for sources that are unknown or not up', async () => {
    const { supervisor } = setUp()
    supervisor.apply([source('hall', { start: ['hang'] })])
    expect(await supervisor.send('yard', '4d18', vibrate, { timeoutMs: 100 })).toMatchObject({ stage: 'failed', code: 'SOURCE_UNKNOWN' })
    expect(await supervisor.send('hall', '4d18', vibrate, { timeoutMs: 100 })).toMatchObject({ stage: 'failed', code: 'SOURCE_DOWN' })
  })

  it('settles with the last stage reached when the driver does not answer in time', async () => {
    const { supervisor, clock, driver } = await running()
    driver.onSend = (_run, _command, options) => {
      options.onStage?.('accepted')
      return new Promise(() => undefined)
    }
    const stages: string[] = []
    const outcome = supervisor.send('hall', '4d18', vibrate, { timeoutMs: 2_000, onStage: (stage) => stages.push(stage) })
    await clock.advance(2_000)
    expect(await outcome).toEqual({ stage: 'accepted' })
    expect(stages).toEqual(['accepted'])
  })

  it.each<[string, () => Promise<SendOutcome>, string]>([
    [
      'throws',
      () => {
        throw new Error('a defect')
      },
      'DRIVER_EXCEPTION'
    ],
    ['rejects', () => Promise.reject(new Error('a defect')), 'DRIVER_EXCEPTION'],
    ['hangs', () => new Promise(() => undefined), 'SEND_TIMEOUT']
  ])('fails when the driver %s', async (_how, onSend, code) => {
    const { supervisor, clock, driver } = await running()
    driver.onSend = onSend
    const outcome = supervisor.send('hall', '4d18', vibrate, { timeoutMs: 500 })
    await clock.advance(500)
    expect(await outcome).toMatchObject({ stage: 'failed', code })
  })

  it('fails at once when the source goes down, or the sender withdraws', async () => {
    const { supervisor, clock, driver } = await running()
    driver.onSend = () => new Promise(() => undefined)
    const withdrawn = new AbortController()
    const first = supervisor.send('hall', '4d18', vibrate, { timeoutMs: 60_000, signal: withdrawn.signal })
    const second = supervisor.send('hall', '4d18', vibrate, { timeoutMs: 60_000 })
    withdrawn.abort()
    expect(await first).toMatchObject({ stage: 'failed', code: 'SEND_ABORTED' })
    driver.runs[0]?.context.failed(new DriverError('LINK_LOST', 'the link was lost', { retriable: true }))
    expect(await second).toMatchObject({ stage: 'failed', code: 'SOURCE_DOWN' })
    await supervisor.close()
    expect(clock.pendingTimers).toBe(0)
  })
})

it('keeps a good source up and undisturbed beside any mixture of bad ones', async () => {
  const act = fc.constantFrom<ScriptedAct>('succeed', 'hang', 'throw', 'fail', 'fail-for-good')
  const bad = fc.record({ start: fc.array(act, { minLength: 1, maxLength: 4 }), stop: fc.array(act, { minLength: 1, maxLength: 3 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(bad, { minLength: 1, maxLength: 4 }), async (settings) => {
      const { supervisor, clock, driver, changes, deliveries } = setUp()
      supervisor.apply([...settings.map((each, index) => source(`bad-${index}`, each)), source('good', works)])
      await clock.advance(100_000)
      const good = driver.runs.filter(({ context }) => context.sourceId === 'good')
      expect(good).toHaveLength(1)
      expect(changes.filter(({ sourceId }) => sourceId === 'good').map(({ to }) => to)).toEqual(['starting', 'up'])
      good[0]?.context.sink.deliver(delivery())
      expect(deliveries).toHaveLength(1)
      // One run at a time: a run is opened only after the one before it was told to stop.
      for (const run of driver.runs) {
        const later = driver.runs.some(({ context, number }) => context.sourceId === run.context.sourceId && number > run.number)
        if (later) expect(run.stopCalls).toBe(1)
      }
      const closing = supervisor.close()
      await clock.advance(SUPERVISION_POLICY.stopLimitMs)
      await closing
      expect(clock.pendingTimers).toBe(0)
    }),
    { numRuns: 25 }
  )
})
