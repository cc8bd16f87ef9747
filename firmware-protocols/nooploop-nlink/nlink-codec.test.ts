import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import { toHex } from '../kit/hex.ts'
import type { Reading } from '../reading.ts'
import {
  encodeAnchorFrame0,
  encodeAoaNodeFrame0,
  encodeIotFrame0,
  encodeNodeFrame1,
  encodeNodeFrame2,
  encodeNodeFrame3,
  encodeNodeFrame4,
  encodeNodeFrame5,
  encodeTagFrame0,
  encodeUserData,
  sealNlink
} from './encode-nlink.ts'
import { nooploopNlink } from './nlink-codec.ts'

const decoder = nooploopNlink.createDecoder()
const newFramer = () => {
  const framer = nooploopNlink.createFramer?.()
  if (!framer) throw new Error('a serial protocol has a framer')
  return framer
}
function readingsOf(frame: Uint8Array): readonly Reading[] {
  expect(framesInPieces(newFramer(), frame, [])).toEqual([toHex(frame)])
  const result = decoder.decode(frame, {})
  if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
  return result.readings
}

const ANCHOR = 1
const TAG = 2
const CONSOLE = 3
const byte = fc.integer({ min: 0, max: 255 })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const mm = fc.integer({ min: -8_388_608, max: 8_388_607 })
const metres = mm.map((value) => value / 1000 || 0)
const where = fc.record({ x: metres, y: metres, z: metres })
const velocity = mm.map((value) => value / 10_000 || 0)
const float = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0)
const floats = fc.tuple(float, float, float)
const angle = fc.integer({ min: -18_000, max: 18_000 }).map((value) => value / 100 || 0)
const unit = fc.record({ id: fc.nat(254), localTimeMs: u32, systemTimeMs: u32, voltageMv: fc.integer({ min: 1, max: 65_535 }) })
const motion = fc.record({
  position: where,
  velocityMps: fc.record({ x: velocity, y: velocity, z: velocity }),
  gyroRadps: floats,
  accelMps2: floats,
  anglesDeg: fc.tuple(angle, angle, angle),
  quaternion: fc.tuple(float, float, float, float),
  eopCm: fc.tuple(byte, byte, byte)
})
const distanceMm = fc.integer({ min: 1, max: 8_388_607 })
const rangingNode = fc.record({
  role: fc.constant(ANCHOR),
  id: byte,
  distanceMm,
  angleDeg: angle,
  fpRssi: byte,
  rxRssi: fc.integer({ min: 1, max: 255 }),
  systemTimeMs: u32
})
const data = fc.uint8Array({ maxLength: 60 })

type ValueOf<Source> = Source extends fc.Arbitrary<infer Value> ? Value : never
type NodeValue = ValueOf<typeof rangingNode>

const motionFields = ({ position, velocityMps, gyroRadps, accelMps2 }: ValueOf<typeof motion>) => ({
  position,
  velocityMps,
  gyroRadps,
  accelMps2
})

const nodeRanges = (nodes: readonly NodeValue[]) =>
  nodes.length === 0
    ? undefined
    : nodes.map((node) => ({ anchor: String(node.id), rangeM: node.distanceMm / 1000, rssiDbm: -node.rxRssi / 2 }))

