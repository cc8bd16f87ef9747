import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import type { DecodeResult } from '../codec.ts'
import { fromHex, toHex } from '../kit/hex.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { crc32c } from './crc32c.ts'
import { decodeFields, encodeFields, type RawField } from './encode-helmet.ts'
import { helmet } from './helmet-codec.ts'
import { FIELD } from './helmet-fields.ts'
import { fieldsEnd, HEADER_BYTES, isMacRight, type MessageParts, sealMessage, TYPE_COMMAND, TYPE_REPORT } from './helmet-message.ts'
import { sipHash24 } from './siphash.ts'

const bytesOf = (hex: string): Uint8Array => {
  const bytes = fromHex(hex)
  if (bytes === undefined) throw new Error(hex)
  return bytes
}
const KEY_HEX = '000102030405060708090a0b0c0d0e0f'
const KEY = bytesOf(KEY_HEX)
const TAG_HEX = '0102030405060708'
const TAG = bytesOf(TAG_HEX)
const BATTERY: RawField = { type: FIELD.battery, values: [3700, 80, 0] }
const report = (parts: Partial<MessageParts> = {}, fields: readonly RawField[] = [BATTERY]): Uint8Array =>
  sealMessage({ type: TYPE_REPORT, tag: TAG, boot: 5, sequence: 1, fields: encodeFields(fields), ...parts })
const keyed = (settings: object = {}) =>
  helmet.createDecoder(helmet.settings?.parse({ keys: [{ tag: TAG_HEX, key: KEY_HEX }], ...settings }))
const readingOf = (result: DecodeResult): Reading => {
  const reading = result.kind === 'readings' ? result.readings[0] : undefined
  if (reading === undefined) throw new Error(JSON.stringify(result))
  return reading
}
const code = (result: DecodeResult): string => (result.kind === 'error' ? result.code : result.kind)

describe('the parts of the specification', () => {
  it('gives the published results of SipHash-2-4', () => {
    const mac = new Uint8Array(8)
    // Of the reference implementation: the empty message, and those of the counting bytes of 1, 7, 8, 15 and 63.
    const published = {
      0: '310e0edd47db6f72',
      1: 'fd67dc93c539f874',
      7: '37d1018bf50002ab',
      8: '6224939a79f5f593',
      15: 'e545be4961ca29a1',
      63: '724506eb4c328a95'
    }
    for (const [length, result] of Object.entries(published)) {
      const message = Uint8Array.from({ length: Number(length) }, (_unused, index) => index)
      sipHash24(KEY, message, 0, message.length, mac)
      expect(toHex(mac), length).toBe(result)
    }
  })

  it('gives the published CRC-32C', () => {
    expect(crc32c(utf8Bytes('123456789'), 0, 9)).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32), 0, 32)).toBe(0x8a9136aa)
  })
})

