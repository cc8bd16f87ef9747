import type { Reading } from '../reading.ts'

/** In the shape of the shared vectors: the gateway, and its records. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const tags = readings.filter((reading) => reading.tag !== undefined)
  const gateway = readings.find((reading) => reading.device !== undefined)?.device
  return {
    gateway_id: gateway ?? tags[0]?.receiver ?? null,
    records: tags.map((reading) => ({
      ...reading.extra,
      rssi_dbm: reading.rssiDbm,
      tx_power_dbm: reading.txPowerDbm,
      battery_pct: reading.batteryPct,
      temperature_degC: reading.temperatureDegC,
      humidity_pct: reading.humidityPct
    }))
  }
}
