import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import type { DecodeResult } from '../codec.ts'
import { latin1Text, utf8Bytes } from '../kit/text.ts'
import { encodeGga, encodeRmc, encodeSentence } from './encode-nmea.ts'
import { MAX_FRAME_BYTES, NmeaFramer } from './nmea-framer.ts'
import { nmea0183 } from './nmea0183-codec.ts'
import { checksumText } from './sentence.ts'

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const frames = (stream: Uint8Array): string[] => {
  const out: string[] = []
  new NmeaFramer().push(stream, (frame) => out.push(latin1Text(frame)))
  return out
}
const decode = (text: string): DecodeResult => nmea0183.createDecoder().decode(utf8Bytes(text), {})

const latitude = fc.double({ min: -90, max: 90, noNaN: true })
const longitude = fc.double({ min: -180, max: 180, noNaN: true })
/** 1980 to 2079: what two digits of a year can say. */
const timeMs = fc.integer({ min: Date.UTC(1980, 0, 1), max: Date.UTC(2080, 0, 1) - 1 })

describe('NMEA 0183', () => {
  it('reads back position, speed, course and time within the last digit', () => {
    fc.assert(
      fc.property(
        latitude,
        longitude,
        timeMs,
        fc.nat(80),
        fc.integer({ min: 0, max: 36_000 }),
        (latitudeDeg, longitudeDeg, at, speedMps, course) => {
          const result = decode(encodeRmc({ timeMs: at, geo: { latitudeDeg, longitudeDeg }, speedMps, courseDeg: course / 100 }))
          expect(result).toMatchObject({
            readings: [{ deviceTime: at, courseDeg: course / 100, extra: { valid: true, datetime_utc: new Date(at).toISOString() } }]
          })
          const [reading] = result.kind === 'readings' ? result.readings : []
          expect(Math.abs((reading?.geo?.latitudeDeg ?? 999) - latitudeDeg)).toBeLessThan(3e-9)
          expect(Math.abs((reading?.geo?.longitudeDeg ?? 999) - longitudeDeg)).toBeLessThan(3e-9)
          expect(Math.abs((reading?.speedMps ?? 999) - speedMps)).toBeLessThan(1e-4)
          expect(reading?.usable).toBeUndefined()
        }
      )
    )
  })

  it('reads back height, and lends the date of RMC to GGA', () => {
    fc.assert(
      fc.property(
        timeMs,
        fc.integer({ min: -500_000, max: 9_000_000 }),
        fc.integer({ min: -110_000, max: 90_000 }),
        (at, altitudeMm, separationMm) => {
          const geo = { latitudeDeg: 1.5, longitudeDeg: -2.25, altitudeM: altitudeMm / 1000, geoidSeparationM: separationMm / 1000 }
          const decoder = nmea0183.createDecoder()
          decoder.decode(utf8Bytes(encodeRmc({ timeMs: at, geo })), {})
          const result = decoder.decode(utf8Bytes(encodeGga({ timeMs: at, geo, satellites: 9, hdop: 1.25 })), {})
          expect(result).toMatchObject({
            readings: [{ deviceTime: at, geo, extra: { satellites: 9, hdop: 1.25, fix_quality: 1, valid: true } }]
          })
        }
      )
    )
  })

  it('calls a fix unusable when the receiver has none', () => {
    for (const text of [encodeRmc({ timeMs: 1e12 }), encodeGga({ timeMs: 1e12, satellites: 0, hdop: 99.99 })]) {
      const result = decode(text)
      expect(result).toMatchObject({ readings: [{ usable: false, extra: { valid: false } }] })
      expect(JSON.stringify(result)).not.toContain('"geo"')
    }
  })

  it('drops a sentence with any one character changed', () => {
    const good = encodeRmc({ timeMs: 1e12, geo: { latitudeDeg: 48.1, longitudeDeg: 11.5 }, speedMps: 1, courseDeg: 90 }).trim()
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
        const changed = good.slice(0, at) + String.fromCharCode(code) + good.slice(at + 1)
        const sameChecksum = changed.slice(0, -2) === good.slice(0, -2) && changed.toUpperCase() === good.toUpperCase()
        fc.pre(!sameChecksum)
        expect(decode(changed).kind).toBe('error')
      }),
      { numRuns: 500 }
    )
  })

  it('never throws on what a checksum happens to fit', () => {
    const field = fc.oneof(fc.constantFrom('', 'A', 'N', 'E', '4807.038', '120000', '01', '99.99', '-1'), fc.string({ maxLength: 8 }))
    const type = fc.constantFrom('GGA', 'RMC', 'GNS', 'GLL', 'VTG', 'GST', 'GSA', 'GSV', 'ZDA', 'TXT', 'HDT', 'THS', 'HDM', 'HDG', 'XXX')
    fc.assert(
      fc.property(type, fc.array(field, { maxLength: 22 }), (name, fields) => {
        const body = `GP${name},${fields.join(',')}`
        const result = decode(`$${body}*${checksumText(body)}`)
        const readings = result.kind === 'readings' ? result.readings : []
        for (const reading of readings) {
          expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
          if (reading.geo) expect(Math.abs(reading.geo.latitudeDeg) <= 90 && Math.abs(reading.geo.longitudeDeg) <= 180).toBe(true)
        }
      }),
      { numRuns: 2000 }
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (frame) => void nmea0183.createDecoder().decode(frame, {})))
  })
})

