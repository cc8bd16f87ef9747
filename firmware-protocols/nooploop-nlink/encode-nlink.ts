import { sum8 } from '../kit/binary-framer.ts'
import { ByteWriter } from '../kit/byte-writer.ts'
import type { LocalPosition } from '../reading.ts'

/** NLink frames as LinkTrack units send them, for simulators and tests. Metres, seconds, volts, degrees, dBm. */

type Triple = readonly [number, number, number]

export interface NlinkUnit {
  /** As on the wire: 1 anchor, 2 tag, 3 console … */
  readonly role: number
  readonly id: number
  readonly localTimeMs?: number
  readonly systemTimeMs?: number
  readonly voltageMv?: number
}

export interface NlinkMotion {
  readonly position: LocalPosition
  readonly velocityMps?: LocalPosition
  readonly gyroRadps?: Triple
  readonly accelMps2?: Triple
  readonly anglesDeg?: Triple
  readonly quaternion?: readonly [number, number, number, number]
  /** Centimetres; 255: unknown. */
  readonly eopCm?: Triple
}

export interface NlinkNode {
  readonly role: number
  readonly id: number
  readonly distanceMm: number
  readonly angleDeg?: number
  readonly fpRssi?: number
  readonly rxRssi?: number
  readonly systemTimeMs?: number
}

export interface NlinkData {
  readonly role: number
  readonly id: number
  readonly data: Uint8Array
}

const mm = (metres: number): number => Math.round(metres * 1000)

function position(to: ByteWriter, at: LocalPosition): ByteWriter {
  return to
    .i24(mm(at.x))
    .i24(mm(at.y))
    .i24(mm(at.z ?? 0))
}

function inertia(to: ByteWriter, motion: NlinkMotion): ByteWriter {
  for (const value of [...(motion.gyroRadps ?? [0, 0, 0]), ...(motion.accelMps2 ?? [0, 0, 9.8])]) to.f32(value)
  to.zeros(12)
  for (const angle of motion.anglesDeg ?? [0, 0, 0]) to.u16(Math.round(angle * 100))
  for (const part of motion.quaternion ?? [1, 0, 0, 0]) to.f32(part)
  return to.zeros(4)
}

const velocity = (to: ByteWriter, { velocityMps = { x: 0, y: 0, z: 0 } }: NlinkMotion): ByteWriter =>
  to
    .i24(Math.round(velocityMps.x * 1e4))
    .i24(Math.round(velocityMps.y * 1e4))
    .i24(Math.round((velocityMps.z ?? 0) * 1e4))

/** Puts in the length, where the frame has one, and the checksum. */
export function sealNlink(body: Uint8Array, hasLength = true): Uint8Array {
  const frame = new Uint8Array(body.length + 1)
  frame.set(body)
  if (hasLength) new DataView(frame.buffer).setUint16(2, frame.length, true)
  frame[body.length] = sum8(frame, 0, body.length)
  return frame
}

const start = (mark: number): ByteWriter => new ByteWriter().u8(0x55).u8(mark).u16(0)

export function encodeTagFrame0(unit: NlinkUnit, motion: NlinkMotion, distancesMm: readonly number[] = []): Uint8Array {
  const to = new ByteWriter().u8(0x55).u8(1).u8(unit.id).u8(unit.role)
  velocity(position(to, motion.position), motion)
  for (let i = 0; i < 8; i++) to.i24(distancesMm[i] ?? 0)
  inertia(to, motion)
    .u32(unit.localTimeMs ?? 0)
    .u32(unit.systemTimeMs ?? 0)
    .u8(0)
    .bytes(motion.eopCm ?? [255, 255, 255])
    .u16(unit.voltageMv ?? 0)
    .zeros(5)
  return sealNlink(to.done(), false)
}

const rssi = (to: ByteWriter, node: NlinkNode): ByteWriter => to.u8(node.fpRssi ?? 160).u8(node.rxRssi ?? 160)

export function encodeNodeFrame2(unit: NlinkUnit, motion: NlinkMotion, nodes: readonly NlinkNode[]): Uint8Array {
  const to = start(4)
    .u8(unit.role)
    .u8(unit.id)
    .u32(unit.systemTimeMs ?? 0)
    .bytes(motion.eopCm ?? [255, 255, 255])
  velocity(position(to, motion.position), motion).zeros(9)
  inertia(to, motion)
    .u32(unit.localTimeMs ?? 0)
    .zeros(10)
    .u16(unit.voltageMv ?? 0)
    .u8(nodes.length)
  for (const node of nodes)
    rssi(to.u8(node.role).u8(node.id).i24(node.distanceMm), node)
      .u32(node.systemTimeMs ?? 0)
      .zeros(2)
  return sealNlink(to.done())
}

const tail = (to: ByteWriter, unit: NlinkUnit, count: number): ByteWriter =>
  to
    .u32(unit.localTimeMs ?? 0)
    .u32(unit.systemTimeMs ?? 0)
    .zeros(4)
    .u16(unit.voltageMv ?? 0)
    .u8(count)