describe('fields', () => {
  const i32 = fc.integer({ min: -0x7fff_ffff, max: 0x7fff_ffff })
  const i16 = fc.integer({ min: -0x7fff, max: 0x7fff })
  const u8 = fc.nat(255)

  it('reads back what a tag measured', () => {
    const measured = fc.record({
      at: fc.tuple(i32, i32, i32),
      quality: fc.nat(100),
      mv: fc.nat(65_534),
      percent: fc.nat(100),
      charging: fc.boolean(),
      accel: fc.tuple(i16, i16, i16),
      samples: fc.array(fc.tuple(i16, i16, i16), { minLength: 1, maxLength: 60 }),
      temperature: fc.integer({ min: -27_315, max: 0x7fff }),
      humidity: fc.nat(10_000),
      pressure: fc.nat(0xffff_fffe),
      ppmThousandths: fc.nat(0xffff_fffe),
      heartRate: fc.integer({ min: 1, max: 255 }),
      spo2: fc.nat(100),
      worn: fc.boolean(),
      time: fc.nat(8_640_000_000_000_000),
      rangeMm: fc.nat(0xffff_ffff),
      rssi: fc.integer({ min: -128, max: 126 })
    })
    fc.assert(
      fc.property(measured, (m) => {
        const short = [0, 0, 0, 0, 0, 0, 0x4d, 0x18, m.rangeMm, m.quality, m.rssi]
        const long = [...TAG, m.rangeMm, 255, 127]
        const got = readingOf(
          helmet.createDecoder().decode(
            report({}, [
              { type: FIELD.position, values: [...m.at, 0xffff, m.quality] },
              { type: FIELD.battery, values: [m.mv, m.percent, m.charging ? 1 : 0] },
              { type: FIELD.acceleration, values: [250, 4000, 20, ...m.accel] },
              { type: FIELD.samples, values: [600, 1000, ...m.samples.flat()] },
              { type: FIELD.climate, values: [m.temperature, m.humidity, m.pressure] },
              { type: FIELD.gases, values: [1, 0, m.ppmThousandths, 3, 2, 20_900, 2, 0, 0xffff_ffff] },
              { type: FIELD.wearer, values: [m.heartRate, m.spo2, m.worn ? 1 : 0] },
              { type: FIELD.time, values: [m.time % 2 ** 32, Math.floor(m.time / 2 ** 32)] },
              { type: FIELD.ranges, values: [...short, ...long] }
            ]),
            {}
          )
        )
        const { extra, sequence, ...said } = got
        expect(sequence).toBe(1)
        expect(extra).toEqual({
          version: '1.0',
          boot_count: 5,
          authentic: false,
          accel_window_s: 0.25,
          accel_peak_mps2: 40,
          accel_least_mps2: 0.2
        })
        expect(said).toEqual({
          tag: TAG_HEX,
          position: { x: m.at[0] / 1000, y: m.at[1] / 1000, z: m.at[2] / 1000 },
          quality: m.quality,
          batteryV: m.mv / 1000,
          batteryPct: m.percent,
          charging: m.charging,
          accelMps2: m.accel.map((value) => value / 100),
          accelWindow: { ageMs: 600, rateHz: 100, samplesMps2: m.samples.map((sample) => sample.map((value) => value / 100)) },
          temperatureDegC: m.temperature / 100,
          humidityPct: m.humidity / 100,
          pressurePa: m.pressure,
          gases: [
            { gas: 'co', ppm: m.ppmThousandths / 1000 },
            { gas: 'o2', volumePct: 20.9 }
          ],
          heartRateBpm: m.heartRate,
          spo2Pct: m.spo2,
          helmetWorn: m.worn,
          deviceTime: m.time,
          ranges: [
            { anchor: '4d18', rangeM: m.rangeMm / 1000, quality: m.quality, rssiDbm: m.rssi },
            { anchor: TAG_HEX, rangeM: m.rangeMm / 1000 }
          ]
        })
      })
    )
  })

  it('leaves out what is not measured', () => {
    const none: readonly RawField[] = [
      { type: FIELD.position, values: [1000, 2000, -0x8000_0000, 0xffff, 255] },
      { type: FIELD.battery, values: [0xffff, 255, 0] },
      { type: FIELD.acceleration, values: [0, 0xffff, 0xffff, -0x8000, -0x8000, -0x8000] },
      { type: FIELD.climate, values: [-0x8000, 0xffff, 0xffff_ffff] },
      { type: FIELD.wearer, values: [0, 255, 255] },
      { type: FIELD.movement, values: [7, 255] }
    ]
    const { extra: _, ...said } = readingOf(helmet.createDecoder().decode(report({}, none), {}))
    expect(said).toEqual({ tag: TAG_HEX, sequence: 1, position: { x: 1, y: 2 }, charging: false, movementCount: 7 })
  })

  it('keeps fields of later versions, and the tails of longer ones, and reads the rest', () => {
    const fields = Uint8Array.of(
      0x3f,
      2,
      0xab,
      0xcd,
      FIELD.uptime,
      6,
      9,
      0,
      0,
      0,
      0x11,
      0x22,
      FIELD.climate,
      1,
      0x33,
      FIELD.movement,
      3,
      4,
      0,
      1
    )
    const reading = readingOf(helmet.createDecoder().decode(report({ version: 0x1f, fields }), {}))
    expect(reading).toMatchObject({
      moving: true,
      movementCount: 4,
      extra: {
        version: '1.15',
        uptime_s: 9,
        unknown_fields: [
          { type: 0x3f, hex: 'abcd' },
          { type: FIELD.uptime, hex: '1122' },
          { type: FIELD.climate, hex: '33' }
        ]
      }
    })
  })

  it('tells alarms of a moment by their count and those that last by their level', () => {
    fc.assert(
      fc.property(u8, u8, fc.boolean(), (count, slot, on) => {
        const bits = on ? 1 : 0
        const values = [1, 0, bits, count, 9, slot, bits, count, 4, 0, bits, count, 200, 0, bits, count]
        const reading = readingOf(helmet.createDecoder().decode(report({}, [{ type: FIELD.alarms, values }]), {}))
        expect(reading.signals).toEqual([
          { kind: 'sos', form: 'counter', count, modulus: 256, active: on, boot: 5 },
          { kind: 'button', slot: String(slot === 0 ? 1 : slot), form: 'counter', count, modulus: 256, active: on, boot: 5 },
          { kind: 'motionless', form: 'level', on }
        ])
        expect(reading.extra?.['alarms']).toHaveLength(4)
      })
    )
  })

  it('reads answers to commands', () => {
    const answers = [
      { type: FIELD.answer, values: [4_000_000_000, 0] },
      { type: FIELD.answer, values: [7, 2] },
      { type: FIELD.answer, values: [8, 99] }
    ]
    expect(readingOf(helmet.createDecoder().decode(report({}, answers), {})).commandAnswers).toEqual([
      { id: '4000000000', accepted: true },
      { id: '7', accepted: false, why: 'the tag cannot do it' },
      { id: '8', accepted: false, why: 'result 99 of the tag' }
    ])
  })

  it('refuses fields that do not fill the message', () => {
    for (const hex of ['05', '0504', '0504e80e', '05ff', '05ff0400740e5000', '05ff0001740e5000'])
      expect(code(helmet.createDecoder().decode(report({ fields: bytesOf(hex) }), {})), hex).toBe('FRAME_LENGTH')
  })
})