describe('NMEA framer', () => {
  const sentence = fc.constantFrom('HEHDT,274.07,T', 'GPTXT,01,01,02,a text', 'GNZDA,160012.71,11,03,2004,-1,00').map(encodeSentence)
  const tag = fc.constantFrom('', '\\s:gw7*6E\\')
  /** Binary between sentences: UBX and RTCM heads, reserved characters, line ends, anything. */
  const noise = fc
    .array(
      fc.oneof(
        fc.constantFrom('$', '!', '\\', '\r\n', '\xb5b\x01\x07', '\xd3\x00', 'text', '$GPRMC,1200'),
        fc.string({ unit: 'binary-ascii', maxLength: 6 })
      ),
      { maxLength: 8 }
    )
    .map((parts) => parts.join(''))

  it('gives the same frames however the stream is split', () => {
    const stream = fc.array(fc.oneof(sentence, tag, noise), { maxLength: 12 }).map((parts) => latin1(parts.join('')))
    fc.assert(
      fc.property(stream, fc.array(fc.nat(600), { maxLength: 20 }), (bytes, cuts) => {
        expect(framesInPieces(new NmeaFramer(), bytes, cuts)).toEqual(framesInPieces(new NmeaFramer(), bytes, []))
      })
    )
  })

  it('finds every whole sentence, with its TAG block, behind any noise', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, tag, sentence), { maxLength: 6 }), (parts) => {
        const found = frames(latin1(parts.flat().join('')))
        for (const [, , text] of parts) expect(found.some((frame) => frame.endsWith(text.trim()))).toBe(true)
        const separated = frames(latin1(parts.map(([before, block, text]) => `${before}\n${block}${text}`).join('')))
        for (const [, block, text] of parts) expect(separated).toContain(block + text.trim())
      })
    )
  })

  it('takes any noise: no throw, frames within the cap, every byte accounted for', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 1500 }),
      fc.constantFrom('$', '\\', '$a', '\\a\\').map((part) => latin1(part.repeat(700))),
      fc.constant(latin1(`$${'x'.repeat(2000)}\n$ok\n`))
    )
    fc.assert(
      fc.property(bytes, (stream) => {
        const framer = new NmeaFramer()
        let framed = 0
        framer.push(stream, (frame) => {
          expect(frame.length).toBeLessThanOrEqual(MAX_FRAME_BYTES)
          framed += frame.length
        })
        framer.reset()
        const ends = stream.filter((byte) => byte === 10 || byte === 13).length
        expect(framed + framer.counters.discardedBytes + ends).toBe(stream.length)
      })
    )
  })

  it('counts an over-long line and goes on with the next sentence', () => {
    const framer = new NmeaFramer()
    const found: string[] = []
    framer.push(latin1(`$${'x'.repeat(MAX_FRAME_BYTES + 100)}$HEHDT,1.0,T*2E\r\n`), (frame) => found.push(latin1Text(frame)))
    expect(found).toEqual(['$HEHDT,1.0,T*2E'])
    expect(framer.counters).toMatchObject({ frames: 1, oversize: 1, discardedBytes: MAX_FRAME_BYTES + 101 })
  })
})
