import { ByteWriter } from '../kit/byte-writer.ts'
import type { LocalPosition } from '../reading.ts'

/** CDP packets as a CUWB network sends them, for simulators and tests. Serial numbers are u32. */

export interface CdpItemBytes {
  readonly type: number
  readonly data: Uint8Array
}

export function encodeCdp(sequence: number, sender: number, items: readonly CdpItemBytes[]): Uint8Array {
  const to = new ByteWriter().u32(0x3230434c).u32(sequence).bytes(new TextEncoder().encode('CDP0002\0')).u32(sender)
  for (const { type, data } of items) to.u16(type).u16(data.length).bytes(data)
  return to.done()
}

const mm = (metres: number): number => Math.round(metres * 1000)

export interface CdpPosition {
  readonly serial: number
  readonly ticks: bigint
  readonly position: LocalPosition
  /** Of 10 000. */
  readonly quality: number
  readonly anchors: number
  readonly flags?: number
  readonly smoothing?: number
}

export function positionV3(about: CdpPosition): CdpItemBytes {
  const { x, y, z } = about.position
  const to = new ByteWriter()
    .u32(about.serial)
    .u64(about.ticks)
    .u32(mm(x))
    .u32(mm(y))
    .u32(mm(z ?? 0))
  to.u16(about.quality)
    .u8(about.anchors)
    .u8(about.flags ?? 0)
    .u16(about.smoothing ?? 0)
  return { type: 0x0135, data: to.done() }
}

export function distanceV2(first: number, second: number, ticks: bigint, distanceMm: number, quality: number): CdpItemBytes {
  return { type: 0x0127, data: new ByteWriter().u32(first).u32(second).u16(0).u64(ticks).u32(distanceMm).u16(quality).done() }
}

export function hardwareStatus(serial: number, batteryPct: number, temperatureDegC: number, cpuPct = 255): CdpItemBytes {
  const to = new ByteWriter().u32(serial).u32(1024).u32(0).u16(65_535).u8(batteryPct).u8(temperatureDegC).u8(cpuPct)
  return { type: 0x0138, data: to.done() }
}

/** Three raw values and their scale; types 0x0139 to 0x013B and 0x017A to 0x017C. */
export function inertial(type: number, serial: number, ticks: bigint, raw: readonly [number, number, number], scale: number): CdpItemBytes {
  const to = new ByteWriter().u32(serial).u64(ticks)
  for (const value of raw) to.u32(value)
  return { type, data: to.int(scale, type === 0x0139 || type === 0x017a ? 1 : 2).done() }
}

export function timeMap(previous: readonly [bigint, bigint], current: readonly [bigint, bigint]): CdpItemBytes {
  return { type: 0x015a, data: new ByteWriter().u64(previous[0]).u64(previous[1]).u64(current[0]).u64(current[1]).done() }
}
