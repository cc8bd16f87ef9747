import { describe, expect, it } from 'vitest'
import type { Reading } from '../../firmware-protocols/reading.ts'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import type { Delivery, DriverContext } from '../driver.ts'
import { DEMO_PLAN } from './demo-site.ts'
import { simulatorDriver, tagIds } from './simulator-driver.ts'

describeDriverContract(
  'simulator',
  simulatorDriver,
  (): Promise<DriverWorld> => {
    const clock = createVirtualClock()
    return Promise.resolve({
      clock,
      settings: {},
      produce: () => clock.advance(1_000),
      passTime: () => clock.advance(100),
      tearDown: () => Promise.resolve()
    })
  },
  ['unopenable', 'hanging', 'breakable']
)

async function simulate(settings: object) {
  const clock = createVirtualClock()
  const deliveries: Delivery[] = []
  const counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
  const context: DriverContext = {
    sourceId: 'demo',
    clock,
    log: createMemoryLogger(),
    sink: { deliver: (delivery) => deliveries.push(delivery) },
    counters,
    signal: new AbortController().signal,
    degraded: () => undefined,
    failed: () => undefined
  }
  const run = simulatorDriver.createRun(simulatorDriver.settings.parse(settings), undefined, context)
  await run.start()
  const readings = (): Reading[] => deliveries.flatMap((delivery) => delivery.readings)
  const send = async (target: string, payload: Record<string, unknown>) => {
    const outcome = run.send(target, { kind: 'raw', payload }, { timeoutMs: 100 })
    await clock.advance(0)
    return outcome
  }
  /** What is heard of one tag while time passes. */
  const listen = async (tag: string, ms: number): Promise<Reading[]> => {
    const from = readings().length
    await clock.advance(ms)
    return readings()
      .slice(from)
      .filter((reading) => reading.tag === tag)
  }
  return { clock, deliveries, counters, run, readings, send, listen }
}

const signalsOf = (readings: readonly Reading[], kind: string) =>
  readings.flatMap(({ signals }) => signals ?? []).filter((signal) => signal.kind === kind)
const levels = (readings: readonly Reading[], kind: string): boolean[] =>
  signalsOf(readings, kind).map((signal) => signal.form === 'level' && signal.on)

describe('simulated workers', () => {
  it('send positions, info and the anchors their status, at their rates', async () => {
    const { clock, readings, counters, run } = await simulate({ workers: 10, ratePerSecond: 2 })
    await clock.advance(60_000)
    await run.stop()
    const positions = readings().filter(({ position }) => position !== undefined)
    const infos = readings().filter(({ batteryPct }) => batteryPct !== undefined)
    expect(positions.length / 1200).toBeCloseTo(1, 1)
    expect(infos.length / 20).toBeCloseTo(1, 0)
    expect(new Set(positions.map(({ tag }) => tag)).size).toBe(10)
    expect(new Set(readings().map(({ device }) => device))).toEqual(new Set([undefined, ...DEMO_PLAN.anchors.map(({ id }) => id)]))
    expect(counters).toMatchObject({ frames: readings().length, readings: readings().length, dropped: 0 })
    expect(clock.pendingTimers).toBe(0)
    for (const { batteryPct, temperatureDegC } of infos) {
      expect(batteryPct).toBeGreaterThanOrEqual(3)
      expect(batteryPct).toBeLessThanOrEqual(100)
      expect(temperatureDegC).toBeGreaterThan(0)
    }
  })

  it('are the same for the same seed, and others for another', async () => {
    const first = await simulate({ seed: 7 })
    const again = await simulate({ seed: 7 })
    const other = await simulate({ seed: 8 })
    await Promise.all([first.clock.advance(40_000), again.clock.advance(40_000), other.clock.advance(40_000)])
    expect(again.deliveries).toEqual(first.deliveries)
    expect(other.deliveries).not.toEqual(first.deliveries)
  })

  it('are located with the noise that was set', async () => {
    const steady = await simulate({ workers: 50, ratePerSecond: 5, noiseM: 0 })
    const noisy = await simulate({ workers: 50, ratePerSecond: 5, noiseM: 0.1 })
    await Promise.all([steady.clock.advance(20_000), noisy.clock.advance(20_000)])
    const truth = steady.readings().flatMap(({ position }) => position ?? [])
    const measured = noisy.readings().flatMap(({ position }) => position ?? [])
    expect(measured).toHaveLength(truth.length)
    const offs = measured.flatMap(({ x, y }, index) => [x - (truth[index]?.x ?? 0), y - (truth[index]?.y ?? 0)])
    const deviation = Math.sqrt(offs.reduce((sum, off) => sum + off * off, 0) / offs.length)
    expect(deviation).toBeGreaterThan(0.095)
    expect(deviation).toBeLessThan(0.105)
  })

  it('have ids of their own, ten thousand of them', () => {
    const ids = tagIds(10_000)
    expect(new Set(ids).size).toBe(10_000)
    expect(ids.every((id) => /^[0-9a-f]{4}$/.test(id))).toBe(true)
    expect(DEMO_PLAN.anchors.some(({ id }) => ids.includes(id))).toBe(false)
  })

  it('bear a high load: ten thousand tags at five a second', async () => {
    const { clock, counters } = await simulate({ workers: 10_000, ratePerSecond: 5, infoEveryS: 600 })
    clock.advanceSync(2_000)
    expect(counters.readings).toBeGreaterThan(100_000)
    expect(counters.dropped).toBe(0)
  })

  it('do not make up for a long stop of the program', async () => {
    const { clock, counters, deliveries } = await simulate({ workers: 10, ratePerSecond: 2 })
    await clock.advance(1_000)
    const before = deliveries.length
    // Nothing runs for an hour: the timer that was due at its beginning fires at its end.
    const beforeStop = clock.monotonicMs
    clock.monotonicMs = () => beforeStop() + 3_600_000
    await clock.advance(100)
    expect(deliveries.length - before).toBeLessThan(100)
    expect(counters.dropped).toBeGreaterThan(70_000)
  })
})

