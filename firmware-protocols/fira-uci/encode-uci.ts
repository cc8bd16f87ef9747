import { ByteWriter } from '../kit/byte-writer.ts'
import { fromHex } from '../kit/hex.ts'

/** UCI packets as a module sends them, for simulators and tests. */

export interface UciSession {
  readonly sequence: number
  readonly session: number
  readonly intervalMs?: number
}

export interface UciTwoWay {
  /** Lower-case hex, 4 or 16 digits. */
  readonly mac: string
  readonly status?: number
  readonly nlos?: number
  /** Centimetres; absent: none. */
  readonly distanceCm?: number
  /** Steps of 1/128 degree, and merit. */
  readonly azimuth?: readonly [number, number]
  readonly elevation?: readonly [number, number]
  readonly slot?: number
  /** Half dBm, positive; 0: none. */
  readonly rssi?: number
}

const address = (to: ByteWriter, mac: string): ByteWriter => to.bytes((fromHex(mac) ?? new Uint8Array(2)).toReversed())

const angle = (to: ByteWriter, [value, fom]: readonly [number, number] = [0, 0]): ByteWriter => to.u16(value).u8(fom)

function info(about: UciSession, type: number, extended: boolean, count: number): ByteWriter {
  return new ByteWriter()
    .u32(about.sequence)
    .u32(about.session)
    .u8(0)
    .u32(about.intervalMs ?? 200)
    .u8(type)
    .u8(0)
    .u8(extended ? 1 : 0)
    .zeros(8)
    .u8(count)
}

const isExtended = (list: readonly { readonly mac: string }[]): boolean => (list[0]?.mac.length ?? 4) === 16

export function encodeTwoWay(about: UciSession, list: readonly UciTwoWay[], segmentLength = 255): Uint8Array {
  const extended = isExtended(list)
  const to = info(about, 1, extended, list.length)
  for (const item of list) {
    address(to, item.mac)
      .u8(item.status ?? 0)
      .u8(item.nlos ?? 0)
      .u16(item.distanceCm ?? 0xffff)
    angle(angle(to, item.azimuth), item.elevation)
      .zeros(6)
      .u8(item.slot ?? 1)
      .u8(item.rssi ?? 0)
      .zeros(extended ? 5 : 11)
  }
  return uciPackets(3, 2, 0, to.done(), segmentLength)
}

export interface UciOneWay {
  readonly mac: string
  readonly frameSeq: number
  readonly block: number
  readonly azimuth: readonly [number, number]
  readonly elevation: readonly [number, number]
}

export function encodeOwrAoa(about: UciSession, list: readonly UciOneWay[], segmentLength = 255): Uint8Array {
  const to = info(about, 3, isExtended(list), list.length)
  for (const item of list) angle(angle(address(to, item.mac).zeros(2).u8(item.frameSeq).u16(item.block), item.azimuth), item.elevation)
  return uciPackets(3, 2, 0, to.done(), segmentLength)
}

export interface UciDownlink {
  readonly mac: string
  readonly message: number
  readonly block: number
  readonly round: number
  readonly tx: bigint
  readonly rx: bigint
  /** Stamps of 64 bits instead of 40. */
  readonly wide?: boolean
  readonly rssi?: number
  readonly anchorPositionMm?: readonly [number, number, number]
  readonly rounds?: readonly number[]
}

export function encodeDlTdoa(about: UciSession, list: readonly UciDownlink[], segmentLength = 255): Uint8Array {
  const to = info(about, 2, isExtended(list), list.length)
  for (const item of list) {
    const stamp = item.wide === true ? 8 : 5
    const rounds = item.rounds ?? []
    const control = (item.wide === true ? 0x0a : 0) | (item.anchorPositionMm ? 0x40 : 0) | (rounds.length << 7)
    angle(angle(address(to, item.mac).u8(0).u8(item.message).u16(control).u16(item.block).u8(item.round).u8(0)))
      .u8(item.rssi ?? 0)
      .bytes(new ByteWriter().u64(item.tx).done().subarray(0, stamp))
      .bytes(new ByteWriter().u64(item.rx).done().subarray(0, stamp))
      .u16(1024)
      .u16(-512)
      .u32(1000)
      .u32(2000)
      .u16(300)
    const [x, y, z] = item.anchorPositionMm ?? [0, 0, 0]
    const packed = BigInt.asUintN(28, BigInt(x)) | (BigInt.asUintN(28, BigInt(y)) << 28n) | (BigInt.asUintN(24, BigInt(z)) << 56n)
    if (item.anchorPositionMm) to.u64(BigInt.asUintN(64, packed)).u16(Number(packed >> 64n))
    to.bytes(rounds)
  }
  return uciPackets(3, 2, 0, to.done(), segmentLength)
}

/** A message in as many control packets as it needs. */
export function uciPackets(type: number, group: number, opcode: number, payload: Uint8Array, segmentLength = 255): Uint8Array {
  const to = new ByteWriter()
  for (let at = 0; at === 0 || at < payload.length; at += segmentLength) {
    const segment = payload.subarray(at, at + segmentLength)
    const more = at + segmentLength < payload.length ? 0x10 : 0
    to.u8((type << 5) | more | group)
      .u8(opcode)
      .u8(0)
      .u8(segment.length)
      .bytes(segment)
  }
  return to.done()
}

export function encodeDataReceived(session: number, mac: string, sequence: number, data: Uint8Array): Uint8Array {
  const to = new ByteWriter()
    .u8(0x02)
    .u8(0)
    .u16(17 + data.length)
    .u32(session)
    .u8(0)
  return address(to, mac.padStart(16, '0')).u16(sequence).u16(data.length).bytes(data).done()
}