describe('NLink', () => {
  it('reads back what a tag says of itself', () => {
    fc.assert(
      fc.property(unit, motion, fc.array(fc.nat(8_388_607), { minLength: 8, maxLength: 8 }), (tag, moves, distances) => {
        const [reading, ...rest] = readingsOf(encodeTagFrame0({ role: TAG, ...tag }, moves, distances))
        expect(rest).toEqual([])
        expect(reading).toMatchObject({
          tag: String(tag.id),
          ...motionFields(moves),
          batteryV: tag.voltageMv / 1000,
          extra: {
            frame: 'tag_frame0',
            distances_m: distances.map((distance) => distance / 1000),
            local_time_s: tag.localTimeMs / 1000,
            system_time_s: tag.systemTimeMs / 1000,
            quaternion: moves.quaternion
          }
        })
        expect(reading?.ranges ?? []).toEqual(
          distances.flatMap((distance, index) => (distance > 0 ? [{ anchor: String(index), rangeM: distance / 1000 }] : []))
        )
      })
    )
  })

  it('reads back a tag with the anchors it heard', () => {
    fc.assert(
      fc.property(unit, motion, fc.array(rangingNode, { maxLength: 20 }), (tag, moves, nodes) => {
        const [reading, ...rest] = readingsOf(encodeNodeFrame2({ role: TAG, ...tag }, moves, nodes))
        expect(rest).toEqual([])
        expect(reading).toMatchObject({ tag: String(tag.id), ...motionFields(moves), extra: { local_time_s: tag.localTimeMs / 1000 } })
        expect(reading?.ranges).toEqual(nodeRanges(nodes))
        expect(reading?.extra?.['nodes']).toEqual(
          nodes.map((node) => ({
            role: 'anchor',
            id: node.id,
            distance_m: node.distanceMm / 1000,
            fp_rssi_dbm: 0 - node.fpRssi / 2,
            rx_rssi_dbm: -node.rxRssi / 2,
            system_time_s: node.systemTimeMs / 1000
          }))
        )
      })
    )
  })

  it('reads back ranges and angles, from a tag as one reading and from an anchor as one of each tag', () => {
    const frames = { node_frame3: encodeNodeFrame3, aoa_node_frame0: encodeAoaNodeFrame0, node_frame5: encodeNodeFrame5 }
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(frames) as (keyof typeof frames)[])),
        unit,
        fc.array(rangingNode, { maxLength: 20 }),
        (frame, own, nodes) => {
          const [reading] = readingsOf(frames[frame]({ role: TAG, ...own }, nodes))
          expect(reading).toMatchObject({ tag: String(own.id), extra: { frame, system_time_s: own.systemTimeMs / 1000 } })
          expect(reading?.ranges).toEqual(nodeRanges(nodes))

          const tags = nodes.map((node) => ({ ...node, role: TAG }))
          const [head, ...told] = readingsOf(frames[frame]({ role: ANCHOR, ...own }, tags))
          expect(head).toMatchObject({ device: String(own.id), extra: { frame, role: 'anchor', voltage_v: own.voltageMv / 1000 } })
          expect(head).not.toHaveProperty('batteryV')
          expect(told).toHaveLength(nodes.length)
          told.forEach((item, index) => {
            const node = tags[index]
            if (!node) throw new Error('one reading a node')
            const rssiDbm = -node.rxRssi / 2
            expect(item).toMatchObject({
              tag: String(node.id),
              receiver: String(own.id),
              rssiDbm,
              ranges: [{ anchor: String(own.id), rangeM: node.distanceMm / 1000, rssiDbm }],
              extra: { role: 'tag', ...(frame === 'aoa_node_frame0' ? { angle_deg: node.angleDeg } : {}) }
            })
          })
        }
      )
    )
  })

  it('reads back the lists of consoles and anchors', () => {
    const tag = fc.record({ id: fc.nat(254), position: where, distancesCm: fc.array(fc.nat(65_535), { minLength: 8, maxLength: 8 }) })
    fc.assert(
      fc.property(unit, fc.array(tag, { maxLength: 30 }), data, (own, tags, bytes) => {
        const placed = tags.map(({ id, position }) => ({ tag: String(id), receiver: String(own.id), position }))
        const [, ...one] = readingsOf(
          encodeNodeFrame1(
            { role: CONSOLE, ...own },
            tags.map((item) => ({ ...item, role: TAG }))
          )
        )
        expect(one).toMatchObject(placed)
        const [head, ...blocks] = readingsOf(
          encodeAnchorFrame0(
            { role: ANCHOR, ...own },
            tags.map((item) => ({ ...item, role: TAG }))
          )
        )
        expect(head).toMatchObject({ device: String(own.id), extra: { system_time_s: own.systemTimeMs / 1000 } })
        expect(blocks).toMatchObject(placed)
        expect(blocks.map((block) => block.extra?.['distances_m'])).toEqual(tags.map((item) => item.distancesCm.map((cm) => cm / 100)))
        const [, ...four] = readingsOf(
          encodeNodeFrame4(
            { role: ANCHOR, ...own },
            tags.slice(0, 16).map(({ id }) => ({
              id,
              voltage: 80,
              anchors: [
                { id: 3, distanceMm: 1500 },
                { id: 4, distanceMm: 0 }
              ]
            }))
          )
        )
        expect(four).toMatchObject(
          tags.slice(0, 16).map(({ id }) => ({ tag: String(id), batteryV: 4, ranges: [{ anchor: '3', rangeM: 1.5 }] }))
        )
        expect(four[0]?.ranges?.length ?? 1).toBe(1)
        for (const wide of [false, true]) {
          const said = tags.map(({ id }) => ({ role: TAG, id, data: bytes }))
          const [, ...heard] = readingsOf(encodeUserData({ role: ANCHOR, ...own }, said, wide))
          expect(heard).toMatchObject(tags.map(({ id }) => ({ tag: String(id), extra: { data_hex: toHex(bytes) } })))
          const [atTag] = readingsOf(encodeUserData({ role: TAG, ...own }, [{ role: ANCHOR, id: 1, data: bytes }], wide))
          expect(atTag).toMatchObject({ tag: String(own.id), extra: { nodes: [{ role: 'anchor', id: 1, data_hex: toHex(bytes) }] } })
        }
      })
    )
  })

  it('reads back the IoT frame', () => {
    const node = fc.record({
      uid: u32,
      distanceMm,
      horizontalDeg: angle,
      verticalDeg: angle,
      fpRssi: byte,
      rxRssi: fc.integer({ min: 1, max: 255 }),
      data: fc.uint8Array({ maxLength: 15 })
    })
    fc.assert(
      fc.property(u32, u32, byte, fc.array(node, { maxLength: 10 }), (uid, timeMs, io, nodes) => {
        const [head, ...tags] = readingsOf(encodeIotFrame0(uid, timeMs, io, nodes))
        expect(head).toEqual({ device: String(uid), extra: { frame: 'iot_frame0', uid, system_time_s: timeMs / 1000, io } })
        expect(tags).toMatchObject(
          nodes.map((item) => ({
            tag: String(item.uid),
            receiver: String(uid),
            ranges: [{ anchor: String(uid), rangeM: item.distanceMm / 1000, rssiDbm: -item.rxRssi / 2 }],
            extra: { horizontal_deg: item.horizontalDeg, vertical_deg: item.verticalDeg, data_hex: toHex(item.data) }
          }))
        )
      })
    )
  })

  it('calls the origin no fix, and a range of 0 none', () => {
    const tag = { role: TAG, id: 1 }
    const nowhere = { position: { x: 0, y: 0, z: 0 } }
    expect(readingsOf(encodeTagFrame0(tag, nowhere, [0, 0, 5]))[0]).toMatchObject({
      usable: false,
      ranges: [{ anchor: '2', rangeM: 0.005 }]
    })
    const [reading] = readingsOf(encodeNodeFrame3(tag, [{ role: ANCHOR, id: 1, distanceMm: 0 }]))
    expect(reading).not.toHaveProperty('ranges')
  })

  it('takes no number that is none for a measurement', () => {
    const [reading] = readingsOf(
      encodeTagFrame0(
        { role: TAG, id: 1 },
        { position: { x: 1, y: 1, z: 1 }, gyroRadps: [Number.NaN, Number.NaN, Number.NaN], accelMps2: [1, Number.POSITIVE_INFINITY, 2] }
      )
    )
    expect(reading).not.toHaveProperty('gyroRadps')
    expect(reading?.accelMps2).toEqual([1, null, 2])
  })
})

