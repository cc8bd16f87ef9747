import type { Reading } from '../reading.ts'

/** In the words of the shared vectors. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading = {}] = readings
  return {
    ...reading.extra,
    temperature_degC: reading.temperatureDegC,
    battery_v: reading.batteryV,
    battery_pct: reading.batteryPct,
    charging: reading.charging,
    moving: reading.moving,
    latitude_deg: reading.geo?.latitudeDeg,
    longitude_deg: reading.geo?.longitudeDeg,
    altitude_m: reading.geo?.altitudeM,
    accuracy_m: reading.accuracyM,
    course_deg: reading.courseDeg,
    speed_mps: reading.speedMps
  }
}
