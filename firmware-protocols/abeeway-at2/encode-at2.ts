/** Header fields of an Asset Tracker 2 uplink, for simulators and tests. */
export interface At2Header {
  readonly mode?: number
  readonly sos?: boolean
  readonly moving?: boolean
  /** The byte as sent. */
  readonly battery?: number
  readonly temperatureDegC?: number
  /** Low four bits of byte 4. */
  readonly option?: number
}

const bigEndian = (value: number, length: number): number[] =>
  Array.from({ length }, (_unused, at) => Math.floor(value / 2 ** (8 * (length - 1 - at))) & 0xff)

function encodeAt2(type: number, header: At2Header, body: readonly number[]): Uint8Array {
  const { mode = 0, sos = false, moving = false, battery = 255, temperatureDegC = 20, option = 0 } = header
  const status = (mode << 5) | (sos ? 0x10 : 0) | (moving ? 0x04 : 0)
  return Uint8Array.of(type, status, battery, Math.round(((temperatureDegC + 44) * 255) / 129), option, ...body)
}

export interface At2Fix {
  readonly ageS: number
  readonly latitudeDeg: number
  readonly longitudeDeg: number
  readonly altitudeM: number
  readonly accuracyM: number
  readonly courseDeg: number
  readonly speedMps: number
}

/** Extended position (0x0E), altitude and accuracy in metres. */
export function encodeAt2Fix(header: At2Header, fix: At2Fix): Uint8Array {
  return encodeAt2(0x0e, { ...header, option: 0 }, [
    ...bigEndian(fix.ageS, 2),
    0x03,
    ...bigEndian(Math.round(fix.latitudeDeg * 1e7) >>> 0, 4),
    ...bigEndian(Math.round(fix.longitudeDeg * 1e7) >>> 0, 4),
    ...bigEndian(fix.altitudeM & 0xffff, 2),
    fix.accuracyM,
    ...bigEndian(Math.round(fix.courseDeg * 100), 2),
    ...bigEndian(Math.round(fix.speedMps * 100), 2)
  ])
}

/** Event (0x0A): 7 SOS start, 8 SOS end, 1 motion start … */
export const encodeAt2Event = (header: At2Header, event: number, body: readonly number[] = []): Uint8Array =>
  encodeAt2(0x0a, header, [event, ...body])

/** Shock detection (7, tag 3); acceleration in mg. */
export const encodeAt2Shock = (header: At2Header, count: number, milliG: readonly [number, number, number]): Uint8Array =>
  encodeAt2(7, header, [3, count, ...milliG.flatMap((value) => bigEndian(value & 0xffff, 2))])
