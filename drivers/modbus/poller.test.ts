import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Reading } from '../../firmware-protocols/reading.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { type LineRequest, ScriptedModbusLine } from '../../test-support/scripted-modbus-line.ts'
import { createVirtualClock, type VirtualClock } from '../../test-support/virtual-clock.ts'
import type { FrameCounters } from '../driver.ts'
import type { Exchanged } from './modbus-line.ts'
import { Poller } from './poller.ts'
import { planReads } from './read-plan.ts'
import { modbusSettingsSchema } from './settings.ts'
import { pointsOf } from './signal-readings.ts'

const register = (name: string, address: number) => ({ name, table: 'holding-register', address, means: 'value' })
const registers = (...addresses: number[]) => addresses.map((address) => register(`r${address}`, address))
const ILLEGAL_ADDRESS: Exchanged = { kind: 'exception', code: 2, why: 'illegal data address' }

/** Each register holds its own address. */
function values({ address, second }: LineRequest): Exchanged {
  return {
    kind: 'values',
    data: Uint8Array.from(Array.from({ length: second }, (_, index) => [(address + index) >> 8, (address + index) & 0xff]).flat())
  }
}

describe('polling', () => {
  let clock: VirtualClock
  let line: ScriptedModbusLine
  let told: { readonly atMs: number; readonly reading: Reading }[]
  let counters: FrameCounters
  let ending: AbortController

  const start = (units: readonly object[]): Poller => {
    const settings = modbusSettingsSchema.parse({ port: 'tcp://192.0.2.1:502', timeoutMs: 500, units })
    const poller = new Poller(planReads(pointsOf(settings), settings), {
      sourceId: 'plant',
      clock,
      log: createMemoryLogger(),
      counters,
      line,
      signal: ending.signal,
      timeoutMsOf: () => settings.timeoutMs,
      deliver: (readings) => {
        for (const reading of readings) told.push({ atMs: clock.monotonicMs(), reading })
      },
      asked: () => undefined
    })
    poller.run().catch((error: unknown) => expect.unreachable(String(error)))
    return poller
  }
  const asked = (unit: number): LineRequest[] => line.requests.filter((request) => request.unit === unit)

  beforeEach(() => {
    clock = createVirtualClock()
    line = new ScriptedModbusLine(clock, values)
    told = []
    ending = new AbortController()
    counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
  })

  it('asks at the interval of each signal, and tells each answer once', async () => {
    start([
      { unit: 1, tag: 'a', intervalS: 1, signals: registers(0, 1) },
      { unit: 2, tag: 'b', signals: [{ ...register('slow', 7), intervalS: 5 }] }
    ])
    await clock.advance(9_900)
    expect(asked(1)).toHaveLength(10)
    expect(asked(2)).toHaveLength(2)
    expect(told.filter(({ reading }) => reading.tag === 'a')).toHaveLength(10)
    expect(told.find(({ reading }) => reading.tag === 'b')?.reading).toEqual({ tag: 'b', extra: { slow: 7 } })
    expect(counters).toMatchObject({ frames: 12, readings: 12, errors: 0 })
    ending.abort()
    await clock.advance(10_000)
    expect(line.requests).toHaveLength(12)
    expect(clock.pendingTimers).toBe(0)
  })

  it('does not pile up what a slow line could not ask in time', async () => {
    line.answerMs = 3_000
    start([{ unit: 1, tag: 'a', intervalS: 1, signals: registers(0) }])
    await clock.advance(30_000)
    line.answerMs = 1
    const before = line.requests.length
    expect(before).toBeLessThanOrEqual(11)
    await clock.advance(10_000)
    expect(line.requests.length - before).toBeLessThanOrEqual(12)
    ending.abort()
  })

  it('tells nothing of a unit that falls silent, says so, asks it ever more rarely, and goes on with the others', async () => {
    const poller = start([
      { unit: 1, tag: 'a', signals: registers(0) },
      { unit: 2, device: 'fan', signals: [{ name: 'on', table: 'holding-register', address: 3, means: 'running' }, ...registers(90)] }
    ])
    await clock.advance(2_900)
    expect(poller.amiss()).toBe('')
    const isDead = (request: LineRequest): boolean => request.unit === 2
    line.answer = (request) => (isDead(request) ? { kind: 'timeout' } : values(request))
    told = []
    await clock.advance(5_000)
    expect(poller.amiss()).toContain('unit 2 does not answer')
    expect(told.filter(({ reading }) => reading.device === 'fan').map(({ reading }) => reading)).toEqual([{ device: 'fan', online: false }])
    const before = line.requests.length
    await clock.advance(300_000)
    const later = line.requests.slice(before)
    expect(later.filter(isDead).length).toBeLessThanOrEqual(14)
    expect(later.filter(isDead).length).toBeGreaterThanOrEqual(9)
    expect(later.filter((request) => request.unit === 1).length).toBeGreaterThan(280)

    line.answer = values
    told = []
    await clock.advance(32_000)
    expect(poller.amiss()).toBe('')
    expect(told.find(({ reading }) => reading.device === 'fan')?.reading).toMatchObject({ online: true })
    const back = line.requests.length
    await clock.advance(10_000)
    expect(line.requests.slice(back).filter(isDead).length).toBeGreaterThanOrEqual(19)
    ending.abort()
  })

  it('tells equipment offline once when nobody answers any more, whoever has been found silent before', async () => {
    const poller = start([
      { unit: 1, device: 'pump', signals: registers(0) },
      { unit: 2, device: 'fan', intervalS: 60, signals: registers(3) }
    ])
    await clock.advance(2_900)
    line.answer = () => ({ kind: 'timeout' })
    told = []
    await clock.advance(2_500)
    expect(poller.isNobodyThere()).toBe(false)
    await clock.advance(600)
    expect(poller.isNobodyThere()).toBe(true)
    poller.tellNobodyThere()
    expect(told.map(({ reading }) => reading)).toEqual([
      { device: 'pump', online: false },
      { device: 'fan', online: false }
    ])
    ending.abort()
  })

  it('takes the word of a converter for a silent unit', async () => {
    line.answer = () => ({ kind: 'exception', code: 11, why: 'gateway got no answer from the device' })
    const poller = start([{ unit: 2, device: 'fan', signals: registers(3) }])
    await clock.advance(3_000)
    expect(poller.amiss()).toContain('unit 2 does not answer')
    expect(told.map(({ reading }) => reading)).toEqual([{ device: 'fan', online: false }])
    ending.abort()
  })

  it('finds the registers that a device refuses, so that none of the others is lost, and asks for them again', async () => {
    const wanted = fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(wanted, fc.uniqueArray(fc.nat(60), { maxLength: 10 }), async (addresses, holes) => {
        clock = createVirtualClock()
        told = []
        ending = new AbortController()
        let isWhole = false
        line = new ScriptedModbusLine(clock, (request) =>
          !isWhole && holes.some((hole) => hole >= request.address && hole < request.address + request.second)
            ? ILLEGAL_ADDRESS
            : values(request)
        )
        line.answerMs = 1
        const poller = start([{ unit: 1, tag: 'a', signals: registers(...addresses) }])
        await clock.advance(900)
        const heard = new Set(told.flatMap(({ reading }) => Object.values(reading.extra ?? {})))
        expect(heard).toEqual(new Set(addresses.filter((address) => !holes.includes(address))))
        const bad = addresses.filter((address) => holes.includes(address))
        expect(poller.amiss() === '').toBe(bad.length === 0)
        if (bad[0] !== undefined) expect(poller.amiss()).toContain('unit 1 refuses holding-register')
        isWhole = true
        told = []
        await clock.advance(40_000)
        expect(new Set(told.flatMap(({ reading }) => Object.values(reading.extra ?? {})))).toEqual(new Set(addresses))
        expect(poller.amiss()).toBe('')
        ending.abort()
      }),
      { numRuns: 40 }
    )
  })

  it('asks a device that fails or is busy again, and counts what was no answer', async () => {
    line.answer = () => ({ kind: 'exception', code: 6, why: 'device busy' })
    const poller = start([{ unit: 1, tag: 'a', signals: registers(0) }])
    await clock.advance(2_900)
    expect(poller.amiss()).toBe('')
    line.answer = () => ({ kind: 'exception', code: 4, why: 'device failure' })
    await clock.advance(3_000)
    expect(poller.amiss()).toBe('unit 1 refuses holding-register 0 (r0): device failure')
    line.answer = () => ({ kind: 'unfit', why: '3 bytes in place of 4' })
    await clock.advance(3_000)
    expect(poller.amiss()).toContain('answers with 3 bytes')
    expect(told).toEqual([])
    expect(counters.errors).toBe(line.requests.length)
    line.answer = values
    await clock.advance(2_000)
    expect(told.length).toBeGreaterThan(0)
    expect(poller.amiss()).toBe('')
    ending.abort()
  })
})
