import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Delivery, TimerHandle } from '../../drivers/driver.ts'
import { planReads } from '../../drivers/modbus/read-plan.ts'
import { modbusSettingsSchema } from '../../drivers/modbus/settings.ts'
import { pointsOf, readingsOf } from '../../drivers/modbus/signal-readings.ts'
import { bleAdvertisement } from '../../firmware-protocols/ble-advertisement/ble-advertisement-codec.ts'
import type { DecodeResult } from '../../firmware-protocols/codec.ts'
import { encodeFields } from '../../firmware-protocols/helmet/encode-helmet.ts'
import { helmet } from '../../firmware-protocols/helmet/helmet-codec.ts'
import { FIELD } from '../../firmware-protocols/helmet/helmet-fields.ts'
import { sealMessage, TYPE_REPORT } from '../../firmware-protocols/helmet/helmet-message.ts'
import { encodeAdStructures, manufacturerStructure } from '../../firmware-protocols/kit/ad-structures.ts'
import type { Reading, Signal } from '../../firmware-protocols/reading.ts'
import { createMemoryLog, type MemoryLog } from '../../test-support/memory-log.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import { eventDefinition } from '../events/catalogue.ts'
import type { TagView } from '../state/snapshot.ts'
import { TagBoard } from '../state/tag-board.ts'
import { createIngest, type Ingest } from './ingest.ts'

const WALL = 1_790_000_000_000

interface Bench {
  readonly ingest: Ingest
  readonly tags: TagBoard
  readonly log: MemoryLog
  hear(source: string, reading: Reading, delivery?: Partial<Delivery>): void
  advance(ms: number): void
  /** Type, key and some fields of all events of a type. */
  of(type: string): { key: string; lane: string; time: number; data: Record<string, unknown> }[]
}

async function bench(
  log = createMemoryLog(),
  limits = { maxPerTagPerMinute: 10, maxPerSourcePerMinute: 120 },
  { startMs = 1_000, bootId = 'boot-1', wall = WALL } = {}
): Promise<Bench> {
  let now = startMs
  const timers: { at: number; callback: () => void; live: boolean }[] = []
  const clock: GatewayClock = {
    bootId,
    quality: () => 'synchronised',
    wallMs: () => wall + now,
    monotonicMs: () => now,
    onStep: () => undefined,
    close: () => undefined,
    setTimeout(callback, delayMs): TimerHandle {
      const timer = { at: now + delayMs, callback, live: true }
      timers.push(timer)
      return { cancel: () => (timer.live = false) }
    }
  }
  const tags = new TagBoard({ maxTags: 10, maxShown: 10, lapseMs: 600_000 })
  const ingest = await createIngest({ clock, log, limits, tags })
  return {
    ingest,
    tags,
    log,
    hear: (source, reading, delivery) =>
      ingest.deliver(source, { readings: [reading], receivedAt: wall + now, monotonicMs: now, ...delivery }),
    advance(ms) {
      now += ms
      for (const timer of timers.filter((each) => each.live && each.at <= now)) {
        timer.live = false
        timer.callback()
      }
    },
    of: (type) => log.events.filter((event) => event.type === type) as never
  }
}

const sos = (count: number): Signal => ({ kind: 'sos', form: 'counter', count, modulus: 256 })
const sosLevel = (on: boolean): Signal => ({ kind: 'sos', form: 'level', on })

describe('ids', () => {
  it('keep two systems with the same short id apart', async () => {
    const { ingest, hear, of } = await bench()
    ingest.setNamespace('hall1', 'pans-hall1')
    ingest.setNamespace('hall2', 'pans-hall2')
    hear('hall1', { tag: '4d18', position: { x: 1, y: 2 } })
    hear('hall2', { tag: '4d18', position: { x: 3, y: 4 } })
    expect(of('TagMovement').map((event) => event.key)).toEqual(['pans-hall1:4d18', 'pans-hall2:4d18'])
  })
  it('make one tag of one BLE tag heard through two receivers, and one alert of one press', async () => {
    const { hear, of } = await bench()
    for (const count of [4, 5]) {
      for (const receiver of ['gate', 'hall']) {
        const reading: Reading = { tag: 'c0ffee010203', temperatureDegC: 20, signals: [sos(count)] }
        hear(receiver, reading, { idNamespace: 'ble', receiver })
      }
    }
    expect(new Set(of('TagInfo').map((event) => event.key))).toEqual(new Set(['ble:c0ffee010203']))
    expect(of('TagAlert')).toHaveLength(1)
    expect(of('TagAlert')[0]?.data).toMatchObject({ tag: 'ble:c0ffee010203', kind: 'sos', edge: 'raised', count: 1, receiver: 'gate' })
  })
  it('take the source for the tag where the link carries one device', async () => {
    const { hear, of } = await bench()
    hear('crane', { geo: { latitudeDeg: 50, longitudeDeg: 8 } })
    expect(of('TagMovement')[0]?.key).toBe('crane:crane')
  })
})

