import type { Json } from '../reading.ts'
import { civilDays, type Fields } from './fields.ts'
import { applyDateTime, applySpeed, applyTime, isMeasuredMode, type Target } from './fix-sentences.ts'

/**
 * `--VTG,<course true>,T,<course magnetic>,M,<knots>,N,<km/h>,K[,<mode>]`, and before NMEA 2.0 the same without the letters:
 * `--VTG,<course true>,<course magnetic>,<knots>,<km/h>`
 */
export function readVtg(f: Fields, target: Target): void {
  const lettered = f.count > 4
  const courseTrueDeg = f.angle(1)
  const speedMps = f.speedFromKnots(lettered ? 5 : 3) ?? f.speedFromKmh(lettered ? 7 : 4)
  applySpeed(target, speedMps, courseTrueDeg)
  target.extra['course_true_deg'] = courseTrueDeg ?? null
  target.extra['course_magnetic_deg'] = f.angle(lettered ? 3 : 2) ?? null
  const mode = lettered ? f.text(9) : undefined
  if (mode !== undefined) target.extra['mode'] = mode
  if (!isMeasuredMode(mode)) target.draft.usable = false
}

/** `--GST,<time>,<rms of ranges>,<sd major axis>,<sd minor axis>,<orientation>,<sd latitude>,<sd longitude>,<sd altitude>`, metres and degrees */
export function readGst(f: Fields, target: Target): void {
  applyTime(target, f.timeOfDay(1))
  const { extra } = target
  extra['rms_m'] = f.number(2) ?? null
  extra['std_major_m'] = f.number(3) ?? null
  extra['std_minor_m'] = f.number(4) ?? null
  extra['orientation_deg'] = f.number(5) ?? null
  extra['std_lat_m'] = f.number(6) ?? null
  extra['std_lon_m'] = f.number(7) ?? null
  extra['std_alt_m'] = f.number(8) ?? null
}

/** `--GSA,<M|A>,<1 none, 2 2D, 3 3D>,<satellite> × 12,<pdop>,<hdop>,<vdop>[,<system>]` */
export function readGsa(f: Fields, target: Target): void {
  const { extra } = target
  extra['selection_mode'] = f.text(1) ?? null
  extra['fix_type'] = f.integer(2) ?? null
  const satellites: Json[] = []
  for (let index = 3; index <= 14; index++) {
    const id = f.integer(index)
    if (id !== undefined) satellites.push(id)
  }
  extra['satellite_ids'] = satellites
  extra['pdop'] = f.number(15) ?? null
  extra['hdop'] = f.number(16) ?? null
  extra['vdop'] = f.number(17) ?? null
  const system = f.text(18)
  if (system !== undefined) extra['system_id'] = system
}

/** `--GSV,<messages>,<message>,<satellites in view>{,<id>,<elevation>,<azimuth>,<SNR>}[,<signal>]`, up to four satellites a message */
export function readGsv(f: Fields, target: Target): void {
  const { extra } = target
  extra['message_count'] = f.integer(1) ?? null
  extra['message_number'] = f.integer(2) ?? null
  extra['satellites_in_view'] = f.integer(3) ?? null
  const groups = Math.floor((f.count - 3) / 4)
  const satellites: Json[] = []
  for (let index = 4; index < 4 + groups * 4; index += 4) {
    const id = f.integer(index)
    if (id === undefined) continue
    satellites.push({
      id,
      elevation_deg: f.number(index + 1) ?? null,
      azimuth_deg: f.number(index + 2) ?? null,
      snr_db: f.number(index + 3) ?? null
    })
  }
  extra['satellites_seen'] = satellites
  const signal = (f.count - 3) % 4 === 1 ? f.text(f.count) : undefined
  if (signal !== undefined) extra['signal_id'] = signal
}

/** `--ZDA,<time>,<day>,<month>,<year>[,<local zone hours>,<local zone minutes>]` */
export function readZda(f: Fields, target: Target): void {
  const timeOfDay = f.timeOfDay(1)
  const [day, month, year] = [f.integer(2), f.integer(3), f.integer(4)]
  const known = day !== undefined && month !== undefined && year !== undefined && year >= 1980 && year <= 9999
  const dateDays = known ? civilDays(year, month, day) : undefined
  applyDateTime(target, dateDays, timeOfDay)
  const [zoneHours, zoneMinutes] = [f.integer(5), f.integer(6)]
  if (zoneHours !== undefined) target.extra['local_zone_h'] = zoneHours
  if (zoneMinutes !== undefined) target.extra['local_zone_min'] = zoneMinutes
  if (dateDays !== undefined && timeOfDay !== undefined && f.problem === undefined) target.clock.set(dateDays, timeOfDay, target.receivedAt)
}

/** `--TXT,<messages>,<message>,<severity or kind>,<text>`; the text may have commas. */
export function readTxt(f: Fields, target: Target): void {
  const { extra } = target
  extra['message_count'] = f.integer(1) ?? null
  extra['message_number'] = f.integer(2) ?? null
  extra['text_id'] = f.integer(3) ?? null
  extra['text'] = f.rest(4)
  extra['checksum_ok'] = true
}

/** `--HDT,<heading true>,T` and `--THS,<heading true>,<mode>`. Where the device points, not where it goes: no course. */
export function readTrueHeading(f: Fields, target: Target): void {
  target.extra['heading_true_deg'] = f.angle(1) ?? null
  const mode = f.text(2)
  if (mode !== undefined && mode !== 'T') target.extra['mode'] = mode
}

/** `--HDM,<heading magnetic>,M` */
export function readMagneticHeading(f: Fields, target: Target): void {
  target.extra['heading_magnetic_deg'] = f.angle(1) ?? null
}

/** `--HDG,<heading of the sensor>,<deviation>,<E|W>,<variation>,<E|W>` */
export function readSensorHeading(f: Fields, target: Target): void {
  const { extra } = target
  extra['heading_sensor_deg'] = f.angle(1) ?? null
  const deviation = f.directed(2, 'E', 'W')
  if (deviation !== undefined) extra['magnetic_deviation_deg'] = deviation
  const variation = f.directed(4, 'E', 'W')
  if (variation !== undefined) extra['magnetic_variation_deg'] = variation
}
