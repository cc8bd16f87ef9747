import type { Reading } from '../reading.ts'

/** In the words of the shared vectors. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading = {}] = readings
  return {
    mac: null,
    ...reading.extra,
    gateway: reading.receiver ?? null,
    rssi_dbm: reading.rssiDbm,
    tx_power_dbm: reading.txPowerDbm,
    battery_pct: reading.batteryPct,
    battery_v: reading.batteryV,
    temperature_degC: reading.temperatureDegC,
    humidity_pct: reading.humidityPct,
    pressure_pa: reading.pressurePa,
    illuminance_lux: reading.illuminanceLux,
    accel_ms2: reading.accelMps2,
    accel_mps2: reading.accelMps2
  }
}
