import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HealthChange } from '../../drivers/supervisor/supervised-source.ts'
import { createMemoryLog, type MemoryLog } from '../../test-support/memory-log.ts'
import { createSourceWatch, SOURCES_LOST, type SourceWatch } from './source-watch.ts'

type Health = HealthChange['to']

function bench(
  state = new Map<string, Map<string, string>>(),
  { bootId = 'b', startMs = 1_000 } = {}
): {
  watch: SourceWatch
  log: MemoryLog
  go(id: string, to: Health): void
  setWall(aheadMs: number): void
  told(): string[]
} {
  const log = createMemoryLog(state)
  let now = startMs
  let wallAheadMs = 0
  const clock = { bootId, quality: () => 'synchronised' as const, wallMs: () => now + wallAheadMs, monotonicMs: () => now }
  const watch = createSourceWatch({ clock, log, append: log.append, saved: state.get(SOURCES_LOST) ?? new Map() })
  return {
    watch,
    log,
    go(id, to) {
      now += 500
      watch.onHealth({ sourceId: id, driver: 'serial', from: 'starting', to, at: now, monotonicMs: now, heldMs: 0, attempts: 3 })
    },
    setWall(aheadMs) {
      wallAheadMs = aheadMs
    },
    told: () => log.events.map((event) => `${event.type} ${event.key}`)
  }
}

describe('lost and restored sources', () => {
  it('are told once each, with how long it was', () => {
    const { go, log, told } = bench()
    for (const health of ['starting', 'up', 'down', 'starting', 'down', 'up', 'degraded', 'up'] as const) go('a', health)
    expect(told()).toEqual(['SourceLost a', 'SourceRestored a'])
    expect(log.events[1]?.data).toMatchObject({ sourceId: 'a', lostForMs: 1_500, attempts: 3 })
  })
  it('are remembered over a restart of the gateway', () => {
    const first = bench()
    first.go('a', 'down')
    const again = bench(first.log.state)
    again.go('a', 'down')
    again.go('a', 'up')
    expect(again.told()).toEqual(['SourceRestored a'])
  })
  it('are told with a length that no step of the wall clock bends, also over a restart', () => {
    const first = bench()
    first.go('a', 'down')
    first.go('b', 'down')
    first.setWall(3_600_000)
    first.go('a', 'up')
    expect(first.log.events.at(-1)?.data).toMatchObject({ sourceId: 'a', lostForMs: 1_000 })
    const again = bench(first.log.state, { startMs: 9_500 })
    again.setWall(-3_600_000)
    again.go('b', 'up')
    expect(again.log.events.at(-1)?.data).toMatchObject({ sourceId: 'b', lostForMs: 8_000 })
  })
  it('are told by the wall clock after a reboot', () => {
    const first = bench()
    first.go('a', 'down')
    const again = bench(first.log.state, { bootId: 'c', startMs: 0 })
    again.setWall(61_000)
    again.go('a', 'up')
    expect(again.log.events.at(-1)?.data).toMatchObject({ lostForMs: 60_000 })
  })
  it('are told as restored when they leave the configuration', () => {
    const { go, watch, told, log } = bench()
    go('a', 'down')
    go('b', 'down')
    watch.onConfigured(new Set(['b']))
    expect(told()).toEqual(['SourceLost a', 'SourceLost b', 'SourceRestored a'])
    expect(log.events[2]?.data).toHaveProperty('reason')
  })
  it('alternate per source, whatever happens', () => {
    const health = fc.constantFrom<Health>('starting', 'up', 'degraded', 'down', 'disabled')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), health, fc.boolean())), (changes) => {
        let state = new Map<string, Map<string, string>>()
        const told: string[] = []
        for (const [id, to, restart] of changes) {
          const part = bench(state)
          part.go(id, to)
          told.push(...part.told())
          state = restart
            ? (
                JSON.parse(JSON.stringify([...part.log.state].map(([key, value]) => [key, [...value]]))) as [string, [string, string][]][]
              ).reduce((all, [key, value]) => all.set(key, new Map(value)), new Map<string, Map<string, string>>())
            : part.log.state
        }
        for (const id of ['a', 'b']) {
          const types = told.filter((line) => line.endsWith(id)).map((line) => line.split(' ')[0])
          expect(types).toEqual(types.map((_, index) => (index % 2 === 0 ? 'SourceLost' : 'SourceRestored')))
        }
      })
    )
  })
})