const frame = fc.oneof(
  fc.tuple(unit, motion).map(([own, moves]) => encodeTagFrame0({ role: TAG, ...own }, moves, [1000, 2000])),
  fc
    .tuple(unit, motion, fc.array(rangingNode, { maxLength: 6 }))
    .map(([own, moves, nodes]) => encodeNodeFrame2({ role: TAG, ...own }, moves, nodes)),
  fc.tuple(unit, fc.array(rangingNode, { maxLength: 6 })).map(([own, nodes]) => encodeNodeFrame3({ role: TAG, ...own }, nodes)),
  fc.tuple(unit, fc.array(rangingNode, { maxLength: 6 })).map(([own, nodes]) => encodeAoaNodeFrame0({ role: ANCHOR, ...own }, nodes)),
  fc.tuple(unit, data).map(([own, bytes]) => encodeUserData({ role: ANCHOR, ...own }, [{ role: TAG, id: 1, data: bytes }], true)),
  unit.map((own) => encodeNodeFrame4({ role: ANCHOR, ...own }, [{ id: 1, voltage: 80, anchors: [{ id: 1, distanceMm: 1 }] }])),
  unit.map((own) => encodeAnchorFrame0({ role: ANCHOR, ...own }, [{ role: TAG, id: 1, position: { x: 1, y: 2, z: 3 }, distancesCm: [1] }]))
)
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.array(fc.constantFrom(0x55, 0x05, 0x00, 0xff, 0x6a, 0x16), { maxLength: 12 }).map((bytes) => Uint8Array.from(bytes))
)
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