describe('MAC', () => {
  it('takes what the key of the tag sealed, and nothing else of this tag', () => {
    const decoder = keyed()
    expect(readingOf(decoder.decode(report({ key: KEY }), {})).extra).toMatchObject({ authentic: true })
    const other = KEY.map((byte) => byte ^ 1)
    expect(code(decoder.decode(report({ key: other, sequence: 2 }), {}))).toBe('FRAME_CHECKSUM')
    expect(code(decoder.decode(report({ sequence: 2 }), {}))).toBe('FRAME_CONTEXT')
    expect(code(decoder.decode(report({ sequence: 2, tag: KEY.subarray(8) }), {}))).toBe('readings')
  })

  it('demands a MAC of all tags, or of none, as it is told', () => {
    const strict = keyed({ requireMac: true })
    expect(code(strict.decode(report({ tag: KEY.subarray(8) }), {}))).toBe('FRAME_CONTEXT')
    expect(code(strict.decode(report({ key: KEY }), {}))).toBe('readings')
    const lax = keyed({ requireMac: false })
    expect(code(lax.decode(report(), {}))).toBe('readings')
    expect(code(lax.decode(report({ sequence: 2, key: KEY.map((byte) => byte ^ 1) }), {}))).toBe('FRAME_CHECKSUM')
  })

  it('takes the key of the frame before that of the settings', () => {
    const context = { key: KEY }
    expect(code(helmet.createDecoder().decode(report({ key: KEY }), context))).toBe('readings')
    expect(code(helmet.createDecoder().decode(report(), context))).toBe('FRAME_CONTEXT')
    expect(code(helmet.createDecoder().decode(report({ key: KEY }), { key: KEY.subarray(1) }))).toBe('FRAME_CONTEXT')
  })

  it('finds every change of a sealed message, even with a new CRC', () => {
    const whole = report({ key: KEY })
    fc.assert(
      fc.property(fc.integer({ min: 8, max: whole.length - 5 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const forged = whole.slice()
        forged[at] = (forged[at] ?? 0) ^ change
        new DataView(forged.buffer).setUint32(forged.length - 4, crc32c(forged, 0, forged.length - 4), true)
        expect(code(helmet.createDecoder().decode(forged, { key: KEY }))).toBe('FRAME_CHECKSUM')
      })
    )
  })
})

/** Remembers everything; what a receiver with little memory must agree with. */
class Model {
  readonly #heard = new Set<string>()
  #boot = -1
  #highest = -1

  hear(boot: number, sequence: number): string {
    const pair = `${boot} ${sequence}`
    const known = this.#heard.has(pair)
    const ahead = boot === this.#boot ? sequence - this.#highest : boot - this.#boot
    if (ahead <= 0 && (boot !== this.#boot || ahead < -32)) return 'FRAME_CONTEXT'
    this.#heard.add(pair)
    if (ahead <= 0) return known ? 'ignored' : 'late'
    this.#boot = boot
    this.#highest = sequence
    return 'readings'
  }
}

describe('sequence', () => {
  it('takes each message once, late ones as old, and refuses replays', () => {
    const decoder = keyed()
    const say = (boot: number, sequence: number) => decoder.decode(report({ key: KEY, boot, sequence }), {})
    expect(readingOf(say(5, 100)).stale).toBeUndefined()
    expect(code(say(5, 100))).toBe('ignored')
    expect(readingOf(say(5, 103)).stale).toBeUndefined()
    expect(readingOf(say(5, 102)).stale).toBe(true)
    expect(code(say(5, 102))).toBe('ignored')
    expect(code(say(5, 70))).toBe('FRAME_CONTEXT')
    expect(readingOf(say(5, 71)).stale).toBe(true)
    expect(readingOf(say(6, 0)).stale).toBeUndefined()
    expect(code(say(5, 104))).toBe('FRAME_CONTEXT')
  })

  it('behaves as a memory of everything that was heard', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(80)), { maxLength: 200 }), (pairs) => {
        const decoder = keyed()
        const model = new Model()
        for (const [boot, sequence] of pairs) {
          const expected = model.hear(boot, sequence)
          const got = decoder.decode(report({ key: KEY, boot, sequence }), {})
          expect(got.kind === 'readings' && readingOf(got).stale === true ? 'late' : code(got)).toBe(expected)
        }
      })
    )
  })

  it('begins anew for a tag without a key that lost its memory', () => {
    const decoder = helmet.createDecoder()
    expect(code(decoder.decode(report({ boot: 9, sequence: 4 }), {}))).toBe('readings')
    expect(code(decoder.decode(report({ boot: 9, sequence: 4 }), {}))).toBe('ignored')
    expect(code(decoder.decode(report({ boot: 1, sequence: 0 }), {}))).toBe('readings')
    expect(code(decoder.decode(report({ boot: 1, sequence: 0 }), {}))).toBe('ignored')
  })

  it('keeps what is known of tags with keys however many strangers send', () => {
    const decoder = keyed()
    expect(code(decoder.decode(report({ key: KEY, sequence: 9 }), {}))).toBe('readings')
    for (let i = 0; i < 40_000; i++) {
      const tag = new Uint8Array(8)
      new DataView(tag.buffer).setUint32(0, i)
      decoder.decode(report({ tag }), {})
    }
    expect(code(decoder.decode(report({ key: KEY, sequence: 9 }), {}))).toBe('ignored')
  })

  it('marks what a broker retained as old', () => {
    expect(readingOf(helmet.createDecoder().decode(report(), { retained: true })).stale).toBe(true)
  })
})

