import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import type { Decoder } from '../codec.ts'
import { fromHex, toHex } from '../kit/hex.ts'
import type { Reading } from '../reading.ts'
import { encodeDataReceived, encodeDlTdoa, encodeOwrAoa, encodeTwoWay, uciPackets } from './encode-uci.ts'
import { firaUci } from './uci-codec.ts'

const newFramer = () => {
  const framer = firaUci.createFramer?.()
  if (!framer) throw new Error('a serial protocol has a framer')
  return framer
}
const decodeStream = (stream: Uint8Array, decoder: Decoder = firaUci.createDecoder()): Reading[] => {
  const found: Reading[] = []
  newFramer().push(stream, (frame) => {
    const result = decoder.decode(frame, {})
    if (result.kind === 'readings') found.push(...result.readings)
  })
  return found
}

const hexDigits = (digits: number) => fc.uint8Array({ minLength: digits / 2, maxLength: digits / 2 }).map((bytes) => toHex(bytes))
const u8 = fc.nat(255)
const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffff_ffff)
const about = fc.record({ sequence: u32, session: u32, intervalMs: u32 })
const merit = fc.integer({ min: 1, max: 100 })
const angle = fc.tuple(fc.integer({ min: -32_768, max: 32_767 }), merit)
const segmentLength = fc.integer({ min: 30, max: 255 })
const listOf = <Value>(item: (mac: fc.Arbitrary<string>) => fc.Arbitrary<Value>, maxLength = 20) =>
  fc.constantFrom(4, 16).chain((digits) => fc.array(item(hexDigits(digits)), { maxLength }))

const twoWay = (mac: fc.Arbitrary<string>) =>
  fc.record({ mac, distanceCm: fc.nat(0xfffe), azimuth: angle, elevation: angle, slot: u8, rssi: merit, nlos: fc.constantFrom(0, 1, 255) })
const oneWay = (mac: fc.Arbitrary<string>) => fc.record({ mac, frameSeq: u8, block: u16, azimuth: angle, elevation: angle })
const stamp = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
const downlink = (mac: fc.Arbitrary<string>) =>
  fc.record(
    {
      mac,
      message: fc.nat(2),
      block: u16,
      round: u8,
      tx: stamp,
      rx: stamp,
      wide: fc.boolean(),
      rssi: u8,
      anchorPositionMm: fc.tuple(
        fc.integer({ min: -(2 ** 27), max: 2 ** 27 - 1 }),
        fc.integer({ min: -(2 ** 27), max: 2 ** 27 - 1 }),
        fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 })
      ),
      rounds: fc.array(u8, { maxLength: 15 })
    },
    { requiredKeys: ['mac', 'message', 'block', 'round', 'tx', 'rx'] }
  )

