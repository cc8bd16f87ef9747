import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { startOutput } from './on-open.ts'
import { serialSettingsSchema } from './settings.ts'

function setUp(onOpen: object) {
  const clock = createVirtualClock(0, 0)
  const settings = serialSettingsSchema.parse({ port: '/dev/ttyUSB0', onOpen }).onOpen
  if (settings === undefined) throw new Error('onOpen was given')
  const written: [number, string][] = []
  const ending = new AbortController()
  let heard = false
  const port = {
    write(bytes: Uint8Array) {
      written.push([clock.monotonicMs(), String.fromCharCode(...bytes)])
      return Promise.resolve()
    },
    heard: () => heard
  }
  const done = startOutput(settings, port, clock, ending.signal)
  return { clock, written, ending, done, hear: () => (heard = true) }
}

describe('a shell that must be started', () => {
  it('is sent its commands after a quiet time, with pauses between them', async () => {
    const { clock, written, done } = setUp({ send: ['\\r\\r', 'lec\\r'], ifQuietForS: 2, stepGapMs: 500 })
    await clock.advance(1_999)
    expect(written).toEqual([])
    await clock.advance(10_000)
    expect(written).toEqual([
      [2_000, '\r\r'],
      [2_500, 'lec\r']
    ])
    expect(await done).toBe(true)
    expect(clock.pendingTimers).toBe(0)
  })

  it('is typed to character by character, a double Enter in one go', async () => {
    const { clock, written, done } = setUp({ send: ['\\r\\r', 'lec\\r'], ifQuietForS: 1, stepGapMs: 100, characterGapMs: 20 })
    await clock.advance(10_000)
    expect(written).toEqual([
      [1_000, '\r\r'],
      [1_120, 'l'],
      [1_140, 'e'],
      [1_160, 'c'],
      [1_180, '\r']
    ])
    expect(await done).toBe(true)
  })

  it('is left alone when it talks already', async () => {
    const { clock, written, done, hear } = setUp({ send: ['lec\\r'], ifQuietForS: 2 })
    await clock.advance(1_900)
    hear()
    await clock.advance(100_000)
    expect(await done).toBe(false)
    expect(written).toEqual([])
  })

  it('is sent nothing more once the run has ended', async () => {
    const { clock, written, done, ending } = setUp({ send: ['\\r\\r', 'lec\\r'], ifQuietForS: 1, stepGapMs: 1_000 })
    await clock.advance(1_500)
    ending.abort()
    await clock.advance(10_000)
    expect(await done).toBe(false)
    expect(written).toEqual([[1_000, '\r\r']])
    expect(clock.pendingTimers).toBe(0)
  })
})
