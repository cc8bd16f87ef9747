import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FrameContext } from '../codec.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodePozyx } from './encode-pozyx.ts'
import { pozyxMqtt } from './pozyx-codec.ts'

const T0 = 1_790_000_000_000
const decoder = pozyxMqtt.createDecoder()
const readingsOf = (text: string, context: FrameContext = { topic: 'tags' }): readonly Reading[] => {
  const result = decoder.decode(utf8Bytes(text), context)
  if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
  return result.readings
}

const metres = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((mm) => mm / 1000 || 0)
const mg = fc.integer({ min: -16_000, max: 16_000 })
const blink = fc.record({
  tagId: fc.nat(1e8).map(String),
  timeMs: fc.integer({ min: 1, max: 4e12 }),
  position: fc.option(fc.record({ x: metres, y: metres, z: metres }), { nil: null }),
  blinkIndex: fc.nat(1e7),
  accelerometer: fc.array(fc.tuple(mg, mg, mg), { minLength: 1, maxLength: 4 }),
  anchors: fc.array(fc.record({ anchorId: fc.nat(60_000).map(String), rss: fc.integer({ min: -110, max: -40 }) }), { maxLength: 5 })
})

describe('Pozyx', () => {
  it('reads back every blink, one reading each', () => {
    fc.assert(
      fc.property(fc.array(blink, { minLength: 1, maxLength: 10 }), (list) => {
        const readings = readingsOf(encodePozyx(list))
        expect(readings).toMatchObject(
          list.map((item) => ({
            tag: item.tagId,
            deviceTime: item.timeMs,
            sequence: item.blinkIndex,
            accelMps2: item.accelerometer.at(-1)?.map((value) => expect.closeTo((value * 9.80665) / 1000, 9) as number),
            ...(item.position === null ? {} : { position: item.position }),
            extra: {
              success: item.position !== null,
              latency_s: 0.02,
              anchors: item.anchors.map(({ anchorId, rss }) => ({ anchor_id: anchorId, rssi_dbm: rss }))
            }
          }))
        )
        readings.forEach((reading, index) => {
          const item = list[index]
          if (item?.position === null) expect(reading).not.toHaveProperty('position')
          const strongest = item?.anchors.toSorted((a, b) => b.rss - a.rss)[0]
          expect(reading.rssiDbm).toBe(strongest?.rss)
        })
      })
    )
  })

  it('keeps a place that is no success from moving anybody, and a place without the flag as one', () => {
    const at = (fields: object): Reading | undefined =>
      readingsOf(JSON.stringify([{ tagId: '1', timestamp: T0 / 1000, data: { coordinates: { x: 1000, y: 2000, z: 0 } }, ...fields }]))[0]
    expect(at({ success: false })).toMatchObject({ position: { x: 1, y: 2, z: 0 }, usable: false })
    expect(at({})).not.toHaveProperty('usable')
    expect(at({ data: { coordinates: { x: 1000, y: null } } })).not.toHaveProperty('position')
  })

  it('takes a retained message for an old one', () => {
    const text = encodePozyx([{ tagId: '1', timeMs: T0, position: { x: 1, y: 1 } }])
    expect(readingsOf(text, { topic: 'tags', retained: true })[0]?.stale).toBe(true)
    expect(readingsOf(text)[0]).not.toHaveProperty('stale')
  })

  it('loses no tag to an element that is none', () => {
    expect(readingsOf(JSON.stringify([5, { tagId: '' }, { tagId: '7' }]))).toMatchObject([{ tag: '7', extra: { refused_elements: 2 } }])
  })

  it('never throws', () => {
    const member = fc.constantFrom(
      'tagId',
      'deviceId',
      'timestamp',
      'success',
      'data',
      'coordinates',
      'tagData',
      'anchorData',
      'metrics',
      'accelerometer',
      'zones',
      '__proto__'
    )
    const data = fc.dictionary(
      member,
      fc.oneof(fc.jsonValue(), fc.constantFrom([[1, 2, 3]], [{ x: 1, y: 2, z: 'q' }], [{ anchorId: 1, rss: -5 }], { x: 1, y: 2 }))
    )
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .array(
          fc.record({
            tagId: fc.constantFrom('1', 2, null),
            deviceId: fc.constantFrom('aa:bb:cc:dd:ee:ff', undefined),
            data,
            timestamp: fc.jsonValue()
          }),
          { maxLength: 3 }
        )
        .map((list) => JSON.stringify(list)),
      fc.tuple(blink, fc.nat(200), fc.string({ maxLength: 2 })).map(([item, at, noise]) => {
        const whole = encodePozyx([item])
        return whole.slice(0, at) + noise + whole.slice(at + 1)
      })
    )
    fc.assert(
      fc.property(text, (message) => {
        expect(['readings', 'ignored', 'error']).toContain(decoder.decode(utf8Bytes(message), {}).kind)
      })
    )
  })
})
