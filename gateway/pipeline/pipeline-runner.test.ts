import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventType } from './event-data.ts'
import { PipelineRunner } from './pipeline-runner.ts'
import { COUNT, SILENCE } from './pipeline-test-support.ts'
import { type AnyProcessor, defineProcessor, type PipelineEvent } from './processor.ts'
import { joinTopology } from './topology.ts'

interface Told {
  readonly type: string
  readonly key: string
  readonly nowMs: number
}

function started(processors: readonly AnyProcessor[]): { runner: PipelineRunner; told: Told[]; faults: unknown[] } {
  const told: Told[] = []
  const faults: unknown[] = []
  const runner = new PipelineRunner({
    topology: joinTopology(processors, {
      inputs: ['TagMovement', 'TagAlert', 'GatewayWasBlind'],
      sinks: ['SourceLost', 'TagInfo', 'DeviceStatus', 'SourceRestored']
    }),
    onOutput: ({ type, key }, nowMs) => told.push({ type, key, nowMs }),
    wallAt: (nowMs) => nowMs,
    onFault: (processor, key, error) => faults.push([processor, key, String(error)])
  })
  return { runner, told, faults }
}

const moved = (key: string): PipelineEvent => ({ type: 'TagMovement', key, time: 0, data: { tag: key } })
const stateOf = (runner: PipelineRunner): readonly string[] =>
  [...runner.entries()].map((entry) => JSON.stringify({ ...entry, timers: [...entry.timers].sort() })).sort()

/** Takes what a test needs of a key: sets timers, throws, or tells. */
function probe(name: string, act: AnyProcessor['process'], onTimer?: AnyProcessor['onTimer']): AnyProcessor {
  return { ...PROBE, name, process: act, ...(onTimer === undefined ? {} : { onTimer }) }
}
const PROBE = defineProcessor({
  name: '',
  title: '',
  in: ['TagMovement'] as EventType[],
  out: ['SourceRestored'] as EventType[],
  version: 1,
  key: (event) => event.key,
  initial: () => ({}),
  process: () => undefined
})
const tell = (context: Parameters<AnyProcessor['process']>[2], key: string): void =>
  context.emit('SourceRestored', { key, time: context.nowMs, data: { sourceId: key, driver: '' } })

describe('PipelineRunner', () => {
  it('fires timers at their own times, between events, in an order that does not depend on who set them first', () => {
    const timers = probe(
      'timers',
      (event, _state, context) => {
        for (const name of event.key === 'late' ? ['b', 'a'] : ['a', 'b']) context.setTimer(name, 100)
        context.setTimer('moved', 50)
        context.setTimer('moved', 200)
        context.setTimer('sooner', 200)
        context.setTimer('sooner', 60)
        context.setTimer('never', 70)
        context.cancelTimer('never')
      },
      (name, _state, context) => tell(context, `${context.key}/${name}`)
    )
    const { runner, told } = started([timers])
    runner.feed(moved('late'), 10)
    runner.feed(moved('early'), 10)
    runner.feed(moved('x'), 99)
    expect(told.map(({ key, nowMs }) => `${key}@${nowMs}`)).toEqual(['early/sooner@60', 'late/sooner@60'])
    runner.advanceTo(150)
    expect(told.slice(2).map(({ key, nowMs }) => `${key}@${nowMs}`)).toEqual([
      'x/sooner@99',
      'early/a@100',
      'early/b@100',
      'late/a@100',
      'late/b@100',
      'x/a@100',
      'x/b@100'
    ])
    runner.advanceTo(10_000)
    expect(told.slice(9).map(({ key, nowMs }) => `${key}@${nowMs}`)).toEqual(['early/moved@200', 'late/moved@200', 'x/moved@200'])
  })

  it('lets no timer that sets itself for now hold time still', () => {
    const { runner, told } = started([
      probe(
        'eager',
        (_event, _state, context) => context.setTimer('now', 0),
        (_name, _state, context) => {
          tell(context, 'x')
          context.setTimer('now', context.nowMs)
        }
      )
    ])
    runner.feed(moved('x'), 0)
    runner.advanceTo(5)
    expect(told.map(({ nowMs }) => nowMs)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('passes over an event whose processor throws; the others have it', () => {
    const broken = probe('broken', () => {
      throw new Error('no')
    })
    const whole = probe('whole', (event, _state, context) => tell(context, event.key))
    const { runner, told, faults } = started([broken, whole])
    runner.feed(moved('x'), 1)
    expect(told).toHaveLength(1)
    expect(faults).toEqual([['broken', 'x', 'Error: no']])
  })

  it('snapshots the state of one moment while events go on, and takes it up again whole', () => {
    const events = fc.array(fc.record({ key: fc.constantFrom('a1', 'a2', 'b1', 'b2', 'c'), afterMs: fc.nat(900) }), { maxLength: 60 })
    fc.assert(
      fc.property(events, events, fc.integer({ min: 1, max: 3 }), (before, during, slice) => {
        const { runner } = started([SILENCE, COUNT])
        let nowMs = 0
        const play = ({ key, afterMs }: { key: string; afterMs: number }): void => {
          nowMs += afterMs
          runner.feed(moved(key), nowMs)
        }
        // An earlier snapshot must not make keys look copied.
        for (const each of before.slice(0, 20)) play(each)
        const earlier = runner.beginSnapshot()
        earlier.take(2)
        for (const each of before.slice(20)) play(each)
        const wanted = stateOf(runner)
        const snapshot = runner.beginSnapshot()
        const entries: string[] = []
        for (const each of during) {
          entries.push(...snapshot.take(slice))
          play(each)
        }
        for (let more = snapshot.take(slice); more.length > 0; more = snapshot.take(slice)) entries.push(...more)
        const other = started([SILENCE, COUNT]).runner
        expect(other.restore(snapshot.nowMs, [`[${entries.join(',')}]`])).toEqual(new Set())
        expect(stateOf(other)).toEqual(wanted)
      })
    )
  })

  it('drops state of another form, and says whose', () => {
    const { runner } = started([SILENCE, COUNT])
    runner.feed(moved('a1'), 1)
    const snapshot = runner.beginSnapshot()
    const other = started([{ ...SILENCE, version: 2 }, COUNT]).runner
    expect(other.restore(1, [`[${snapshot.take(100).join(',')}]`])).toEqual(new Set(['silence']))
    expect(stateOf(other)).toEqual([])
  })
})
