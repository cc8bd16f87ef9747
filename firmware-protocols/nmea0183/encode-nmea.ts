import { civilFromDays, DAY_MS } from '../kit/civil-time.ts'
import type { GeoPosition } from '../reading.ts'
import { checksumText } from './sentence.ts'

/** Sentences as a receiver prints them, CR LF included, for simulators and tests. */

/** Puts `$`, checksum and line end around the fields. */
export function encodeSentence(body: string): string {
  return `$${body}*${checksumText(body)}\r\n`
}

export interface NmeaFix {
  readonly talker?: string
  readonly timeMs: number
  /** Absent: no fix. */
  readonly geo?: GeoPosition
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0')

function time(timeMs: number): string {
  const ofDay = timeMs % DAY_MS
  const seconds = Math.floor(ofDay / 1000)
  return `${pad(Math.floor(seconds / 3600), 2)}${pad(Math.floor(seconds / 60) % 60, 2)}${pad(seconds % 60, 2)}.${pad(ofDay % 1000, 3)}`
}

/** Minutes with seven digits behind the point: 0.2 mm. */
const MINUTE_UNITS = 1e7

function coordinate(valueDeg: number, degreeDigits: number, plus: string, minus: string): string {
  const units = Math.round(Math.abs(valueDeg) * 60 * MINUTE_UNITS)
  const degrees = Math.floor(units / (60 * MINUTE_UNITS))
  const minutes = ((units - degrees * 60 * MINUTE_UNITS) / MINUTE_UNITS).toFixed(7).padStart(10, '0')
  return `${pad(degrees, degreeDigits)}${minutes},${valueDeg < 0 ? minus : plus}`
}

const coordinates = (geo: GeoPosition | undefined): string =>
  geo ? `${coordinate(geo.latitudeDeg, 2, 'N', 'S')},${coordinate(geo.longitudeDeg, 3, 'E', 'W')}` : ',,,'

export function encodeRmc(fix: NmeaFix & { readonly speedMps?: number; readonly courseDeg?: number }): string {
  const { year, month, day } = civilFromDays(Math.floor(fix.timeMs / DAY_MS))
  const knots = fix.speedMps === undefined ? '' : ((fix.speedMps * 3600) / 1852).toFixed(4)
  const course = fix.courseDeg === undefined ? '' : fix.courseDeg.toFixed(2)
  const date = `${pad(day, 2)}${pad(month, 2)}${pad(year % 100, 2)}`
  const status = fix.geo ? 'A' : 'V'
  return encodeSentence(
    `${fix.talker ?? 'GN'}RMC,${time(fix.timeMs)},${status},${coordinates(fix.geo)},${knots},${course},${date},,,${fix.geo ? 'A' : 'N'}`
  )
}

export function encodeGga(fix: NmeaFix & { readonly satellites: number; readonly hdop: number }): string {
  const altitude = fix.geo?.altitudeM === undefined ? ',' : `${fix.geo.altitudeM.toFixed(3)},M`
  const separation = fix.geo?.geoidSeparationM === undefined ? ',' : `${fix.geo.geoidSeparationM.toFixed(3)},M`
  const hdop = fix.geo ? fix.hdop.toFixed(2) : '99.99'
  return encodeSentence(
    `${fix.talker ?? 'GN'}GGA,${time(fix.timeMs)},${coordinates(fix.geo)},${fix.geo ? 1 : 0},${pad(fix.satellites, 2)},${hdop},${altitude},${separation},,`
  )
}
