import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createVirtualClock } from '../test-support/virtual-clock.ts'
import type { SendOutcome } from './driver.ts'
import { limitedSend } from './limited-send.ts'

type Stage = 'accepted' | 'delivered' | 'acknowledged'
const ORDER: readonly Stage[] = ['accepted', 'delivered', 'acknowledged']

it('settles in time with the last stage reached and reports each stage once, in order, whatever the attempt does', async () => {
  const stage = fc.constantFrom<Stage>(...ORDER)
  const happenings = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 300 }), stage }), { maxLength: 6 })
  const ending = fc.record({
    afterMs: fc.integer({ min: 0, max: 400 }),
    how: fc.constantFrom('resolve', 'reject', 'never', 'abort', 'down')
  })
  await fc.assert(
    fc.asyncProperty(happenings, ending, stage, async (reports, end, last) => {
      const clock = createVirtualClock()
      const startMs = clock.monotonicMs()
      const ended = new AbortController()
      const withdrawn = new AbortController()
      const stages: Stage[] = []
      let outcome: SendOutcome | undefined
      let settledAt = 0
      limitedSend(clock, { timeoutMs: 200, signal: withdrawn.signal, onStage: (each) => stages.push(each) }, ended.signal, (options) => {
        for (const report of reports) clock.setTimeout(() => options.onStage?.(report.stage), report.afterMs)
        return new Promise((resolve, reject) => {
          clock.setTimeout(() => {
            if (end.how === 'resolve') resolve({ stage: last })
            else if (end.how === 'reject') reject(new Error('a defect'))
            else if (end.how === 'abort') withdrawn.abort()
            else if (end.how === 'down') ended.abort()
          }, end.afterMs)
        })
      }).then(
        (value) => {
          outcome = value
          settledAt = clock.monotonicMs() - startMs
        },
        () => undefined
      )
      await clock.advance(500)
      expect(outcome).toBeDefined()
      expect(settledAt).toBeLessThanOrEqual(200)
      expect(stages).toEqual([...new Set(stages)].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)))
      if (outcome?.stage !== 'failed' && outcome?.stage !== 'unsupported') expect(stages).toContain(outcome?.stage)
    }),
    { numRuns: 60 }
  )
})

it('does not try at all when the source is down or the command withdrawn', async () => {
  const clock = createVirtualClock()
  const attempt = (): Promise<SendOutcome> => {
    throw new Error('was tried')
  }
  const live = new AbortController().signal
  expect(await limitedSend(clock, { timeoutMs: 10 }, AbortSignal.abort(), attempt)).toMatchObject({ code: 'SOURCE_DOWN' })
  expect(await limitedSend(clock, { timeoutMs: 10, signal: AbortSignal.abort() }, live, attempt)).toMatchObject({ code: 'SEND_ABORTED' })
  expect(clock.pendingTimers).toBe(0)
})
