import type { Reading } from '../reading.ts'

/** A record in the words of the vectors. Test use only. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading] = readings
  return {
    ...reading?.extra,
    position_m: reading?.position,
    accuracy_m: reading?.accuracyM,
    battery_v: reading?.batteryV,
    temperature_degC: reading?.temperatureDegC
  }
}