describe('NLink streams', () => {
  it('give the same frames however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(frame, noise), { maxLength: 8 }).map(joined),
        fc.array(fc.nat(2000), { maxLength: 12 }),
        (stream, cuts) => {
          expect(framesInPieces(newFramer(), stream, cuts)).toEqual(framesInPieces(newFramer(), stream, []))
        }
      )
    )
  })

  it('give every good frame behind a false start', () => {
    const good = encodeNodeFrame3({ role: TAG, id: 1 }, [{ role: ANCHOR, id: 1, distanceMm: 100 }])
    for (const start of [[0x55], [0x55, 0x05], [0x55, 0x05, 0xff, 0xff], [0x55, 0x05, 0x1d], [0x55, 0x01, 0x55], [0x6a, 0x00, 0x10, 0x00]])
      expect(framesInPieces(newFramer(), joined([Uint8Array.from(start), good, good, new Uint8Array(200)]), []).slice(-1)).toEqual([
        toHex(good)
      ])
  })

  it('never throw, and take no damaged frame with a checksum', () => {
    fc.assert(
      fc.property(
        frame,
        fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.nat(900),
        (valid, flips, cut) => {
          const bytes = Uint8Array.from(valid)
          for (const [at, flip] of flips) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip
          for (const input of [bytes, bytes.subarray(0, cut), joined([bytes, valid])]) {
            const result = decoder.decode(input, {})
            if (result.kind === 'readings') expect(JSON.stringify(result)).not.toContain('NaN')
            newFramer().push(input, (found) => void decoder.decode(found, {}))
          }
        }
      )
    )
    fc.assert(
      fc.property(frame, fc.nat(1000), fc.integer({ min: 1, max: 255 }), (valid, at, flip) => {
        fc.pre(valid[1] !== 0)
        const bytes = Uint8Array.from(valid)
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip
        expect(decoder.decode(bytes, {}).kind).toBe('error')
      })
    )
  })

  it('refuse content that does not fill the frame', () => {
    const four = encodeNodeFrame4({ role: ANCHOR, id: 1 }, [{ id: 1, voltage: 80, anchors: [{ id: 1, distanceMm: 1 }] }]).slice(0, -1)
    for (const count of [0, 2, 255]) {
      four[20] = count
      expect(decoder.decode(sealNlink(four), {})).toMatchObject({ kind: 'error', code: 'FRAME_LENGTH' })
    }
    const user = encodeUserData({ role: ANCHOR, id: 1 }, [{ role: TAG, id: 1, data: Uint8Array.of(1, 2, 3) }]).slice(0, -1)
    user[13] = 200
    expect(decoder.decode(sealNlink(user), {})).toMatchObject({ kind: 'error', code: 'FRAME_LENGTH' })
  })
})