describe('what becomes of a reading', () => {
  it('makes no movement of a fix that the protocol marks as unusable, but keeps that the tag was heard', async () => {
    const { hear, of } = await bench()
    hear('a', { tag: '1', usable: false, position: { x: 0, y: 0 }, extra: { fix_quality: 0 } })
    expect(of('TagMovement')).toEqual([])
    expect(of('TagInfo')[0]?.data).toMatchObject({ tag: 'a:1', unusableFix: { position: { x: 0, y: 0 } }, extra: { fix_quality: 0 } })
  })
  it('raises an alarm of a message that was overtaken, and ends none', async () => {
    const { hear, of } = await bench()
    hear('a', { tag: '1', signals: [sosLevel(true)] })
    hear('a', { tag: '1', stale: true, signals: [sosLevel(false)] })
    expect(of('TagAlert').map(({ data }) => data['edge'])).toEqual(['raised'])
    hear('a', { tag: '1', signals: [sosLevel(false)] })
    hear('a', { tag: '1', stale: true, signals: [sosLevel(true)] })
    expect(of('TagAlert').map(({ data }) => [data['edge'], data['stale']])).toEqual([
      ['raised', undefined],
      ['cleared', undefined],
      ['raised', true]
    ])
  })
  it('keeps the own time of stale data and marks it', async () => {
    const { hear, of } = await bench()
    hear('a', { tag: '1', stale: true, deviceTime: WALL - 60_000, position: { x: 1, y: 1 } })
    hear('a', { tag: '1', deviceTime: WALL + 900_000, position: { x: 1, y: 1 } })
    expect(of('TagMovement').map((event) => [event.time, event.data['stale']])).toEqual([
      [WALL - 60_000, true],
      [WALL + 1_000, undefined]
    ])
  })
  it('gives events that their schemas accept', async () => {
    const { hear, log } = await bench()
    hear('a', {
      tag: '1',
      position: { x: 1, y: 2, z: 3 },
      ranges: [{ anchor: 'c1', rangeM: 2.5, rssiDbm: -70 }],
      quality: 50,
      batteryPct: 90,
      accelMps2: [0, null, 9.8],
      signals: [sosLevel(true)],
      extra: { superframe: 3, nested: { a: [1, null, 'x'] } }
    })
    hear('a', { device: 'c1', online: true })
    hear('a', { device: 'c1', online: false }, { redelivered: true })
    for (const event of log.events) {
      const result = eventDefinition(event.type)?.data.strict().safeParse(event.data)
      expect(result?.error, event.type).toBeUndefined()
    }
    expect(log.events.map((event) => [event.type, event.lane])).toEqual([
      ['TagAlert', 'alarm'],
      ['TagMovement', 'telemetry'],
      ['TagInfo', 'telemetry'],
      ['DeviceStatus', 'telemetry'],
      ['DeviceStatus', 'alarm']
    ])
  })
  it('lets an alert stand alone: last fix with its age, and battery', async () => {
    const { hear, advance, of } = await bench()
    hear('a', { tag: '1', position: { x: 4, y: 5 }, accuracyM: 0.3, batteryPct: 55 })
    advance(7_000)
    hear('a', { tag: '1', signals: [sosLevel(true)] })
    expect(of('TagAlert')[0]?.data).toMatchObject({ batteryPct: 55, lastFix: { position: { x: 4, y: 5 }, accuracyM: 0.3, ageMs: 7_000 } })
  })
})

describe('acknowledgement', () => {
  it('comes when all that came of a delivery is durable, and at once when nothing came of it', async () => {
    const { hear, ingest, log } = await bench()
    const done: string[] = []
    hear(
      'a',
      { tag: '1', position: { x: 1, y: 1 }, batteryPct: 5, signals: [sosLevel(true)] },
      { onDurable: () => done.push('three events') }
    )
    ingest.deliver('a', { readings: [], receivedAt: WALL, monotonicMs: 0, onDurable: () => done.push('none') })
    expect(done).toEqual(['none'])
    log.commit()
    expect(done).toEqual(['none', 'three events'])
  })
})

