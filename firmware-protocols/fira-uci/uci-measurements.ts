import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { i16, u16, u32, u64, u64Text } from '../kit/little-endian.ts'
import type { Json } from '../reading.ts'
import { STATUS_OK, STATUS_OK_NEGATIVE, statusName } from './uci-names.ts'
import { measurementLength, OWR_AOA, TWO_WAY } from './uci-packets.ts'

/** One measurement of a session: what is told of it, and what typed fields are made of. */
export interface UciMeasurement {
  /** Address in lower-case hex, most significant byte first. */
  readonly mac: string
  /** It succeeded: the peer was heard. */
  readonly ok: boolean
  readonly rangeM?: number
  readonly rssiDbm?: number
  readonly extra: Extra
}

const NO_DISTANCE = 0xffff

/** An address travels with its least significant byte first. */
export function macText(bytes: Uint8Array, at: number, length: number): string {
  let text = ''
  for (let i = at + length - 1; i >= at; i--) text += (bytes[i] ?? 0).toString(16).padStart(2, '0')
  return text
}

/** Angle i16 Q9.7 deg, figure of merit u8 0..100; a figure of 0 (or none that there is) means that there is no angle. */
function applyAngle(extra: Extra, name: string, bytes: Uint8Array, at: number): void {
  const fom = bytes[at + 2] ?? 0
  if (fom > 0 && fom <= 100) extra[`${name}_deg`] = i16(bytes, at) / 128
  extra[`${name}_fom`] = fom
}

/** As `applyAngle`, without a word where there is none: few modules measure where they are seen from. */
function applyOptionalAngle(extra: Extra, name: string, bytes: Uint8Array, at: number): void {
  if ((bytes[at + 2] ?? 0) > 0) applyAngle(extra, name, bytes, at)
}

/** u8, -0.5 dBm; 0: none. */
const rssiOf = (raw: number): number | undefined => (raw === 0 ? undefined : -raw / 2)

const isOk = (status: number): boolean => status === STATUS_OK || status === STATUS_OK_NEGATIVE

/**
 * Two-way ranging, 31 bytes: address (2 or 8), status u8, not in sight u8 (0 in sight, 1 not, 255 unknown), distance u16 cm
 * (0xFFFF none), azimuth i16 + merit u8, elevation i16 + u8, azimuth and elevation at the other side likewise, slot u8, RSSI u8, reserved
 */
function readTwoWay(bytes: Uint8Array, at: number, macLength: number): UciMeasurement {
  const body = at + macLength
  const status = bytes[body] ?? 0
  const raw = u16(bytes, body + 2)
  const ok = isOk(status)
  const mac = macText(bytes, at, macLength)
  const extra: Extra = { mac: `0x${mac}`, status: statusName(status), nlos: bytes[body + 1] ?? 0 }
  const rangeM = ok && raw !== NO_DISTANCE ? (status === STATUS_OK_NEGATIVE ? -raw : raw) / 100 : undefined
  if (rangeM !== undefined) extra['distance_m'] = rangeM
  applyAngle(extra, 'aoa_azimuth', bytes, body + 4)
  applyAngle(extra, 'aoa_elevation', bytes, body + 7)
  applyOptionalAngle(extra, 'aoa_destination_azimuth', bytes, body + 10)
  applyOptionalAngle(extra, 'aoa_destination_elevation', bytes, body + 13)
  extra['slot'] = bytes[body + 16] ?? 0
  const rssiDbm = rssiOf(bytes[body + 17] ?? 0)
  if (rssiDbm !== undefined) extra['rssi_dbm'] = rssiDbm
  return { mac, ok, extra, ...(rangeM === undefined ? {} : { rangeM }), ...(rssiDbm === undefined ? {} : { rssiDbm }) }
}

/** One-way angle: address, status u8, not in sight u8, frame sequence u8, block u16, azimuth i16 + merit u8, elevation i16 + u8 */
function readOwrAoa(bytes: Uint8Array, at: number, macLength: number): UciMeasurement {
  const body = at + macLength
  const status = bytes[body] ?? 0
  const mac = macText(bytes, at, macLength)
  const extra: Extra = {
    mac: `0x${mac}`,
    status: statusName(status),
    nlos: bytes[body + 1] ?? 0,
    frame_seq: bytes[body + 2] ?? 0,
    block_index: u16(bytes, body + 3)
  }
  applyAngle(extra, 'aoa_azimuth', bytes, body + 5)
  applyAngle(extra, 'aoa_elevation', bytes, body + 8)
  return { mac, ok: isOk(status), extra }
}

const MESSAGE_TYPES = ['poll', 'response', 'final']
const WGS84 = 1
const RELATIVE = 2

const signed = (value: bigint, bits: bigint): number => Number(BigInt.asIntN(Number(bits), value))

/** 12 bytes: latitude 33 bits and longitude 33 bits (2^-26 deg), altitude 30 bits (2^-16 m), all signed, from the lowest bit up. */
function wgs84(bytes: Uint8Array, at: number): Json {
  const all = u64(bytes, at) | (BigInt(u32(bytes, at + 8)) << 64n)
  return {
    latitude_deg: signed(all, 33n) / 2 ** 26,
    longitude_deg: signed(all >> 33n, 33n) / 2 ** 26,
    altitude_m: signed(all >> 66n, 30n) / 2 ** 16
  }
}

