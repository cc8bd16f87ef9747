import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SteadyStream } from './steady-stream.ts'

it('gives each member its turn, in order, once a period, however the time passes', () => {
  const streams = fc.record({ members: fc.integer({ min: 1, max: 500 }), periodMs: fc.integer({ min: 100, max: 60_000 }) })
  fc.assert(
    fc.property(streams, fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 40 }), ({ members, periodMs }, waits) => {
      const stream = new SteadyStream(members, periodMs, 5_000, 1_000)
      const turns: number[] = []
      let nowMs = 5_000
      for (const wait of [0, ...waits]) {
        nowMs += wait
        expect(stream.takeDue(nowMs, (member) => turns.push(member))).toBe(0)
        expect(stream.nextMs).toBeGreaterThan(nowMs - 1e-6)
      }
      expect(turns).toEqual(turns.map((_, turn) => turn % members))
      expect(Math.abs(turns.length - ((nowMs - 5_000) * members) / periodMs)).toBeLessThanOrEqual(1.001)
    })
  )
})

it('skips what a long stop has missed, and says how much', () => {
  const stream = new SteadyStream(10, 1_000, 0, 500)
  const turns: number[] = []
  stream.takeDue(0, (member) => turns.push(member))
  expect(stream.takeDue(60_000, (member) => turns.push(member))).toBe(595)
  expect(turns).toHaveLength(1 + 5)
  expect(stream.nextMs).toBe(60_100)
})