describe('the stub adapter', () => {
  const [tag = ''] = tagIds(1)

  it('walks a worker by hand and shows it at once', async () => {
    const { send, listen, readings, run } = await simulate({ workers: 1, noiseM: 0, ratePerSecond: 0.05 })
    await listen(tag, 100)
    await send(tag, { action: 'move', dx: 0.001, dy: 0 })
    const before = readings().at(-1)?.position
    expect(await send(tag, { action: 'move', dx: -0.3, dy: 0 })).toEqual({ stage: 'acknowledged' })
    const after = readings().at(-1)?.position
    expect((before?.x ?? 0) - (after?.x ?? 0)).toBeCloseTo(0.3, 1)
    expect(await send(tag, { action: 'walk', dxM: 0.3, dyM: 0 })).toEqual({ stage: 'acknowledged' })
    expect(readings().at(-1)?.position?.x).toBeCloseTo(before?.x ?? 0, 1)
    await run.stop()
  })

  it('presses and releases SOS: a level that is told at once and repeated while it stands', async () => {
    const { send, listen, readings } = await simulate({ workers: 2, infoEveryS: 3600 })
    await listen(tag, 100)
    const from = readings().length
    await send(tag, { action: 'sos', on: true })
    expect(levels(readings().slice(from), 'sos')).toEqual([true])
    const standing = levels(await listen(tag, 10_000), 'sos')
    expect(standing.length).toBeGreaterThanOrEqual(9)
    expect(standing.every((on) => on)).toBe(true)
    const atRelease = readings().length
    await send(tag, { action: 'sos', on: false })
    expect(levels(readings().slice(atRelease), 'sos')).toEqual([false])
    expect(levels(await listen(tag, 10_000), 'sos')).toEqual([])
  })

  it('presses SOS for a moment when nothing is said of letting go', async () => {
    const { send, listen } = await simulate({ workers: 1, infoEveryS: 3600 })
    await listen(tag, 100)
    await send(tag, { action: 'sos' })
    const heard = levels(await listen(tag, 20_000), 'sos')
    expect(heard.filter((on) => on).length).toBeGreaterThanOrEqual(8)
    expect(heard.filter((on) => !on)).toHaveLength(1)
    expect(heard.at(-1)).toBe(false)
  })

  it('lets a worker fall: events with an id, sent several times, then motionless until steered up', async () => {
    const { send, listen, readings } = await simulate({ workers: 1, noiseM: 0, infoEveryS: 3600 })
    await listen(tag, 100)
    const from = readings().length
    await send(tag, { action: 'drop' })
    const lying = [...readings().slice(from), ...(await listen(tag, 30_000))]
    expect(signalsOf(lying, 'fall')).toEqual(Array(3).fill({ kind: 'fall', form: 'event', id: '1' }))
    expect(signalsOf(lying, 'impact')).toHaveLength(3)
    expect(levels(lying, 'motionless').length).toBeGreaterThan(10)
    expect(levels(lying, 'motionless').every((on) => on)).toBe(true)
    expect(lying.filter(({ position }) => position !== undefined).every(({ position }) => position?.z === 0.2)).toBe(true)
    await send(tag, { action: 'move', dx: 0.2, dy: 0 })
    const up = await listen(tag, 5_000)
    expect(levels(up, 'motionless')).toEqual([false])
    expect(up.at(-1)?.position?.z).toBe(1.3)
    await send(tag, { action: 'drop' })
    expect(signalsOf(await listen(tag, 1_000), 'fall')).toContainEqual({ kind: 'fall', form: 'event', id: '2' })
  })

  it('switches a tag off, when nothing is heard of it, and on again', async () => {
    const { send, listen } = await simulate({ workers: 2 })
    await listen(tag, 1_000)
    expect(await send(tag, { action: 'power', on: false })).toEqual({ stage: 'acknowledged' })
    expect(await send(tag, { action: 'sos', on: true })).toMatchObject({ stage: 'failed', code: 'TAG_OFF' })
    expect(await send(tag, { action: 'drop' })).toEqual({ stage: 'acknowledged' })
    expect(await listen(tag, 60_000)).toEqual([])
    await send(tag, { action: 'on' })
    expect((await listen(tag, 2_000)).length).toBeGreaterThan(0)
    await send(tag, { action: 'off' })
    expect(await listen(tag, 60_000)).toEqual([])
  })

  it('tells what it does not know from what makes no sense', async () => {
    const { send, run } = await simulate({ workers: 1 })
    expect(await send('beef', { action: 'drop' })).toMatchObject({ stage: 'failed', code: 'TARGET_UNKNOWN' })
    expect(await send(tag, { action: 'move', dx: 'far', dy: 0 })).toMatchObject({ stage: 'failed', code: 'COMMAND_INVALID' })
    expect(await send(tag, { action: 'dance' })).toEqual({ stage: 'unsupported' })
    expect(await run.send(tag, { kind: 'vibrate' }, { timeoutMs: 10 })).toEqual({ stage: 'unsupported' })
  })
})
