import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryLog, type MemoryLog } from '../../test-support/memory-log.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import { createDeviceDesk, DEVICES_ONLINE, type DeviceDesk } from './device-desk.ts'

interface Bench {
  readonly desk: DeviceDesk
  readonly log: MemoryLog
  hear(device: string, online: boolean, atMs: number, source?: string): GatewayEvent
}

function bench(limits: { maxPerSourcePerMinute?: number; maxDevices?: number } = {}, log = createMemoryLog()): Bench {
  const clock = { bootId: 'b', quality: () => 'synchronised' as const }
  const saved = log.state.get(DEVICES_ONLINE) ?? new Map<string, string>()
  const desk = createDeviceDesk({ clock, log, saved, maxPerSourcePerMinute: 3, maxDevices: 5, ...limits })
  return {
    desk,
    log,
    hear(device, online, atMs, source = 'a') {
      const reading = { device, online }
      const delivery = { readings: [reading], receivedAt: atMs, monotonicMs: atMs }
      return desk.take({ source, namespace: source, delivery, reading }, device)
    }
  }
}

describe('presence of devices', () => {
  it('goes in the alarm lane when it changes, and only then', () => {
    const { hear } = bench()
    const lanes = [true, true, false, false, true].map((online, index) => hear('gate', online, index).lane)
    expect(lanes).toEqual(['telemetry', 'telemetry', 'alarm', 'telemetry', 'alarm'])
  })
  it('and running go in the alarm lane each by itself, and both at once in one event', () => {
    const { desk } = bench()
    const hear = (reading: object): GatewayEvent => {
      const whole = { device: 'fan', ...reading }
      return desk.take(
        { source: 'a', namespace: 'a', delivery: { readings: [whole], receivedAt: 0, monotonicMs: 0 }, reading: whole },
        'fan'
      )
    }
    const lanes = [
      { online: true, running: true },
      { online: true, running: true },
      { online: true, running: false },
      // What a reading does not say has not changed.
      { online: true },
      { online: true, running: false },
      { online: false },
      { online: true, running: true }
    ].map((reading) => hear(reading).lane)
    expect(lanes).toEqual(['telemetry', 'telemetry', 'alarm', 'telemetry', 'telemetry', 'alarm', 'alarm'])
    expect(desk.due(61_000)).toEqual([])
  })
  it('of a machine that was switched while too much was told is told once when the minute is over', () => {
    const { desk } = bench({ maxPerSourcePerMinute: 1 })
    const hear = (device: string, running: boolean): GatewayEvent => {
      const reading = { device, online: true, running }
      return desk.take({ source: 'a', namespace: 'a', delivery: { readings: [reading], receivedAt: 0, monotonicMs: 0 }, reading }, device)
    }
    for (const device of ['fan', 'pump']) hear(device, true)
    expect([hear('fan', false), hear('pump', false)].map(({ lane }) => lane)).toEqual(['alarm', 'telemetry'])
    expect(desk.due(60_001)).toMatchObject([{ lane: 'alarm', key: 'pump', data: { online: true, running: false } }])
    expect(hear('pump', false).lane).toBe('telemetry')
  })
  it('is remembered over a restart', () => {
    const first = bench()
    first.hear('gate', true, 0)
    expect(bench({}, createMemoryLog(first.log.state)).hear('gate', false, 1).lane).toBe('alarm')
  })
  it('that flaps does not flood the alarm lane, is there as telemetry, and its last change is told when the minute is over', () => {
    const { desk, hear } = bench()
    const lanes = Array.from({ length: 20 }, (_, index) => hear('gate', index % 2 === 0, index).lane)
    expect(lanes.filter((lane) => lane === 'alarm')).toHaveLength(3)
    // Told: off, on, off. Now it is off: nothing new.
    expect(desk.due(61_000)).toEqual([])
    const again = bench()
    for (let index = 0; index < 19; index += 1) again.hear('gate', index % 2 === 0, index)
    expect(again.desk.nextDueMs()).toBe(60_001)
    expect(again.desk.due(60_000)).toEqual([])
    expect(again.desk.due(60_001)).toMatchObject([{ lane: 'alarm', key: 'gate', data: { online: true } }])
    expect(again.desk.nextDueMs()).toBeUndefined()
  })
  it('of one source does not silence another', () => {
    const { hear } = bench()
    hear('y', true, 0, 'b')
    for (let index = 0; index < 9; index += 1) hear('x', index % 2 === 0, index, 'a')
    expect(hear('y', false, 10, 'b').lane).toBe('alarm')
  })
  it('of made-up devices never floods the alarm lane nor memory, and those heard lately stay known', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 200 }), (heard) => {
        const { hear, log } = bench()
        hear('gate', true, 0)
        let alarms = 0
        heard.forEach(([id, online], index) => {
          if (hear(`made-up-${id}`, online, index).lane === 'alarm') alarms += 1
          hear('gate', true, index)
        })
        expect(alarms).toBeLessThanOrEqual(3)
        expect(log.state.get(DEVICES_ONLINE)?.size).toBeLessThanOrEqual(5)
        expect(hear('gate', false, 70_000).lane).toBe('alarm')
      })
    )
  })
})
