import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GatewayEvent, Lane } from '../events/define-event.ts'
import { LivePipeline } from './live-pipeline.ts'
import { CARELESS_SILENCE, COUNT, MemoryLog, SILENCE } from './pipeline-test-support.ts'
import type { AnyProcessor } from './processor.ts'
import { joinTopology, type Topology } from './topology.ts'

function joined(silence: AnyProcessor): Topology {
  return joinTopology([COUNT, silence], {
    inputs: ['TagMovement', 'TagAlert', 'GatewayWasBlind'],
    sinks: ['SourceLost', 'DeviceStatus', 'TagInfo']
  })
}
const WALL_MS = 1_700_000_000_000

/** One run of the program on a log: virtual time, and a clock that only the test moves. */
class Run {
  readonly log: MemoryLog
  readonly pipeline: LivePipeline
  readonly faults: unknown[] = []
  readonly #clock: { mono: number }

  constructor(log: MemoryLog, clock: { mono: number }, silence: AnyProcessor) {
    this.log = log
    this.#clock = clock
    this.pipeline = new LivePipeline({
      topology: joined(silence),
      clock: { bootId: 'b', monotonicMs: () => clock.mono, wallMs: () => WALL_MS + clock.mono, quality: () => 'synchronised' },
      log,
      onFault: (_processor, _key, error) => this.faults.push(error)
    })
  }

  async start(): Promise<void> {
    await this.pipeline.rebuild(this.log.states, this.log)
    this.log.commitAll()
  }