export function encodeNodeFrame3(unit: NlinkUnit, nodes: readonly NlinkNode[]): Uint8Array {
  const to = tail(start(5).u8(unit.role).u8(unit.id), unit, nodes.length)
  for (const node of nodes) rssi(to.u8(node.role).u8(node.id).i24(node.distanceMm), node)
  return sealNlink(to.done())
}

export function encodeAoaNodeFrame0(unit: NlinkUnit, nodes: readonly NlinkNode[]): Uint8Array {
  const to = tail(start(7).u8(unit.role).u8(unit.id), unit, nodes.length)
  for (const node of nodes) {
    const angle = Math.round((node.angleDeg ?? 0) * 100)
    rssi(to.u8(node.role).u8(node.id).i24(node.distanceMm).u16(angle), node).zeros(2)
  }
  return sealNlink(to.done())
}

export function encodeNodeFrame5(unit: NlinkUnit, nodes: readonly NlinkNode[]): Uint8Array {
  const to = tail(start(8).u8(unit.role).u32(unit.id), unit, nodes.length)
  for (const node of nodes) rssi(to.u8(node.role).u32(node.id).i24(node.distanceMm), node)
  return sealNlink(to.done())
}

export function encodeNodeFrame1(
  unit: NlinkUnit,
  nodes: readonly { readonly role: number; readonly id: number; readonly position: LocalPosition }[]
): Uint8Array {
  const to = start(3)
    .u8(unit.role)
    .u8(unit.id)
    .u32(unit.systemTimeMs ?? 0)
    .u32(unit.localTimeMs ?? 0)
    .zeros(10)
    .u16(unit.voltageMv ?? 0)
    .u8(nodes.length)
  for (const node of nodes) position(to.u8(node.role).u8(node.id), node.position).zeros(9)
  return sealNlink(to.done())
}

export interface NlinkRangedTag {
  readonly id: number
  /** Steps of 0.05 V. */
  readonly voltage: number
  readonly anchors: readonly { readonly id: number; readonly distanceMm: number }[]
}

export function encodeNodeFrame4(unit: NlinkUnit, tags: readonly NlinkRangedTag[]): Uint8Array {
  const to = tail(start(6).u8(unit.role).u8(unit.id), unit, tags.length)
  for (const tag of tags) {
    to.u8(tag.id).zeros(2).u8(tag.voltage).u8(tag.anchors.length)
    for (const anchor of tag.anchors) to.u8(anchor.id).i24(anchor.distanceMm)
  }
  return sealNlink(to.done())
}

/** Node_Frame0; `wideIds`: Node_Frame6. */
export function encodeUserData(unit: NlinkUnit, nodes: readonly NlinkData[], wideIds = false): Uint8Array {
  const idLength = wideIds ? 4 : 1
  const to = start(wideIds ? 9 : 2)
    .u8(unit.role)
    .int(unit.id, idLength)
    .zeros(4)
    .u8(nodes.length)
  for (const node of nodes) to.u8(node.role).int(node.id, idLength).u16(node.data.length).bytes(node.data)
  return sealNlink(to.done())
}

export interface NlinkAnchorBlock {
  readonly role: number
  readonly id: number
  readonly position: LocalPosition
  readonly distancesCm: readonly number[]
}

export function encodeAnchorFrame0(unit: NlinkUnit, blocks: readonly NlinkAnchorBlock[]): Uint8Array {
  const to = new ByteWriter().u8(0x55).u8(0)
  for (let i = 0; i < 30; i++) {
    const block = blocks[i]
    if (!block) {
      to.u8(0xff).zeros(26)
      continue
    }
    position(to.u8(block.id).u8(block.role), block.position)
    for (let anchor = 0; anchor < 8; anchor++) to.u16(block.distancesCm[anchor] ?? 0)
  }
  return to
    .zeros(67)
    .u32(unit.localTimeMs ?? 0)
    .zeros(4)
    .u16(unit.voltageMv ?? 0)
    .u32(unit.systemTimeMs ?? 0)
    .u8(unit.id)
    .u8(unit.role)
    .u8(0xee)
    .done()
}

export interface NlinkIotNode {
  readonly uid: number
  readonly distanceMm: number
  readonly horizontalDeg: number
  readonly verticalDeg: number
  readonly fpRssi: number
  readonly rxRssi: number
  readonly data: Uint8Array
}

export function encodeIotFrame0(uid: number, systemTimeMs: number, io: number, nodes: readonly NlinkIotNode[]): Uint8Array {
  const to = new ByteWriter().u8(0x6a).u8(0).u16(0).u32(uid).u32(systemTimeMs).u8(io).u8(nodes.length)
  for (const node of nodes)
    to.u32(node.uid)
      .i24(node.distanceMm)
      .u16(Math.round(node.horizontalDeg * 100))
      .u16(Math.round(node.verticalDeg * 100))
      .u8(node.fpRssi)
      .u8(node.rxRssi)
      .u8(node.data.length)
      .bytes(node.data)
  return sealNlink(to.done())
}
