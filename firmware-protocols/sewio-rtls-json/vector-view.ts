import type { Reading } from '../reading.ts'

/** A message in the words of the vectors. Test use only. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading] = readings
  const position = reading?.position && { ...reading.position, z: reading.position.z ?? null }
  return {
    accuracy_m: reading?.accuracyM,
    ...reading?.extra,
    position_m: position,
    battery_pct: reading?.batteryPct,
    battery_v: reading?.batteryV
  }
}
