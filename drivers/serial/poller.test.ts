import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCodec } from '../../firmware-protocols/registry.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { Poller, pollPlan } from './poller.ts'
import { serialSettingsSchema } from './settings.ts'

const tlv = findCodec('dwm1001-uart-tlv')
const settingsOf = (poll?: object) => serialSettingsSchema.parse({ port: '/dev/ttyUSB0', ...(poll && { poll }) }).poll
const planOf = (poll?: object) => pollPlan(settingsOf(poll), tlv?.poll, 'dwm1001-uart-tlv')

describe('what is asked', () => {
  it('is what the protocol has, or what the settings name', () => {
    expect(planOf()).toEqual({ requests: [Uint8Array.of(0x0c, 0)], intervalMs: 100, timeoutMs: 1_000 })
    expect(planOf({ intervalS: 2, ask: ['pos_get', 'status_get'], timeoutS: 0.5 })).toEqual({
      requests: [Uint8Array.of(2, 0), Uint8Array.of(0x32, 0)],
      intervalMs: 2_000,
      timeoutMs: 500
    })
    expect(planOf({ intervalS: 0 })).toBeUndefined()
    expect(pollPlan(undefined, undefined, 'nmea0183')).toBeUndefined()
  })

  it('is refused for good where the protocol has no such request', () => {
    const refused = { code: 'SETTINGS_INVALID', retriable: false }
    expect(() => planOf({ ask: ['constructor'] })).toThrow(expect.objectContaining(refused))
    expect(() => pollPlan(settingsOf({ intervalS: 1 }), undefined, 'nmea0183')).toThrow(expect.objectContaining(refused))
  })
})

interface Device {
  /** How long it takes to answer; undefined: it does not. */
  answerAfterMs: number | undefined
}

function stand(device: Device, plan = { requests: [Uint8Array.of(1), Uint8Array.of(2)], intervalMs: 100, timeoutMs: 1_000 }) {
  const clock = createVirtualClock(0, 0)
  const asked: [atMs: number, request: number][] = []
  const amiss: string[] = []
  const ending = new AbortController()
  const poller = new Poller(plan, {
    clock,
    write(bytes) {
      asked.push([clock.monotonicMs(), bytes[0] ?? 0])
      if (device.answerAfterMs !== undefined) clock.setTimeout(() => poller.heard(), device.answerAfterMs)
      return Promise.resolve()
    },
    amiss: (why) => amiss.push(why)
  })
  const done = poller.run(ending.signal)
  return { clock, asked, amiss, ending, poller, done }
}

describe('asking', () => {
  it('takes turns, at its interval', async () => {
    const { clock, asked, amiss } = stand({ answerAfterMs: 20 })
    await clock.advance(350)
    expect(asked).toEqual([
      [0, 1],
      [100, 2],
      [200, 1],
      [300, 2]
    ])
    expect(amiss).toEqual([])
  })

  it('waits for an answer that is still coming in', async () => {
    const { clock, asked, poller } = stand({ answerAfterMs: undefined })
    for (let atMs = 50; atMs <= 150; atMs += 5) {
      await clock.advance(atMs === 50 ? 50 : 5)
      poller.heard()
    }
    expect(asked).toHaveLength(1)
    await clock.advance(10)
    expect(asked).toHaveLength(2)
  })

  it('asks at last on a line that is never quiet', async () => {
    const { clock, asked, poller } = stand({ answerAfterMs: undefined })
    for (let atMs = 0; atMs < 500; atMs += 5) {
      await clock.advance(5)
      poller.heard()
    }
    expect(asked.map(([atMs]) => atMs)).toEqual([0, 200, 400])
  })

  it('never floods a device that does not answer, says so, and goes on when it does', async () => {
    const device: Device = { answerAfterMs: undefined }
    const { clock, asked, amiss } = stand(device)
    await clock.advance(2_999)
    expect(asked.map(([atMs]) => atMs)).toEqual([0, 1_000, 2_000])
    expect(amiss).toEqual([])
    await clock.advance(60_001)
    expect(asked).toHaveLength(64)
    expect(amiss).toEqual([expect.stringContaining('does not answer')])
    device.answerAfterMs = 10
    await clock.advance(1_050)
    const before = asked.length
    expect(amiss.at(-1)).toBe('')
    await clock.advance(1_000)
    expect(asked.length - before).toBe(10)
    expect(amiss).toHaveLength(2)
  })

  it('gives nothing more to a line that takes nothing, and says so', async () => {
    const clock = createVirtualClock(0, 0)
    const amiss: string[] = []
    let writes = 0
    const ending = new AbortController()
    const plan = { requests: [Uint8Array.of(1)], intervalMs: 100, timeoutMs: 1_000 }
    const write = (): Promise<void> => {
      writes += 1
      return new Promise(() => undefined)
    }
    const done = new Poller(plan, { clock, write, amiss: (why) => amiss.push(why) }).run(ending.signal)
    await clock.advance(60_000)
    expect([writes, amiss]).toEqual([1, [expect.stringContaining('takes no requests')]])
    ending.abort()
    await done
    expect(clock.pendingTimers).toBe(0)
  })

  it('has one request under way at a time, and ends with the run, however the device answers', async () => {
    const delays = fc.array(fc.option(fc.integer({ min: 0, max: 1_500 }), { nil: undefined }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(delays, fc.integer({ min: 10, max: 2_000 }), async (answers, intervalMs) => {
        const device: Device = { answerAfterMs: answers[0] }
        const { clock, asked, ending, done } = stand(device, { requests: [Uint8Array.of(1)], intervalMs, timeoutMs: 1_000 })
        for (const answerAfterMs of answers) {
          device.answerAfterMs = answerAfterMs
          await clock.advance(500)
        }
        const gaps = asked.slice(1).map(([atMs], index) => atMs - (asked[index]?.[0] ?? 0))
        for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(intervalMs)
        ending.abort()
        await done
        const count = asked.length
        await clock.advance(10_000)
        expect([asked.length, clock.pendingTimers]).toEqual([count, 0])
      }),
      { numRuns: 50 }
    )
  })

  it('tells what a write fails with', async () => {
    const clock = createVirtualClock(0, 0)
    const plan = { requests: [Uint8Array.of(1)], intervalMs: 100, timeoutMs: 1_000 }
    const link = { clock, write: () => Promise.reject(new Error('gone')), amiss: () => undefined }
    const done = new Poller(plan, link).run(new AbortController().signal)
    const failed = expect(done).rejects.toThrow('gone')
    await clock.advance(1_000)
    await failed
  })
})
