import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, healthOf, INITIAL_SOURCE_STATE, type SourceEffect, type SourceEvent, type SourceState } from './source-machine.ts'

const retriable = { code: 'LINK_LOST', message: 'the link was lost', retriable: true }
const fatal = { code: 'LINK_REFUSED', message: 'the link refuses', retriable: false }

function play(events: readonly SourceEvent[], from = INITIAL_SOURCE_STATE): { state: SourceState; effects: SourceEffect[] } {
  const effects: SourceEffect[] = []
  let state = from
  for (const event of events) {
    const decision = decide(state, event)
    state = decision.state
    effects.push(...decision.effects)
  }
  return { state, effects }
}

describe('a source', () => {
  it('starts, fails, waits, and stays down until it works again', () => {
    const events: SourceEvent[] = [
      { kind: 'configure', enabled: true },
      { kind: 'started', run: 1 },
      { kind: 'failed', run: 1, failure: retriable },
      { kind: 'closed', run: 1 },
      { kind: 'retry-due' },
      { kind: 'started', run: 2 }
    ]
    const healths = events.map((_, index) => healthOf(play(events.slice(0, index + 1)).state))
    expect(healths).toEqual(['starting', 'up', 'down', 'down', 'down', 'up'])
    expect(play(events).effects.map(({ kind }) => kind)).toEqual([
      'reset-backoff',
      'open',
      'watch-stability',
      'close',
      'wait',
      'open',
      'watch-stability'
    ])
  })

  it('is given up after a fatal failure until it is configured anew', () => {
    const broken = play([
      { kind: 'configure', enabled: true },
      { kind: 'failed', run: 1, failure: fatal },
      { kind: 'closed', run: 1 },
      { kind: 'retry-due' }
    ])
    expect(healthOf(broken.state)).toBe('down')
    expect(broken.effects.filter(({ kind }) => kind === 'open')).toHaveLength(1)
    const again = play([{ kind: 'configure', enabled: true }], broken.state)
    expect(again.effects).toContainEqual({ kind: 'open', run: 2 })
    expect(healthOf(again.state)).toBe('starting')
  })

  it('forgets its failures after a stable time, not before', () => {
    const up = play([
      { kind: 'configure', enabled: true },
      { kind: 'failed', run: 1, failure: retriable },
      { kind: 'closed', run: 1 },
      { kind: 'retry-due' },
      { kind: 'started', run: 2 }
    ])
    expect(up.state.failures).toBe(1)
    const stable = play([{ kind: 'stable', run: 2 }], up.state)
    expect(stable.state.failures).toBe(0)
    expect(stable.effects).toEqual([{ kind: 'reset-backoff' }])
  })

  it('is degraded while something is amiss', () => {
    const amiss = play([
      { kind: 'configure', enabled: true },
      { kind: 'degraded', run: 1, why: 'garbage on the line' },
      { kind: 'started', run: 1 }
    ])
    expect(healthOf(amiss.state)).toBe('degraded')
    expect(healthOf(play([{ kind: 'degraded', run: 1, why: '' }], amiss.state).state)).toBe('up')
  })
})

/** Performs effects as the shell does, and complains when one makes no sense. */
class World {
  open: number | undefined
  opened = 0
  waiting = false
  broken = false

  perform(effect: SourceEffect): void {
    switch (effect.kind) {
      case 'open':
        expect(this.open).toBeUndefined()
        expect(this.waiting).toBe(false)
        expect(this.broken).toBe(false)
        expect(effect.run).toBeGreaterThan(this.opened)
        this.open = effect.run
        this.opened = effect.run
        break
      case 'close':
        expect(effect.run).toBe(this.open)
        break
      case 'watch-stability':
        expect(effect.run).toBe(this.open)
        break
      case 'wait':
        expect(this.waiting).toBe(false)
        this.waiting = true
        break
      case 'cancel-wait':
        expect(this.waiting).toBe(true)
        this.waiting = false
        break
      case 'reset-backoff':
        break
    }
  }
}

interface Step {
  readonly kind: 'enable' | 'disable' | 'started' | 'failed' | 'fatal' | 'degraded' | 'well' | 'closed' | 'stable' | 'retry-due'
  /** The event comes from the run before. */
  readonly late: boolean
}

function toEvent({ kind, late }: Step, newestRun: number): SourceEvent {
  const run = late ? newestRun - 1 : newestRun
  switch (kind) {
    case 'enable':
    case 'disable':
      return { kind: 'configure', enabled: kind === 'enable' }
    case 'failed':
    case 'fatal':
      return { kind: 'failed', run, failure: kind === 'fatal' ? fatal : retriable }
    case 'degraded':
    case 'well':
      return { kind: 'degraded', run, why: kind === 'well' ? '' : 'amiss' }
    case 'started':
    case 'closed':
    case 'stable':
      return { kind, run }
    case 'retry-due':
      return { kind }
  }
}

/** The outside's part of an event: a timer that fires is gone, a run that says it is closed is closed. */
function happen(world: World, event: SourceEvent, state: SourceState): boolean {
  if (event.kind === 'retry-due') {
    if (!world.waiting) return false
    world.waiting = false
  }
  if (event.kind === 'closed' && event.run === world.open && state.phase === 'closing') world.open = undefined
  if (event.kind === 'configure') world.broken = false
  return true
}

function expectConsistent(state: SourceState, world: World): void {
  expect(world.waiting).toBe(state.phase === 'waiting')
  expect(world.open).toBe(['opening', 'running', 'closing'].includes(state.phase) ? state.run : undefined)
  expect(state.run).toBe(world.opened)
  const health = healthOf(state)
  if (health === 'up' || health === 'degraded') expect(state.phase).toBe('running')
  if (health === 'down') expect(state.lastFailure).toBeDefined()
  if (state.phase === 'broken') expect(state.lastFailure?.retriable).toBe(false)
  if (state.phase === 'waiting') expect(state.lastFailure?.retriable).toBe(true)
}

it('keeps its invariants under any order of events, late ones included', () => {
  const kind = fc.constantFrom<Step['kind']>(
    ...(['enable', 'disable', 'started', 'failed', 'fatal', 'degraded', 'well', 'closed', 'stable', 'retry-due'] as const)
  )
  const late = fc.nat({ max: 3 }).map((drawn) => drawn === 0)
  fc.assert(
    fc.property(fc.array(fc.record({ kind, late }), { maxLength: 60 }), (steps) => {
      const world = new World()
      let state = INITIAL_SOURCE_STATE
      for (const step of steps) {
        const event = toEvent(step, state.run)
        if (!happen(world, event, state)) continue
        const decision = decide(state, event)
        if ('run' in event && step.late) expect(decision).toEqual({ state, effects: [] })
        state = decision.state
        for (const effect of decision.effects) world.perform(effect)
        world.broken = state.phase === 'broken'
        expectConsistent(state, world)
      }
    }),
    { numRuns: 500 }
  )
})
