import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decoder, FrameContext } from '../codec.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodeQuuppa, encodeQuuppaAnswer, encodeQuuppaCsv } from './encode-quuppa.ts'
import { quuppaQpeJson } from './quuppa-codec.ts'

const T0 = 1_790_000_000_000
const newDecoder = (settings: object = {}): Decoder => quuppaQpeJson.createDecoder(quuppaQpeJson.settings?.parse(settings))
const readingsOf = (text: string, decoder = newDecoder(), context: FrameContext = {}): readonly Reading[] => {
  const result = decoder.decode(utf8Bytes(text), context)
  if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
  return result.readings
}
const one = (text: string, decoder?: Decoder): Reading => readingsOf(text, decoder)[0] ?? {}

const tagId = fc.integer({ min: 0, max: 2 ** 48 - 1 }).map((value) => value.toString(16).padStart(12, '0'))
const metres = fc.integer({ min: -500_000, max: 500_000 }).map((value) => value / 100 || 0)
const location = fc.tuple(metres, metres, metres)
const record = fc.record({
  tagId,
  location: fc.option(location, { nil: null }),
  locationRadius: fc.nat(1000).map((value) => value / 100),
  locationTS: fc.integer({ min: T0 - 20_000, max: T0 }),
  lastPacketTS: fc.integer({ min: T0 - 20_000, max: T0 }),
  batteryVoltage: fc.integer({ min: 1, max: 400 }).map((value) => value / 100)
})
const records = fc.uniqueArray(record, { maxLength: 20, selector: (item) => item.tagId })

