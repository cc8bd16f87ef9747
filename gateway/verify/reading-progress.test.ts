import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReadingProgress } from './reading-progress.ts'

describe('ReadingProgress', () => {
  it('takes each offset once and in order, however often the consumer begins anew, and stops at the end', () => {
    const restarts = fc.array(fc.record({ from: fc.nat(40), length: fc.nat(40) }), { maxLength: 20 })
    fc.assert(
      fc.property(fc.nat(10), fc.integer({ min: 1, max: 40 }), restarts, (low, length, runs) => {
        const end = low + length
        const progress = new ReadingProgress([
          { topic: 't', partition: 0, low, end },
          { topic: 't', partition: 1, low: 5, end: 5 }
        ])
        const taken: number[] = []
        // Each run begins at an offset given before, or at the first one; the last goes to the end, and beyond.
        for (const run of [...runs, { from: 0, length: 100 }]) {
          const reached = (taken.at(-1) ?? low - 1) + 1
          const from = Math.max(low, Math.min(run.from, reached))
          for (let offset = from; offset < from + run.length; offset++) if (progress.take('t', 0, offset)) taken.push(offset)
          progress.passed('t', 0, from + run.length - 1)
        }
        expect(taken).toEqual(Array.from({ length }, (_, index) => low + index))
        expect(progress.complete).toBe(true)
        expect(progress.take('t', 0, low)).toBe(false)
      })
    )
  })

  it('says what it waits for', () => {
    const progress = new ReadingProgress([{ topic: 't', partition: 3, low: 0, end: 9 }])
    progress.take('t', 3, 4)
    expect(progress.waitingFor).toBe('t/3 from 5 to 9')
    expect(progress.passed('t', 3, 7)).toBe(false)
    expect(progress.passed('t', 3, 8)).toBe(true)
    expect(progress.waitingFor).toBe('')
  })
})
