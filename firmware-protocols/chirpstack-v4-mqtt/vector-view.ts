import type { Reading } from '../reading.ts'

/** In the words of the shared vectors. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading = {}] = readings
  return {
    ...reading.extra,
    battery_pct: reading.batteryPct,
    rssi_dbm: reading.rssiDbm,
    gateway_id: reading.receiver,
    latitude_deg: reading.geo?.latitudeDeg,
    longitude_deg: reading.geo?.longitudeDeg,
    altitude_m: reading.geo?.altitudeM,
    accuracy_m: reading.accuracyM
  }
}
