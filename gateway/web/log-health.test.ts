import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LogHealth } from './log-health.ts'

const progress = (commits: number, waiting: number) => ({ storage: 'ok' as const, storageError: null, commits, waiting })

describe('LogHealth', () => {
  it('never finds a stall that was not one, and finds every one that is looked at often enough', () => {
    const step = fc.record({ afterMs: fc.integer({ min: 1, max: 4000 }), commits: fc.boolean(), waiting: fc.nat(2) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const health = new LogHealth(10_000)
        let now = 0
        let commits = 0
        // The model: since when has something waited at every look, with no commit between looks.
        let since: number | undefined
        for (const { afterMs, commits: committed, waiting } of steps) {
          now += afterMs
          if (committed) commits++
          if (waiting === 0) since = undefined
          else if (committed || since === undefined) since = now
          const stalled = since !== undefined && now - since >= 10_000
          expect(health.observe(progress(commits, waiting), now).healthy).toBe(!stalled)
        }
      })
    )
  })

  it('gives storage and stall as two reasons', () => {
    const health = new LogHealth(10_000)
    health.observe(progress(1, 3), 0)
    const report = health.observe({ ...progress(1, 3), storage: 'failing', storageError: 'EIO' }, 10_500)
    expect(report.reasons).toEqual(['storage is failing: EIO', 'the log has committed nothing for 10 s while 3 events wait'])
  })
})