/** 10 bytes: x and y 28 bits, z 24 bits, mm, signed. */
function relative(bytes: Uint8Array, at: number): Json {
  const all = u64(bytes, at) | (BigInt(u16(bytes, at + 8)) << 64n)
  return { x: signed(all, 28n) / 1000, y: signed(all >> 28n, 28n) / 1000, z: signed(all >> 56n, 24n) / 1000 }
}

const STAMP_LENGTHS = [5, 8]

/** Ticks of 15.65 ps, 40 or 64 bits, as text. */
const stampText = (bytes: Uint8Array, at: number, length: number): string =>
  length === 8 ? u64Text(bytes, at) : String(u32(bytes, at) + (bytes[at + 4] ?? 0) * 0x1_0000_0000)

const DL_TDOA_HEAD = 15
const DL_TDOA_TAIL = 14

/**
 * Downlink time difference, what a tag heard of one anchor's message:
 *
 *   address (2 or 8), status u8, message u8 (0 poll, 1 response, 2 final)
 *   control u16: bit 0 sent stamp in the common time base, 1..2 and 3..4 length of the sent and received stamp (0: 40 bits, 1: 64),
 *                5..6 location of the anchor (0 none, 1 WGS84, 2 relative), 7..10 count of ranging rounds
 *   block u16, round u8, not in sight u8, azimuth i16 + merit u8, elevation i16 + u8, RSSI u8, sent stamp, received stamp,
 *   clock offset of the anchor and as measured i16 x2 Q6.10 ppm, reply times of initiator and responder u32 x2, time of flight between them u16,
 *   location 12 or 10 bytes, ranging rounds u8 each
 *
 * Undefined when the bytes end before it does.
 */
function readDlTdoa(
  bytes: Uint8Array,
  at: number,
  macLength: number
): { readonly measurement: UciMeasurement; readonly end: number } | undefined {
  const body = at + macLength
  const control = u16(bytes, body + 2)
  const txLength = STAMP_LENGTHS[(control >> 1) & 3]
  const rxLength = STAMP_LENGTHS[(control >> 3) & 3]
  const location = (control >> 5) & 3
  if (txLength === undefined || rxLength === undefined || location > RELATIVE) return undefined
  const tx = body + DL_TDOA_HEAD
  const clocks = tx + txLength + rxLength
  const place = clocks + DL_TDOA_TAIL
  const rounds = place + (location === WGS84 ? 12 : location === RELATIVE ? 10 : 0)
  const end = rounds + ((control >> 7) & 0x0f)
  if (end > bytes.length) return undefined
  const status = bytes[body] ?? 0
  const mac = macText(bytes, at, macLength)
  const message = bytes[body + 1] ?? 0
  const extra: Extra = {
    mac: `0x${mac}`,
    status: statusName(status),
    message_type: MESSAGE_TYPES[message] ?? `type_${message}`,
    tx_common_time_base: (control & 1) === 1,
    block_index: u16(bytes, body + 4),
    round_index: bytes[body + 6] ?? 0,
    nlos: bytes[body + 7] ?? 0
  }
  applyAngle(extra, 'aoa_azimuth', bytes, body + 8)
  applyAngle(extra, 'aoa_elevation', bytes, body + 11)
  const rssiDbm = rssiOf(bytes[body + 14] ?? 0)
  if (rssiDbm !== undefined) extra['rssi_dbm'] = rssiDbm
  extra['tx_timestamp_ticks'] = stampText(bytes, tx, txLength)
  extra['rx_timestamp_ticks'] = stampText(bytes, tx + txLength, rxLength)
  extra['anchor_cfo_ppm'] = i16(bytes, clocks) / 1024
  extra['cfo_ppm'] = i16(bytes, clocks + 2) / 1024
  extra['initiator_reply_time_ticks'] = u32(bytes, clocks + 4)
  extra['responder_reply_time_ticks'] = u32(bytes, clocks + 8)
  extra['initiator_responder_tof_ticks'] = u16(bytes, clocks + 12)
  if (location === WGS84) extra['anchor_position_wgs84'] = wgs84(bytes, place)
  if (location === RELATIVE) extra['anchor_position_m'] = relative(bytes, place)
  if (end > rounds) extra['active_ranging_rounds'] = Array.from(bytes.subarray(rounds, end))
  return { measurement: { mac, ok: isOk(status), extra, ...(rssiDbm === undefined ? {} : { rssiDbm }) }, end }
}

export interface UciMeasurements {
  readonly list: readonly UciMeasurement[]
  /** What stands behind the list: vendors add their own. */
  readonly vendorHex: string
}

/** Undefined when the payload is shorter than its measurements. */
export function readMeasurements(
  type: number,
  payload: Uint8Array,
  from: number,
  count: number,
  extended: boolean
): UciMeasurements | undefined {
  const macLength = extended ? 8 : 2
  const each = measurementLength(type, extended)
  const list: UciMeasurement[] = []
  let at = from
  if (each !== undefined && from + count * each > payload.length) return undefined
  for (let i = 0; i < count; i++) {
    if (type === TWO_WAY) list.push(readTwoWay(payload, at, macLength))
    else if (type === OWR_AOA) list.push(readOwrAoa(payload, at, macLength))
    else {
      const read = readDlTdoa(payload, at, macLength)
      if (read === undefined) return undefined
      list.push(read.measurement)
      at = read.end
    }
    at += each ?? 0
  }
  return { list, vendorHex: toHex(payload.subarray(at)) }
}