  /** @param lagMs it arrived so long before it is taken; a tick may have come between */
  hear(lane: Lane, key: string, lagMs: number): void {
    const event = heard(lane, key, this.#clock.mono - lagMs)
    this.log.append(event)
    this.pipeline.take(event)
    this.log.endTurn()
  }
}

function heard(lane: Lane, key: string, mono: number): GatewayEvent {
  const type = lane === 'alarm' ? 'TagAlert' : 'TagMovement'
  const stamp = { receivedAt: WALL_MS + mono, clockQuality: 'synchronised', bootId: 'b', monotonicMs: mono } as const
  return { type, lane, key, time: WALL_MS + mono, ...stamp, data: { tag: key } }
}

/** State and timers of all keys, in one order. */
function stateOf({ pipeline }: Run): readonly unknown[] {
  const entries = [...pipeline.state()].sort().map((text) => JSON.parse(text) as { timers: unknown[] })
  return entries.map((entry) => ({ ...entry, timers: entry.timers.map((timer) => JSON.stringify(timer)).sort() }))
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const told = (log: MemoryLog): readonly string[] =>
  [...log.lanes.alarm, ...log.lanes.telemetry]
    .filter(({ type }) => type !== 'TagMovement' && type !== 'TagAlert')
    .map(({ type, key, time, data }) => JSON.stringify({ type, key, time, data }))

interface Step {
  readonly kind: Lane | 'tick' | 'commit'
  readonly key: string
  readonly lane: Lane
  readonly afterMs: number
  readonly lagMs: number
}

const kind = fc.oneof(
  { weight: 8, arbitrary: fc.constant('telemetry' as const) },
  { weight: 2, arbitrary: fc.constant('alarm' as const) },
  { weight: 3, arbitrary: fc.constantFrom('tick' as const, 'commit' as const) }
)
const step: fc.Arbitrary<Step> = fc.record({
  kind,
  key: fc.constantFrom('a1', 'a2', 'b1'),
  lane: fc.constantFrom('alarm', 'telemetry'),
  afterMs: fc.nat(700),
  lagMs: fc.nat(99)
})

async function play(run: Run, clock: { mono: number }, steps: readonly Step[], ticks = true): Promise<void> {
  for (const { kind, key, lane, afterMs, lagMs } of steps) {
    // Never so long without a tick that the run takes itself for blind.
    if (ticks) run.pipeline.tick()
    clock.mono += afterMs
    if (kind === 'commit') run.log.commit(lane)
    else if (kind === 'tick' && ticks) run.pipeline.tick()
    else if (kind === 'tick') continue
    else run.hear(kind, key, lagMs)
    run.log.endTurn()
    await settle()
  }
}

/** Plays only what reached the disk of another run: of each lane the beginning. */
async function playSurvivors(run: Run, clock: { mono: number }, steps: readonly Step[], log: MemoryLog, ticks: boolean): Promise<void> {
  const left = { alarm: heardIn(log, 'alarm'), telemetry: heardIn(log, 'telemetry') }
  for (const each of steps) {
    const { kind } = each
    const isLost = (kind === 'alarm' || kind === 'telemetry') && left[kind]-- <= 0
    await play(run, clock, [isLost ? { ...each, kind: 'tick' } : each], ticks)
  }
}

const heardIn = (log: MemoryLog, lane: Lane): number => log.lanes[lane].filter(({ type }) => /^Tag(Movement|Alert)$/.test(type)).length

/**
 * Nothing is missing, and nothing is there twice, but for alarms that were durable before the telemetry that caused them, which then did not
 * survive: they stay told, and are not told again in other words.
 */
function expectTold(found: MemoryLog, wanted: MemoryLog, beforeTheKill: readonly string[]): void {
  const extra = [...told(found)]
  const missing = told(wanted).filter((each) => {
    const at = extra.indexOf(each)
    if (at >= 0) extra.splice(at, 1)
    return at < 0
  })
  for (const each of extra) expect(beforeTheKill).toContain(each)
  for (const each of missing) {
    const at = extra.findIndex((other) => named(other) === named(each))
    expect(at, each).toBeGreaterThanOrEqual(0)
    extra.splice(at, 1)
  }
}

function named(text: string): string {
  const { type, key } = JSON.parse(text) as { type: string; key: string }
  return `${type} ${key}`
}

async function killedAndStarted(silence: AnyProcessor, clock: { mono: number }, before: readonly Step[]) {
  const killed = new Run(new MemoryLog(), clock, silence)
  await killed.start()
  await play(killed, clock, before)
  killed.log.crash()
  const toldBefore = told(killed.log)
  const survived = new MemoryLog()
  for (const lane of ['alarm', 'telemetry'] as const) survived.lanes[lane].push(...killed.log.lanes[lane])
  const again = new Run(killed.log, clock, silence)
  await again.start()
  return { again, survived, toldBefore, faults: killed.faults }
}

/** State at the end of the steps, and again when whoever was heard in them has fallen silent. */
async function ended(run: Run, clock: { mono: number }, steps: readonly Step[]): Promise<unknown> {
  await play(run, clock, steps)
  run.pipeline.tick()
  clock.mono += 400
  run.pipeline.tick()
  const first = stateOf(run)
  clock.mono += 1_200
  run.pipeline.tick()
  run.log.commitAll()
  return [first, stateOf(run)]
}

const steps = (maxLength: number): fc.Arbitrary<readonly Step[]> => fc.array(step, { maxLength })

describe('LivePipeline', () => {
  it('keeps the checkpoint before, whole, when it is killed while it writes one of many pieces', async () => {
    const clock = { mono: 5_000 }
    const run = new Run(new MemoryLog(), clock, CARELESS_SILENCE)
    await run.start()
    const heads = new Set<string | undefined>()
    for (let n = 0; n < 1_300; n += 1) {
      clock.mono += 100
      run.hear('telemetry', `tag${n % 900}`, 0)
      run.pipeline.tick()
      if (n % 2 === 0) run.log.commitAll()
      await settle()
      heads.add(run.log.states.get('head'))
      // The second checkpoint is begun after a minute, and written at a piece a tick.
      if (n < 595 || n > 620) continue
      run.log.commitAll()
      const copy = new MemoryLog()
      for (const lane of ['alarm', 'telemetry'] as const) copy.lanes[lane].push(...run.log.lanes[lane])
      for (const [key, value] of run.log.states) copy.states.set(key, value)
      const again = new Run(copy, clock, CARELESS_SILENCE)
      await again.start()
      expect(stateOf(again)).toEqual(stateOf(run))
    }
    expect(heads.size).toBe(4)
    const stale = [...run.log.states.keys()].filter((key) => key.startsWith('j/'))
    expect(stale.length).toBeLessThan(3)
  })

  it('has, after a kill at any moment, the state and the output of a run without one', async () => {
    const property = fc.asyncProperty(steps(120), steps(40), async (before, after) => {
      const clock = { mono: 5_000 }
      const { again, survived, toldBefore, faults } = await killedAndStarted(CARELESS_SILENCE, clock, before)
      const state = await ended(again, clock, after)

      const other = { mono: 5_000 }
      const whole = new Run(new MemoryLog(), other, CARELESS_SILENCE)
      await whole.start()
      await playSurvivors(whole, other, before, survived, true)
      expect(state).toEqual(await ended(whole, other, after))
      expectTold(again.log, whole.log, toldBefore)
      expect([...faults, ...again.faults]).toEqual([])
    })
    await fc.assert(property, { numRuns: 200 })
  })

  it('tells of the time without ears alike, whatever had been checkpointed before the kill', async () => {
    const property = fc.asyncProperty(steps(120), steps(40), async (before, after) => {
      const clock = { mono: 5_000 }
      const { again, survived, toldBefore } = await killedAndStarted(SILENCE, clock, before)
      const restartAt = clock.mono
      const state = await ended(again, clock, after)

      const other = { mono: 5_000 }
      const whole = new Run(new MemoryLog(), other, SILENCE)
      await whole.start()
      // Time that nobody was heard in after the last event that survived is time without ears.
      await playSurvivors(whole, other, before, survived, false)
      whole.log.commitAll()
      other.mono = restartAt
      const restarted = new Run(whole.log, other, SILENCE)
      await restarted.start()
      expect(state).toEqual(await ended(restarted, other, after))
      expectTold(again.log, whole.log, toldBefore)
    })
    await fc.assert(property, { numRuns: 200 })
  })
})