describe('UCI', () => {
  it('reads back two-way ranging, however it is segmented: a reading of the module and one of each tag', () => {
    fc.assert(
      fc.property(about, listOf(twoWay), segmentLength, (session, list, length) => {
        const [head, ...tags] = decodeStream(encodeTwoWay(session, list, length))
        expect(head).toMatchObject({
          device: 'module',
          extra: {
            kind: 'session_info_ntf',
            seq: session.sequence,
            session: session.session,
            ranging_interval_s: session.intervalMs / 1000,
            measurement_type: 'twr'
          }
        })
        expect(tags).toMatchObject(
          list.map((item) => ({
            tag: item.mac,
            receiver: 'module',
            rssiDbm: -item.rssi / 2,
            ranges: [{ anchor: 'module', rangeM: item.distanceCm / 100, rssiDbm: -item.rssi / 2 }],
            extra: {
              mac: `0x${item.mac}`,
              status: 'OK',
              aoa_azimuth_deg: item.azimuth[0] / 128,
              aoa_elevation_fom: item.elevation[1],
              slot: item.slot
            }
          }))
        )
      })
    )
  })

  it('reads back angles and downlink differences', () => {
    fc.assert(
      fc.property(about, listOf(oneWay), listOf(downlink, 8), segmentLength, (session, angles, heard, length) => {
        const [, ...tags] = decodeStream(encodeOwrAoa(session, angles, length))
        expect(tags).toMatchObject(
          angles.map((item) => ({
            tag: item.mac,
            extra: { frame_seq: item.frameSeq, block_index: item.block, aoa_azimuth_deg: item.azimuth[0] / 128 }
          }))
        )
        const [own, ...more] = decodeStream(encodeDlTdoa(session, heard, length))
        expect(more).toEqual([])
        if (heard.length > 0) expect(own).not.toHaveProperty('device')
        const bits = (item: { readonly wide?: boolean }) => (item.wide === true ? 64 : 40)
        expect(own?.extra?.['measurements'] ?? []).toMatchObject(
          heard.map((item) => ({
            mac: `0x${item.mac}`,
            message_type: ['poll', 'response', 'final'][item.message],
            tx_timestamp_ticks: String(BigInt.asUintN(bits(item), item.tx)),
            rx_timestamp_ticks: String(BigInt.asUintN(bits(item), item.rx)),
            anchor_cfo_ppm: 1,
            cfo_ppm: -0.5,
            ...(item.anchorPositionMm
              ? {
                  anchor_position_m: {
                    x: item.anchorPositionMm[0] / 1000,
                    y: item.anchorPositionMm[1] / 1000,
                    z: item.anchorPositionMm[2] / 1000
                  }
                }
              : {}),
            ...((item.rounds?.length ?? 0) > 0 ? { active_ranging_rounds: item.rounds } : {})
          }))
        )
      })
    )
  })

  it('takes peers for anchors when told so', () => {
    const decoder = firaUci.createDecoder(firaUci.settings?.parse({ peers: 'anchors', moduleId: 'crane-1' }))
    const session = { sequence: 1, session: 2 }
    const stream = encodeTwoWay(session, [
      { mac: '0001', distanceCm: 150 },
      { mac: '0002', status: 0x21 }
    ])
    expect(decodeStream(stream, decoder)).toMatchObject([{ sequence: 1, ranges: [{ anchor: '0001', rangeM: 1.5 }] }])
    expect(decodeStream(stream, decoder)[0]).not.toHaveProperty('device')
    expect(decodeStream(encodeTwoWay(session, [{ mac: '0002', status: 0x21 }]), decoder)).toMatchObject([{ device: 'crane-1' }])
  })

  it('hears nobody in a time-out', () => {
    const readings = decodeStream(encodeTwoWay({ sequence: 1, session: 2 }, [{ mac: '0001', status: 0x21, distanceCm: 100 }]))
    expect(readings).toHaveLength(1)
    expect(readings[0]).not.toHaveProperty('tag')
    expect(JSON.stringify(readings)).not.toContain('distance_m')
  })

  it('reads user data', () => {
    fc.assert(
      fc.property(u32, hexDigits(4), u16, fc.uint8Array({ maxLength: 300 }), (session, mac, sequence, data) => {
        expect(decodeStream(encodeDataReceived(session, mac, sequence, data))).toMatchObject([
          { tag: mac, sequence, extra: { kind: 'data_rcv', session, mac: `0x${mac}`, data_hex: toHex(data) } }
        ])
      })
    )
  })

  it('takes no half of one message for a whole with the next', () => {
    const list = Array.from({ length: 8 }, (_unused, index) => ({ mac: index.toString(16).padStart(4, '0'), distanceCm: 100 }))
    const first = encodeTwoWay({ sequence: 1, session: 2 }, list)
    const second = encodeTwoWay({ sequence: 2, session: 2 }, list.slice(0, 3))
    const readings = decodeStream(Uint8Array.of(...first.subarray(0, 259), ...second, ...first))
    expect(readings.filter((reading) => reading.device !== undefined).map((reading) => reading.sequence)).toEqual([2, 1])
    const again = decodeStream(Uint8Array.of(...first.subarray(0, 259), ...encodeTwoWay({ sequence: 3, session: 2 }, list)))
    expect(again.map((reading) => reading.sequence)).toEqual(Array(9).fill(3))
  })

  it('holds no more than one message, whatever is segmented', () => {
    const decoder = firaUci.createDecoder()
    const packet = Uint8Array.of(0x7c, 0x01, 0, 255, ...new Uint8Array(255))
    const kinds = Array.from({ length: 300 }, () => decoder.decode(packet, {}))
    expect(kinds.filter((result) => result.kind === 'error')).toMatchObject([{ code: 'FRAME_LENGTH' }, { code: 'FRAME_LENGTH' }])
    expect(kinds.filter((result) => result.kind === 'incomplete')).toHaveLength(298)
  })
})

const status = Uint8Array.from(fromHex('61020006010000000200') ?? [])
const message = fc.oneof(
  fc.tuple(about, listOf(twoWay, 6), segmentLength).map(([session, list, length]) => encodeTwoWay(session, list, length)),
  fc.tuple(about, listOf(downlink, 4)).map(([session, list]) => encodeDlTdoa(session, list)),
  fc.tuple(u32, fc.uint8Array({ maxLength: 40 })).map(([session, data]) => encodeDataReceived(session, '0001', 1, data)),
  fc.constant(status),
  fc.constant(uciPackets(2, 1, 0, Uint8Array.of(0x11)))
)
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.array(fc.constantFrom(0x62, 0x72, 0, 0x02, 0xff, 0x60), { maxLength: 12 }).map((bytes) => Uint8Array.from(bytes))
)
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

describe('UCI streams', () => {
  it('give the same packets however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(message, noise), { maxLength: 8 }).map(joined),
        fc.array(fc.nat(2000), { maxLength: 12 }),
        (stream, cuts) => {
          expect(framesInPieces(newFramer(), stream, cuts)).toEqual(framesInPieces(newFramer(), stream, []))
        }
      )
    )
  })

  it('give a packet behind what is none', () => {
    for (const start of ['ff', '0000', '6200ff', '62000010', '6102', '2200ff', '61020007', '620000190000000000000000000000000001000200'])
      expect(framesInPieces(newFramer(), joined([fromHex(start) ?? status, status, new Uint8Array(60)]), [])).toEqual([toHex(status)])
  })

  it('never throw', () => {
    const flips = fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 1, max: 255 })), { maxLength: 5 })
    const decoder = firaUci.createDecoder()
    fc.assert(
      fc.property(message, flips, fc.nat(600), (valid, changes, cut) => {
        const bytes = Uint8Array.from(valid)
        for (const [at, flip] of changes) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip
        for (const input of [bytes, bytes.subarray(0, cut), joined([bytes, valid])]) {
          expect(['readings', 'ignored', 'incomplete', 'error']).toContain(decoder.decode(input, {}).kind)
          newFramer().push(input, (frame) => void decoder.decode(frame, {}))
        }
      })
    )
  })
})
