import type { Reading } from '../reading.ts'

/** An element in the words of the vectors. Test use only. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading] = readings
  return { ...reading?.extra, position_m: reading?.position, accel_mps2: reading?.accelMps2, pressure_pa: reading?.pressurePa }
}