describe('restarts', () => {
  it('keep the baseline: a press before is not told again, a press meanwhile is', async () => {
    const first = await bench()
    first.hear('a', { tag: '1', signals: [sos(1)] })
    first.hear('a', { tag: '1', signals: [sos(2)] })
    expect(first.of('TagAlert')).toHaveLength(1)
    const again = await bench(createMemoryLog(first.log.state))
    again.hear('a', { tag: '1', signals: [sos(2)] })
    expect(again.of('TagAlert')).toHaveLength(0)
    again.hear('a', { tag: '1', signals: [sos(4)] })
    expect(again.of('TagAlert')[0]?.data).toMatchObject({ count: 2 })
  })
})

describe('standing alarms after a restart', () => {
  async function shownAfter(first: Bench, boot: { startMs: number; bootId?: string; wall?: number }): Promise<readonly TagView[]> {
    const again = await bench(createMemoryLog(first.log.state), undefined, boot)
    expect(again.log.events).toHaveLength(0)
    return again.tags.tags(boot.startMs)
  }

  it('are shown again with the time they were raised and the last fix, until they are cleared', async () => {
    const first = await bench()
    first.hear('a', { tag: '1', position: { x: 4, y: 5 }, signals: [sosLevel(true)] })
    first.hear('a', { tag: '2', signals: [sosLevel(true)] })
    first.hear('a', { tag: '2', signals: [sosLevel(false)] })
    const shown = await shownAfter(first, { startMs: 900_000 })
    expect(shown).toMatchObject([
      { id: 'a:1', source: 'a', position: { x: 4, y: 5 }, alerts: [{ kind: 'sos', atMono: 1_000, time: WALL + 1_000, count: 1 }] }
    ])
  })
  it('keep their age over a reboot of the machine', async () => {
    const first = await bench()
    first.hear('a', { tag: '1', signals: [sosLevel(true)] })
    const shown = await shownAfter(first, { startMs: 50, bootId: 'boot-2', wall: WALL + 60_000 })
    expect(shown[0]?.alerts).toMatchObject([{ atMono: 50 - 59_050, time: WALL + 1_000 }])
  })
  it('that no tag clears lapse as they would have', async () => {
    const first = await bench()
    first.hear('a', { tag: '1', signals: [{ kind: 'fall', form: 'event' }] })
    expect(await shownAfter(first, { startMs: 600_999 })).toHaveLength(1)
    expect(await shownAfter(first, { startMs: 601_000 })).toHaveLength(0)
  })
})