describe('Quuppa', () => {
  it('reads back pushes, polls and CSV, one reading a tag', () => {
    fc.assert(
      fc.property(records, (list) => {
        fc.pre(list.length > 0)
        const places = list.map((item) => ({
          tag: item.tagId,
          deviceTime: item.locationTS,
          ...(item.location === null ? {} : { position: { x: item.location[0], y: item.location[1], z: item.location[2] } })
        }))
        const full = list.map((item, index) => ({ ...places[index], accuracyM: item.locationRadius, batteryV: item.batteryVoltage }))
        expect(readingsOf(encodeQuuppaAnswer(list, T0))).toMatchObject(full)
        expect(list.flatMap((item) => readingsOf(encodeQuuppa(item, T0)))).toMatchObject(full)
        expect(readingsOf(encodeQuuppaCsv(list))).toMatchObject(places)
      })
    )
  })

  it('marks what is repeated of a silent tag, and what was old when it was first told', () => {
    const decoder = newDecoder()
    const tell = (packetMs: number, nowMs: number): boolean | undefined =>
      one(encodeQuuppa({ tagId: 'a4da22e4e75d', location: [1, 2, 3], locationTS: packetMs, lastPacketTS: packetMs }, nowMs), decoder).stale
    expect(tell(T0, T0 + 100)).toBeUndefined()
    expect(tell(T0, T0 + 1100)).toBe(true)
    expect(tell(T0 - 500, T0 + 2100)).toBe(true)
    expect(tell(T0 + 2000, T0 + 2100)).toBeUndefined()
    expect(tell(T0 + 2000, T0 + 90_000)).toBe(true)
    // The engine's clock is set back by an hour: its tags are no less alive.
    expect(tell(T0 - 3_600_000, T0 - 3_600_000)).toBeUndefined()
    expect(tell(T0 - 3_599_000, T0 - 3_599_000)).toBeUndefined()
    expect(one(encodeQuuppa({ tagId: 'a4da22e4e75e', location: [1, 2, 3], lastPacketTS: T0 - 60_000 }, T0), decoder).stale).toBe(true)
  })

  it('moves nobody by an old place of a tag that is still heard', () => {
    const decoder = newDecoder()
    const tell = (locationMs: number, packetMs: number): Reading =>
      one(encodeQuuppa({ tagId: 'a4da22e4e75d', location: [1, 2, 3], locationTS: locationMs, lastPacketTS: packetMs }, packetMs), decoder)
    expect(tell(T0, T0)).not.toHaveProperty('usable')
    const heard = tell(T0, T0 + 1000)
    expect(heard).toMatchObject({ usable: false })
    expect(heard).not.toHaveProperty('stale')
    expect(tell(T0 + 2000, T0 + 2000)).not.toHaveProperty('usable')
  })

  it('tells presses by their time where it is sent, else by the state', () => {
    const at = (fields: object): unknown => one(encodeQuuppa({ tagId: 'a4da22e4e75d', location: null, ...fields }, T0)).signals
    expect(at({ button1State: 'pushed' })).toEqual([{ kind: 'button', slot: '1', form: 'level', on: true }])
    expect(at({ button1State: 'notPushed', button1LastPressTS: T0 - 2000 })).toEqual([
      { kind: 'button', slot: '1', form: 'age', ageS: 2, saturatesAtS: 1e9 }
    ])
    expect(at({ button1State: 'notPushed', button1LastPressTS: null })).toEqual([
      { kind: 'button', slot: '1', form: 'age', ageS: 1e9, saturatesAtS: 1e9 }
    ])
    expect(at({ batteryAlarm: 'low' })).toEqual([{ kind: 'low-battery', form: 'level', on: true }])
  })

  it('needs no clock of its own: without responseTS the last packet tells the age of a press, and a repeat tells none', () => {
    const decoder = newDecoder()
    const tell = (packetMs: number): Reading =>
      readingsOf(
        JSON.stringify({ tagId: 'a4da22e4e75d', lastPacketTS: packetMs, button1State: 'notPushed', button1LastPressTS: T0 - 2000 }),
        decoder,
        { receivedAt: T0 + 7_200_000 }
      )[0] ?? {}
    expect(tell(T0)).toMatchObject({ signals: [{ form: 'age', ageS: 2 }] })
    const again = tell(T0)
    expect(again.stale).toBe(true)
    expect(again).not.toHaveProperty('signals')
    const later = tell(T0 + 5000)
    expect(later).toMatchObject({ signals: [{ form: 'age', ageS: 7 }] })
    expect(later).not.toHaveProperty('stale')
  })

  it('reads CSV by the columns of the settings', () => {
    const decoder = newDecoder({ csvColumns: ['tagId', 'locationX', 'locationY', 'locationZ', 'locationTS'] })
    expect(readingsOf(`A4:DA:22:E4:E7:5D;1.5;-2;;${T0}\r\na4da22e4e75e;;;;\r\n`, decoder)).toMatchObject([
      { tag: 'a4da22e4e75d', position: { x: 1.5, y: -2 }, deviceTime: T0 },
      { tag: 'a4da22e4e75e' }
    ])
    expect(newDecoder().decode(utf8Bytes('a4da22e4e75d,1,2'), {})).toMatchObject({ kind: 'error', code: 'FRAME_CONTEXT' })
  })

  it('loses no tag to a record that is none', () => {
    const good = { tagId: 'a4da22e4e75d' }
    expect(readingsOf(JSON.stringify({ tags: [null, good, { tagId: 5 }] }))).toMatchObject([
      { tag: 'a4da22e4e75d', extra: { refused_records: 2 } }
    ])
  })

  it('never throws', () => {
    const decoder = newDecoder({ csvColumns: ['tagId', 'locationX', 'locationY'] })
    const json = fc.oneof(
      fc.json(),
      fc
        .dictionary(
          fc.constantFrom('tagId', 'location', 'locationTS', 'lastPacketTS', 'tags', 'acceleration', 'button1LastPressTS', '__proto__'),
          fc.jsonValue()
        )
        .map((value) => JSON.stringify(value)),
      fc.string(),
      fc.tuple(records, fc.nat(400), fc.string({ maxLength: 3 })).map(([list, at, text]) => {
        const whole = encodeQuuppaAnswer(list, T0)
        return whole.slice(0, at) + text + whole.slice(at + text.length)
      })
    )
    fc.assert(
      fc.property(json, (text) => {
        const result = decoder.decode(utf8Bytes(text), { receivedAt: T0 })
        expect(JSON.stringify(result)).not.toMatch(/NaN|Infinity/)
      })
    )
  })
})
