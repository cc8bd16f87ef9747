import type { Reading } from '../reading.ts'

/** In the words of the shared vectors. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading = {}] = readings
  return {
    ...reading.extra,
    source_id: reading.receiver,
    rssi_dbm: reading.rssiDbm,
    battery_pct: reading.batteryPct,
    temperature_degC: reading.temperatureDegC,
    humidity_pct: reading.humidityPct
  }
}