describe('floods', () => {
  const press = (b: Bench, source: string, tag: string, count: number): void => b.hear(source, { tag, signals: [sos(count)] })

  it('of one tag are collapsed to one alert with a count, which says so', async () => {
    const b = await bench(undefined, { maxPerTagPerMinute: 3, maxPerSourcePerMinute: 100 })
    for (let count = 0; count <= 20; count += 1) press(b, 'a', '1', count)
    const during = b.of('TagAlert')
    expect(during).toHaveLength(4)
    expect(during[3]?.data['collapsed']).toMatchObject({ by: 'tag', id: 'a:1', limitPerMinute: 3 })
    b.advance(61_000)
    const after = b.of('TagAlert')
    expect(after).toHaveLength(5)
    expect(after[4]?.data['collapsed']).toMatchObject({ by: 'tag', alerts: 17, windowMs: 60_000, tags: ['a:1'] })
    press(b, 'a', '1', 21)
    expect(b.of('TagAlert')).toHaveLength(6)
  })
  it('of a source never hide the first SOS of a tag', async () => {
    const b = await bench(undefined, { maxPerTagPerMinute: 100, maxPerSourcePerMinute: 5 })
    for (let count = 0; count <= 20; count += 1) press(b, 'a', 'mad', count)
    press(b, 'a', 'worker', 0)
    press(b, 'a', 'worker', 1)
    expect(b.of('TagAlert').at(-1)?.key).toBe('a:worker')
    expect(b.of('TagAlert').at(-1)?.data['collapsed']).toBeUndefined()
  })
  it('do not lose an alarm that still stands when the minute is over', async () => {
    const b = await bench(undefined, { maxPerTagPerMinute: 2, maxPerSourcePerMinute: 100 })
    for (let turn = 0; turn < 5; turn += 1) {
      b.hear('a', { tag: '1', signals: [sosLevel(true)] })
      b.hear('a', { tag: '1', signals: [sosLevel(false)] })
    }
    b.hear('a', { tag: '1', signals: [sosLevel(true)] })
    b.advance(61_000)
    expect(b.of('TagAlert').at(-1)?.data).toMatchObject({ edge: 'raised', collapsed: { alerts: 4 } })
  })
  it('of one tag do not silence another', async () => {
    const b = await bench(undefined, { maxPerTagPerMinute: 1, maxPerSourcePerMinute: 100 })
    for (let count = 0; count <= 5; count += 1) press(b, 'a', '1', count)
    b.hear('a', { tag: '2', signals: [{ kind: 'fall', form: 'event' }] })
    expect(b.of('TagAlert').at(-1)?.key).toBe('a:2')
  })
  it('of a tag or its source never hide its first SOS, whatever else it raises', async () => {
    const b = await bench(undefined, { maxPerTagPerMinute: 3, maxPerSourcePerMinute: 5 })
    for (let id = 0; id < 20; id += 1) b.hear('a', { tag: '1', signals: [{ kind: 'impact', form: 'event', id: `${id}` }] })
    b.hear('a', { tag: '1', signals: [sosLevel(true)] })
    expect(b.of('TagAlert').at(-1)?.data).toMatchObject({ kind: 'sos', edge: 'raised' })
    expect(b.of('TagAlert').at(-1)?.data['collapsed']).toBeUndefined()
  })
  it('tell their sum also when all that was held is over, and that it is over', async () => {
    const b = await bench(undefined, { maxPerTagPerMinute: 1, maxPerSourcePerMinute: 100 })
    for (let turn = 0; turn < 3; turn += 1) {
      b.hear('a', { tag: '1', signals: [sosLevel(true)] })
      b.hear('a', { tag: '1', signals: [sosLevel(false)] })
    }
    expect(b.of('TagAlert').map(({ data }) => data['edge'])).toEqual(['raised', 'cleared', 'raised', 'cleared'])
    b.advance(61_000)
    expect(
      b
        .of('TagAlert')
        .slice(4)
        .map(({ data }) => data)
    ).toMatchObject([{ edge: 'raised', collapsed: { alerts: 2 } }, { edge: 'cleared' }])
  })
})

describe('alerts held back by flood control', () => {
  const LIMITS = { maxPerTagPerMinute: 1, maxPerSourcePerMinute: 100 }
  /** Raises, announces the flood, and then holds one that stands. */
  const holdOne = (b: Bench, onDurable?: () => void): void => {
    for (let turn = 0; turn < 2; turn += 1) {
      b.hear('a', { tag: '1', signals: [sosLevel(true)] })
      b.hear('a', { tag: '1', signals: [sosLevel(false)] })
    }
    b.hear('a', { tag: '1', signals: [sosLevel(true)] }, onDurable === undefined ? {} : { onDurable })
  }

  it('are told after a restart, a minute after the start at the latest, and once', async () => {
    const first = await bench(undefined, LIMITS)
    holdOne(first)
    expect(first.of('TagAlert').at(-1)?.data).toMatchObject({ edge: 'cleared' })
    // Nothing but the committed state survives a loss of power.
    const again = await bench(createMemoryLog(first.log.state), LIMITS, { startMs: 50 })
    expect(again.of('TagAlert')).toHaveLength(0)
    again.advance(60_000)
    expect(again.of('TagAlert').map(({ data }) => data)).toMatchObject([
      { kind: 'sos', edge: 'raised', collapsed: { by: 'tag', id: 'a:1', alerts: 2 } }
    ])
    const third = await bench(createMemoryLog(again.log.state), LIMITS, { startMs: 50 })
    third.advance(60_000)
    expect(third.of('TagAlert')).toHaveLength(0)
  })
  it('are told when the gateway stops in good order', async () => {
    const b = await bench(undefined, LIMITS)
    holdOne(b)
    b.ingest.close()
    expect(b.of('TagAlert').at(-1)?.data).toMatchObject({ kind: 'sos', edge: 'raised', collapsed: { alerts: 2 } })
    const again = await bench(createMemoryLog(b.log.state), LIMITS, { startMs: 50 })
    again.advance(60_000)
    expect(again.of('TagAlert')).toHaveLength(0)
  })
  it('are confirmed to the sender only when they are saved', async () => {
    const b = await bench(undefined, LIMITS)
    const done: string[] = []
    holdOne(b, () => done.push('held'))
    await Promise.resolve()
    expect(done).toEqual([])
    b.log.commit()
    await Promise.resolve()
    expect(done).toEqual(['held'])
  })
  it('are never lost, whatever is pressed and whenever the power fails: what was told last of an input is how it is', async () => {
    const step = fc.record({
      tag: fc.constantFrom('1', '2', '3'),
      kind: fc.constantFrom('sos' as const, 'gas' as const),
      on: fc.boolean(),
      waitMs: fc.constantFrom(0, 0, 0, 5_000, 40_000),
      powerFails: fc.nat(9).map((chance) => chance === 0)
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const limits = { maxPerTagPerMinute: 1, maxPerSourcePerMinute: 2 }
        let startMs = 1_000
        let b = await bench(undefined, limits, { startMs })
        const told = new Map<string, unknown>()
        const truth = new Map<string, string>()
        const note = (): void => {
          for (const { data } of b.of('TagAlert')) told.set(`${data['tag']} ${data['kind']}`, data['edge'])
        }
        for (const { tag, kind, on, waitMs, powerFails } of steps) {
          if (powerFails) {
            note()
            b = await bench(createMemoryLog(b.log.state), limits, { startMs })
          }
          b.advance(waitMs)
          startMs += waitMs
          b.hear('a', { tag, signals: [{ kind, form: 'level', on }] })
          truth.set(`a:${tag} ${kind}`, on ? 'raised' : 'cleared')
        }
        note()
        b = await bench(createMemoryLog(b.log.state), limits, { startMs })
        b.advance(60_000)
        note()
        for (const [input, edge] of truth) expect(told.get(input) ?? 'cleared', input).toBe(edge)
      })
    )
  })
})

