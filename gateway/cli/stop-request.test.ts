import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { doneWithin, listenForStop } from './stop-request.ts'

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const

describe('listenForStop', () => {
  const before = new Map<string, NodeJS.SignalsListener[]>()
  beforeEach(() => {
    for (const signal of SIGNALS) {
      before.set(signal, process.listeners(signal))
      process.removeAllListeners(signal)
    }
  })
  afterEach(() => {
    for (const signal of SIGNALS) {
      process.removeAllListeners(signal)
      for (const listener of before.get(signal) ?? []) process.on(signal, listener)
    }
  })

  it('stops for SIGTERM and lives on after SIGHUP, for ever', async () => {
    const { made } = listenForStop()
    // A signal without a listener ends the process.
    for (let times = 0; times < 3; times++) expect(process.emit('SIGHUP')).toBe(true)
    process.emit('SIGTERM')
    expect(await made).toEqual({ reason: 'SIGTERM', exitCode: 0 })
  })

  it('lets the first reason stand', async () => {
    const { made, fail } = listenForStop()
    fail('the disk burns')
    process.emit('SIGINT')
    expect(await made).toEqual({ reason: 'the disk burns', exitCode: 1 })
  })
})

describe('doneWithin', () => {
  it('waits for the work, and no longer than the limit', async () => {
    const clock = createVirtualClock()
    expect(await doneWithin(1_000, clock, Promise.resolve())).toBe(true)
    expect(await doneWithin(1_000, clock, Promise.reject(new Error('no')))).toBe(false)
    expect(clock.pendingTimers).toBe(0)
    let answer: boolean | undefined
    void doneWithin(1_000, clock, new Promise(() => undefined)).then((done) => {
      answer = done
    })
    await clock.advance(999)
    expect(answer).toBeUndefined()
    await clock.advance(1)
    expect(answer).toBe(false)
  })
})
