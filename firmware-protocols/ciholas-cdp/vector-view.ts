import type { Reading } from '../reading.ts'

/** Readings of one packet in the words of the vectors. Test use only. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const first = readings[0]?.extra
  return { seq: first?.['seq'], serial: first?.['sender_serial'], items: readings.map(itemView) }
}

function itemView({ extra, position, batteryPct, temperatureDegC, accelMps2, gyroRadps, pressurePa }: Reading): object {
  return {
    ...extra,
    position_m: position,
    battery_pct: batteryPct,
    temperature_degC: temperatureDegC,
    accel_mps2: accelMps2,
    gyro_radps: gyroRadps,
    pressure_pa: pressurePa
  }
}