describe('what the log lets go while the storage fails', () => {
  it('settles a delivery only with its alarms, and is told in place of durability', async () => {
    const log = createMemoryLog()
    const append = log.append.bind(log)
    const soon: (boolean | undefined)[] = []
    log.append = (event, onDurable, giveUp) => {
      soon.push(giveUp?.soon)
      if (event.lane === 'telemetry' && giveUp !== undefined) giveUp.onGivenUp()
      else append(event, onDurable)
    }
    const { hear } = await bench(log)
    const said: string[] = []
    const waits = (name: string): Partial<Delivery> => ({
      pressing: true,
      onDurable: () => said.push(`${name} durable`),
      onGivenUp: () => said.push(`${name} given up`)
    })
    hear('a', { tag: '1', position: { x: 1, y: 1 } }, waits('movement'))
    expect(said).toEqual(['movement given up'])
    hear('a', { tag: '1', position: { x: 1, y: 1 }, signals: [sosLevel(true)] }, waits('both'))
    expect(said).toEqual(['movement given up'])
    log.commit()
    expect(said.slice(1)).toEqual(['both given up'])
    expect(soon.every((each) => each === true)).toBe(true)
    hear('a', { tag: '1', position: { x: 2, y: 1 } }, { onDurable: () => said.push('nobody asks') })
    log.commit()
    expect(said.at(-1)).toBe('nobody asks')
  })
})

describe('a repeat of what was delivered before', () => {
  it('is durable when that is, and makes no event', async () => {
    const { ingest, log } = await bench()
    const told: string[] = []
    const deliver = (name: string, what: Pick<Delivery, 'readings' | 'repeat'>): void =>
      ingest.deliver('hall', { ...what, receivedAt: WALL, monotonicMs: 1_000, onDurable: () => told.push(name) })
    deliver('first', { readings: [{ tag: '4d18', position: { x: 1, y: 2 } }] })
    deliver('repeat', { readings: [], repeat: true })
    await Promise.resolve()
    expect(told).toEqual([])
    log.commit()
    await waitFor('both', () => told.length === 2)
    expect([told, log.events.length]).toEqual([['first', 'repeat'], 1])
  })
})

