import { DAY_MS, formatTimeOfDay, formatUtc } from '../kit/civil-time.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { GeoPosition } from '../reading.ts'
import type { EpochClock } from './epoch-clock.ts'
import type { Fields } from './fields.ts'

/** What a reader of one sentence type fills. */
export interface Target {
  readonly draft: Draft
  readonly extra: Extra
  readonly clock: EpochClock
  readonly receivedAt: number | undefined
}

/** Receivers print 99.99 when they have no dilution to tell, that is no fix. */
const NO_DILUTION = 99

/** NMEA 2.3 mode: N no fix, S simulator. Neither is where anybody is. */
export const isMeasuredMode = (mode: string | undefined): boolean => mode !== 'N' && mode !== 'S'

function applyGeo(
  target: Target,
  latitudeDeg: number | undefined,
  longitudeDeg: number | undefined,
  height?: { altitudeM?: number; geoidSeparationM?: number }
): void {
  if (latitudeDeg === undefined || longitudeDeg === undefined) return
  const geo: GeoPosition = { latitudeDeg, longitudeDeg, ...height }
  target.draft.geo = geo
}

function applyValid(target: Target, valid: boolean): void {
  const fix = valid && target.draft.geo !== undefined
  target.extra['valid'] = fix
  if (!fix) target.draft.usable = false
}

/** A time of day; with the date of a neighbouring sentence where there is one. */
export function applyTime(target: Target, timeOfDay: number | undefined): void {
  target.extra['time_utc'] = timeOfDay === undefined ? null : formatTimeOfDay(timeOfDay)
  if (timeOfDay === undefined) return
  const epochMs = target.clock.resolve(timeOfDay, target.receivedAt)
  if (epochMs === undefined) return
  target.draft.deviceTime = epochMs
  target.extra['datetime_utc'] = formatUtc(epochMs)
}

export function applyDateTime(target: Target, dateDays: number | undefined, timeOfDay: number | undefined): void {
  if (dateDays !== undefined && timeOfDay !== undefined) {
    target.draft.deviceTime = dateDays * DAY_MS + timeOfDay
    target.extra['datetime_utc'] = formatUtc(target.draft.deviceTime)
    return
  }
  target.extra['datetime_utc'] = null
  if (timeOfDay !== undefined) target.extra['time_utc'] = formatTimeOfDay(timeOfDay)
}

/** `--RMC,<time>,<A|V>,<lat>,<N|S>,<lon>,<E|W>,<knots>,<course>,<ddmmyy>,<magnetic variation>,<E|W>[,<mode>[,<navigational status>]]` */
export function readRmc(f: Fields, target: Target): void {
  const timeOfDay = f.timeOfDay(1)
  const dateDays = f.date(9)
  const mode = f.text(12)
  const valid = f.text(2) === 'A' && isMeasuredMode(mode)
  applyDateTime(target, dateDays, timeOfDay)
  applyGeo(target, f.latitude(3), f.longitude(5))
  applyValid(target, valid)
  applySpeed(target, f.speedFromKnots(7), f.angle(8))
  const variation = f.directed(10, 'E', 'W')
  if (variation !== undefined) target.extra['magnetic_variation_deg'] = variation
  if (mode !== undefined) target.extra['mode'] = mode
  const navStatus = f.text(13)
  if (navStatus !== undefined) target.extra['nav_status'] = navStatus
  // Without a fix the receiver's calendar may be off by a rollover of weeks; such a date is told but not lent to others.
  if (valid && dateDays !== undefined && timeOfDay !== undefined && f.problem === undefined)
    target.clock.set(dateDays, timeOfDay, target.receivedAt)
}

export function applySpeed(target: Target, speedMps: number | undefined, courseDeg: number | undefined): void {
  if (speedMps !== undefined) target.draft.speedMps = speedMps
  if (courseDeg !== undefined) target.draft.courseDeg = courseDeg
}

interface Heights {
  readonly altitude: number | undefined
  readonly separation: number | undefined
}

/** What GGA and GNS have in common. */
function applyFix(f: Fields, target: Target, hdop: number | undefined, heights: Heights, hasFix: boolean): void {
  const { altitude, separation } = heights
  applyGeo(target, f.latitude(2), f.longitude(4), {
    ...(altitude === undefined ? {} : { altitudeM: altitude }),
    ...(separation === undefined ? {} : { geoidSeparationM: separation })
  })
  target.extra['satellites'] = f.integer(7) ?? null
  target.extra['hdop'] = hdop ?? null
  target.extra['altitude_msl_m'] = altitude ?? null
  target.extra['geoid_separation_m'] = separation ?? null
  applyValid(target, hasFix && (hdop === undefined || hdop < NO_DILUTION))
}

function applyDifferential(target: Target, ageS: number | undefined, stationId: string | undefined): void {
  if (ageS !== undefined) target.extra['differential_age_s'] = ageS
  if (stationId !== undefined) target.extra['station_id'] = stationId
}

/** GGA quality: 0 no fix, 8 simulator. */
const UNMEASURED_QUALITIES = new Set([0, 8])

/** `--GGA,<time>,<lat>,<N|S>,<lon>,<E|W>,<quality>,<satellites>,<hdop>,<altitude above mean sea level>,M,<geoid separation>,M,<age>,<station>` */
export function readGga(f: Fields, target: Target): void {
  applyTime(target, f.timeOfDay(1))
  const quality = f.integer(6)
  target.extra['fix_quality'] = quality ?? null
  const heights = { altitude: f.metres(9), separation: f.metres(11) }
  applyFix(f, target, f.number(8), heights, quality !== undefined && !UNMEASURED_QUALITIES.has(quality))
  applyDifferential(target, f.number(13), f.text(14))
}

/** `--GNS,<time>,<lat>,<N|S>,<lon>,<E|W>,<mode of each system>,<satellites>,<hdop>,<altitude>,<geoid separation>,<age>,<station>[,<navigational status>]` */
export function readGns(f: Fields, target: Target): void {
  applyTime(target, f.timeOfDay(1))
  const modes = [...(f.text(6) ?? '')]
  target.extra['modes'] = modes
  applyFix(f, target, f.number(8), { altitude: f.number(9), separation: f.number(10) }, modes.some(isMeasuredMode))
  applyDifferential(target, f.number(11), f.text(12))
  const navStatus = f.text(13)
  if (navStatus !== undefined) target.extra['nav_status'] = navStatus
}

/** `--GLL,<lat>,<N|S>,<lon>,<E|W>,<time>,<A|V>[,<mode>]` */
export function readGll(f: Fields, target: Target): void {
  applyTime(target, f.timeOfDay(5))
  applyGeo(target, f.latitude(1), f.longitude(3))
  const mode = f.text(7)
  applyValid(target, f.text(6) === 'A' && isMeasuredMode(mode))
  if (mode !== undefined) target.extra['mode'] = mode
}
