import { colonMac } from '../ble-gateway/gateway-record.ts'
import type { Reading } from '../reading.ts'

/** In the words of the shared vectors. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading = {}] = readings
  return {
    ...reading.extra,
    mac: reading.tag === undefined ? null : colonMac(reading.tag),
    rssi_dbm: reading.rssiDbm,
    packet_id: reading.sequence,
    battery_pct: reading.batteryPct,
    illuminance_lux: reading.illuminanceLux,
    temperature_degC: reading.temperatureDegC,
    humidity_pct: reading.humidityPct
  }
}
