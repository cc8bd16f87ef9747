/** Header fields of an Asset Tracker 3 uplink, for simulators and tests. */
export interface At3Header {
  readonly sos?: boolean
  /** % as sent: 0 charging, 127 unknown. */
  readonly battery?: number
  /** Epoch milliseconds, told in seconds of the half day; `buffered`: in full. Absent: unknown. */
  readonly timeMs?: number
  readonly buffered?: boolean
}

const HALF_DAY_S = 43_200
const UNKNOWN_TIME = 0xffff

const bigEndian = (value: number, length: number): number[] =>
  Array.from({ length }, (_unused, at) => Math.floor(value / 2 ** (8 * (length - 1 - at))) & 0xff)

function encodeAt3(type: number, header: At3Header, body: readonly number[]): Uint8Array {
  const { sos = false, battery = 127, timeMs, buffered = false } = header
  const seconds = Math.floor((timeMs ?? 0) / 1000)
  const time = buffered ? bigEndian(seconds, 4) : bigEndian(timeMs === undefined ? UNKNOWN_TIME : seconds % HALF_DAY_S, 2)
  return Uint8Array.of((sos ? 0x40 : 0) | (type << 3), (buffered ? 0x80 : 0) | battery, ...time, ...body)
}

export interface At3Fix {
  readonly moving: boolean
  readonly motionCount: number
  readonly latitudeDeg: number
  readonly longitudeDeg: number
  readonly altitudeM: number
  readonly accuracyM: number
  readonly courseDeg: number
  readonly speedMps: number
  readonly satellites: number
}

export function encodeAt3Fix(header: At3Header, fix: At3Fix): Uint8Array {
  return encodeAt3(2, header, [
    (fix.moving ? 0x80 : 0) | 10,
    fix.motionCount,
    0,
    1,
    ...bigEndian(Math.round(fix.latitudeDeg * 1e7) >>> 0, 4),
    ...bigEndian(Math.round(fix.longitudeDeg * 1e7) >>> 0, 4),
    ...bigEndian(fix.altitudeM & 0xffff, 2),
    ...bigEndian(Math.round(fix.courseDeg * 100), 2),
    ...bigEndian(Math.round(fix.speedMps * 100), 2),
    fix.accuracyM,
    0x60 | fix.satellites
  ])
}

/** `family` and `type` as in the first byte of a notification, e.g. 1 and 0 for SOS on. */
export const encodeAt3Notification = (header: At3Header, family: number, type: number, body: readonly number[] = []): Uint8Array =>
  encodeAt3(1, header, [(family << 4) | type, ...body])
