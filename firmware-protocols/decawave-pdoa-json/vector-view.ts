import type { Reading } from '../reading.ts'

/** Readings in the words of the vectors, which name ids in capitals and axes by letter. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [reading = {}] = readings
  const { tag, device, position, accelMps2, extra } = reading
  return {
    ...(tag === undefined ? {} : { tag_id: tag.toUpperCase() }),
    node_id: device?.toUpperCase(),
    xy_m: position === undefined ? null : { x: position.x, y: position.y },
    accel_mps2: accelMps2 === undefined ? undefined : { x: accelMps2[0], y: accelMps2[1], z: accelMps2[2] },
    ...extra
  }
}