describe('a helmet tag that is heard in full and by its advertisements', () => {
  const TAG = [1, 2, 3, 4, 5, 6, 7, 8]
  const report = (sequence: number, falls: number, sos: number): Reading => {
    const alarms = { type: FIELD.alarms, values: [1, 0, 0, sos, 2, 0, 0, falls] }
    const message = { type: TYPE_REPORT, tag: Uint8Array.from(TAG), boot: 3, sequence, fields: encodeFields([alarms]) }
    return only(helmet.createDecoder().decode(sealMessage(message), {}))
  }
  const advertisement = (sequence: number, falls: number, sos: number): Reading => {
    const payload = Uint8Array.of(0x48, 0x54, 0x10, ...TAG, 3, 0, sequence, 0, 0, sos, falls & 15, 255, 0, 0, 0, 0, 0)
    const frame = encodeAdStructures([manufacturerStructure(0xffff, payload)])
    return only(bleAdvertisement.createDecoder().decode(frame, { address: 'c00000000001' }))
  }
  const only = (result: DecodeResult): Reading => {
    const reading = result.kind === 'readings' ? result.readings[0] : undefined
    if (reading === undefined) throw new Error(JSON.stringify(result))
    return reading
  }

  it('gives one alert of one fall and two of two, whichever way is first, over a restart of the gateway as well', async () => {
    for (const order of [
      [report, advertisement],
      [advertisement, report]
    ] as const) {
      const [first, second] = order
      const before = await bench()
      const hearBoth = ({ advance, hear }: Bench, sequence: number, falls: number, sos: number): void => {
        for (const [index, make] of [first, second, first].entries()) {
          hear(make === report ? 'line' : 'radio', make(sequence * 4 + index, falls, sos), { idNamespace: 'helmet' })
          advance(300)
        }
      }
      hearBoth(before, 1, 15, 2)
      hearBoth(before, 2, 16, 2)
      const after = await bench(before.log, undefined, { startMs: 90_000 })
      hearBoth(after, 3, 16, 2)
      hearBoth(after, 4, 17, 3)
      const alerts = after.of('TagAlert').map(({ data, key }) => [key, data['kind'], data['slot'], data['count']])
      expect(alerts).toEqual([
        ['helmet:0102030405060708', 'fall', undefined, 1],
        ['helmet:0102030405060708', 'sos', undefined, 1],
        ['helmet:0102030405060708', 'fall', undefined, 1]
      ])
    }
  })
})

describe('what is read from registers again and again', () => {
  const settings = modbusSettingsSchema.parse({
    port: 'tcp://192.0.2.40:502',
    units: [
      {
        unit: 1,
        signals: [
          { name: 'high_co', tag: 'gas-1', table: 'discrete-input', address: 0, means: 'alarm' },
          { name: 'sensor', tag: 'gas-1', table: 'discrete-input', address: 1, means: 'fault' },
          { name: 'smoke', device: 'panel', table: 'discrete-input', address: 2, means: 'alarm', alarm: 'tamper' },
          { name: 'on', device: 'fan', table: 'discrete-input', address: 3, means: 'running' }
        ]
      }
    ]
  })
  const [group] = planReads(pointsOf(settings), settings)
  const poll = ({ hear }: Bench, bits: number): void => {
    for (const reading of group === undefined ? [] : readingsOf(group, Uint8Array.of(bits))) hear('plant', reading)
  }

  it('raises and ends each alarm once, whatever stands on a tag or a device, and tells at once what was switched', async () => {
    const b = await bench()
    for (const bits of [0b1000, 0b1000, 0b1001, 0b1001, 0b1111, 0b1110, 0b0000, 0b0000]) {
      poll(b, bits)
      b.advance(1_000)
    }
    expect(b.of('TagAlert').map(({ data, key }) => [key, data['kind'], data['slot'], data['edge']])).toEqual([
      ['plant:gas-1', 'gas', 'high_co', 'raised'],
      ['plant:gas-1', 'fault', 'sensor', 'raised'],
      ['plant:panel', 'tamper', 'smoke', 'raised'],
      ['plant:gas-1', 'gas', 'high_co', 'cleared'],
      ['plant:gas-1', 'fault', 'sensor', 'cleared'],
      ['plant:panel', 'tamper', 'smoke', 'cleared']
    ])
    for (const { data } of b.of('TagAlert')) expect(() => eventDefinition('TagAlert')?.data.parse(data)).not.toThrow()
    const fan = b.of('DeviceStatus').filter(({ key }) => key === 'plant:fan')
    expect(fan.map(({ lane }) => lane === 'alarm')).toEqual([false, false, false, false, false, false, true, false])
    expect(fan[6]?.data).toMatchObject({ device: 'plant:fan', online: true, running: false })
    for (const { data } of fan) expect(() => eventDefinition('DeviceStatus')?.data.parse(data)).not.toThrow()
  })
})