describe('what is no report', () => {
  it('ignores messages to tags and types of later versions, and refuses another major version', () => {
    const decoder = helmet.createDecoder()
    expect(decoder.decode(report({ type: TYPE_COMMAND }), {}).kind).toBe('ignored')
    expect(decoder.decode(report({ type: 0x42 }), {}).kind).toBe('ignored')
    expect(code(decoder.decode(report({ version: 0x20 }), {}))).toBe('FRAME_FORMAT')
  })

  it('takes a message only from the topic of its tag', () => {
    const on = (topic: string) => code(helmet.createDecoder().decode(report(), { topic }))
    expect(on(`tagward/helmet/${TAG_HEX}/up`)).toBe('readings')
    expect(on(`site/7/${TAG_HEX}/up`)).toBe('readings')
    expect(on(`tagward/helmet/${TAG_HEX}/down`)).toBe('ignored')
    for (const topic of ['tagward/helmet/0102030405060709/up', 'tagward/helmet/up', 'up', '', `tagward/helmet/${TAG_HEX}/up/x`])
      expect(on(topic), topic).toBe('FRAME_CONTEXT')
  })
})

describe('streams', () => {
  const newFramer = () => {
    const framer = helmet.createFramer?.()
    if (framer === undefined) throw new Error('a serial protocol has a framer')
    return framer
  }
  const message = fc
    .record({ boot: fc.nat(0xffff_ffff), sequence: fc.nat(0xffff_ffff), fields: fc.uint8Array({ maxLength: 200 }), sealed: fc.boolean() })
    .map(({ sealed, ...parts }) => report({ ...parts, key: sealed ? KEY : undefined }))
  const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.map((byte) => (byte === 0xa7 ? 0x48 : byte)))

  it('gives the same messages however they are cut, with noise between them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, message), { maxLength: 6 }), fc.array(fc.nat(1500)), (parts, cuts) => {
        const stream = Uint8Array.from(parts.flatMap(([before, bytes]) => [...before, ...bytes]))
        expect(framesInPieces(newFramer(), stream, cuts)).toEqual(parts.map(([, bytes]) => toHex(bytes)))
      })
    )
  })

  it('is not held up by a message whose length was damaged', () => {
    const damaged = report()
    damaged[5] = 3
    const stream = Uint8Array.from([...damaged, ...report()])
    expect(framesInPieces(newFramer(), stream, [])).toEqual([toHex(report())])
  })

  it('never throws and never believes a damaged message', () => {
    const whole = report({ key: KEY })
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(whole.length), fc.uint8Array(), (changes, cut, more) => {
        const bytes = whole.slice(0, cut)
        for (const [at, by] of changes) if (at < cut) bytes[at] = (bytes[at] ?? 0) ^ by
        for (const frame of [bytes, more, Uint8Array.from([...bytes, ...more])]) {
          const changed = toHex(frame) !== toHex(whole)
          expect(helmet.createDecoder().decode(frame, { key: KEY }).kind).toBe(changed ? 'error' : 'readings')
          newFramer().push(frame, () => undefined)
        }
      }),
      { numRuns: 1000 }
    )
  })
})

