import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanReadings } from './clean-readings.ts'
import { readingSchema } from './reading-schema.ts'

const sos = { kind: 'sos', form: 'level', on: true }

describe('readings of third parties', () => {
  it('are what every protocol of this program gives', () => {
    const files = readdirSync('firmware-protocols', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.vectors.json'))
    const vectors = files.flatMap(
      (name) => JSON.parse(readFileSync(`firmware-protocols/${name}`, 'utf8')) as { title: string; expect: { readings?: object[] } }[]
    )
    expect(vectors.length).toBeGreaterThan(300)
    for (const { expect: expected, title } of vectors) {
      const clean = cleanReadings(expected.readings ?? [])
      expect(clean.amiss, title).toEqual([])
      expect(clean.readings, title).toEqual(expected.readings ?? [])
    }
  })

  it('lose what makes no sense, and never an alarm for it', () => {
    const { amiss, readings } = cleanReadings([
      {
        tag: '4d18',
        batteryPct: 900,
        humidityPct: Number.NaN,
        hearbeat: 7,
        signals: [sos, { kind: 'doom', form: 'level', on: true }, { kind: 'fall', form: 'event' }]
      }
    ])
    expect(readings).toEqual([{ tag: '4d18', signals: [sos, { kind: 'fall', form: 'event' }] }])
    expect(amiss.join()).toContain('readings[0].batteryPct')
    expect(amiss.join()).toContain('hearbeat')
  })

  it('are refused whole when it is not clear whose they are, and when nothing is left', () => {
    for (const reading of [
      { tag: 'a b', signals: [sos] },
      { tag: 7, signals: [sos] },
      { tag: '4d18', idNamespace: 'ÄÖ', signals: [sos] },
      { tag: '4d18', batteryPct: 'full' },
      'reading',
      null,
      [sos]
    ])
      expect(cleanReadings([reading]).readings, JSON.stringify(reading)).toEqual([])
    expect(cleanReadings('readings').amiss).toEqual(['readings are no list'])
    expect(cleanReadings(Array.from({ length: 1_500 }, () => ({ tag: 'a', moving: true }))).readings).toHaveLength(1_000)
  })

  it('hold no more than plain data of a bounded size', () => {
    const deep = (depth: number): object => (depth === 0 ? {} : { inner: deep(depth - 1) })
    for (const value of [
      () => 1,
      deep(20),
      'x'.repeat(20_000),
      Array.from({ length: 20_000 }, () => 0),
      new Map([['a', 1]]),
      Number.POSITIVE_INFINITY
    ])
      expect(cleanReadings([{ tag: 'a', moving: true, extra: { value } }]).readings).toEqual([{ tag: 'a', moving: true }])
  })

  it('are readings whatever was given', () => {
    const field = fc.constantFrom('tag', 'device', 'position', 'signals', 'batteryPct', 'ranges', 'extra', 'geo', 'accelMps2', 'nonsense')
    fc.assert(
      fc.property(fc.anything(), fc.dictionary(field, fc.anything({ withNullPrototype: true })), (anything, reading) => {
        for (const clean of [cleanReadings(anything), cleanReadings([anything, reading, { tag: '4d18', signals: [sos] }])])
          for (const each of clean.readings) expect(readingSchema.safeParse(each).success).toBe(true)
        expect(cleanReadings([reading, { tag: '4d18', signals: [sos] }]).readings).toContainEqual({ tag: '4d18', signals: [sos] })
      })
    )
  })
})
