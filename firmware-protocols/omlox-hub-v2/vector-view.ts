import type { Reading } from '../reading.ts'

/** A message in the words of the vectors. Test use only. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading] = readings
  const { position, geo } = reading ?? {}
  return {
    position: position && { ...position, z: position.z ?? null },
    floor: reading?.floor,
    speed_mps: reading?.speedMps,
    course_deg: reading?.courseDeg,
    accuracy_m: reading?.accuracyM,
    latitude_deg: geo?.latitudeDeg,
    longitude_deg: geo?.longitudeDeg,
    ...reading?.extra
  }
}