describe('commands', () => {
  const encoder = (settings: object = {}) => {
    const made = helmet.createEncoder?.(helmet.settings?.parse({ keys: [{ tag: TAG_HEX, key: KEY_HEX }], ...settings }))
    if (made === undefined) throw new Error('it carries commands')
    return made
  }
  const sentAt = Date.UTC(2026, 10, 20)

  it('says each kind of command, sealed, with an id that its answer carries', () => {
    const desk = encoder({ topicPrefix: 'site/7' })
    const said = (kind: 'vibrate' | 'led' | 'sound' | 'text' | 'sos-received' | 'raw', payload?: object) => {
      const command = desk.encode(TAG_HEX, payload === undefined ? { kind } : { kind, payload: { ...payload } }, { sentAt })
      if (command === undefined) return undefined
      expect(isMacRight(command.bytes, fieldsEnd(command.bytes), 8, KEY)).toBe(true)
      expect(command.topic).toBe(`site/7/${TAG_HEX}/down`)
      const [id, action, ...rest] = decodeFields(command.bytes.subarray(HEADER_BYTES, fieldsEnd(command.bytes))) ?? []
      expect(rest).toEqual([])
      expect(id).toEqual({ type: FIELD.commandId, values: [Number(command.answerId)] })
      return action
    }
    expect(said('vibrate', { pattern: 'pulses', seconds: 2.5 })).toEqual({ type: FIELD.vibrate, values: [1, 25] })
    expect(said('vibrate')).toEqual({ type: FIELD.vibrate, values: [2, 50] })
    expect(said('led', { color: '#ff8001', pattern: 9, seconds: 0 })).toEqual({ type: FIELD.led, values: [255, 128, 1, 9, 0] })
    expect(said('sound', { volumePct: 30 })).toEqual({ type: FIELD.sound, values: [2, 30, 50] })
    expect(said('text', { text: 'Grüße' })).toEqual({ type: FIELD.text, values: [...utf8Bytes('Grüße')] })
    expect(said('sos-received')).toEqual({ type: FIELD.sosReceived, values: [] })
    expect(said('raw', { hex: '0aff' })).toEqual({ type: FIELD.raw, values: [10, 255] })
    for (const [kind, payload] of [
      ['vibrate', { pattern: 'constructor' }],
      ['vibrate', { seconds: -1 }],
      ['led', { color: 'puce' }],
      ['sound', { volumePct: 101 }],
      ['text', {}],
      ['text', { text: 'x'.repeat(161) }],
      ['raw', { hex: '0' }]
    ] as const)
      expect(said(kind, payload), `${kind} ${JSON.stringify(payload)}`).toBeUndefined()
  })

  it('numbers commands by the time, and never backwards', () => {
    const desk = encoder()
    const pairs = [0, 0, 7, 1000, 500].map((afterMs) => {
      const bytes = desk.encode(TAG_HEX, { kind: 'vibrate' }, { sentAt: sentAt + afterMs })?.bytes ?? new Uint8Array(HEADER_BYTES)
      const view = new DataView(bytes.buffer)
      return [view.getUint32(16, true) - sentAt / 1000, view.getUint32(20, true)]
    })
    expect(pairs).toEqual([
      [0, 0],
      [0, 1],
      [0, 7000],
      [1, 0],
      [1, 1]
    ])
  })

  it('says nothing to what is no tag, nor unsealed where a MAC is demanded', () => {
    expect(encoder().encode('4d18', { kind: 'vibrate' })).toBeUndefined()
    expect(encoder({ requireMac: true }).encode('ffffffffffffffff', { kind: 'vibrate' })).toBeUndefined()
    expect(encoder().encode('ffffffffffffffff', { kind: 'vibrate' })).toBeDefined()
  })
})

describe('settings', () => {
  it('refuses keys and ids of another length, and topics with wildcards', () => {
    for (const wrong of [
      { keys: [{ tag: '01', key: KEY_HEX }] },
      { keys: [{ tag: TAG_HEX, key: '00' }] },
      { topicPrefix: 'a/#' },
      { topicPrefix: 'a/' },
      { topicPrefix: '' }
    ])
      expect(() => helmet.settings?.parse(wrong), JSON.stringify(wrong)).toThrow()
    expect(helmet.settings?.parse({ keys: [{ tag: '01:02:03:04:05:06:07:08', key: KEY_HEX }] })).toMatchObject({
      topicPrefix: 'tagward/helmet'
    })
  })
})
