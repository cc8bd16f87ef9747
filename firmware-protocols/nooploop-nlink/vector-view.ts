import type { LocalPosition, Reading } from '../reading.ts'

/** Readings of NLink frames in the words of the vectors: one frame is told as it is, several as `{ frames }`. Test use only. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const frames: Record<string, unknown>[] = []
  let nodes: Record<string, unknown>[] = []
  for (const reading of readings) {
    if (reading.receiver !== undefined) {
      nodes.push(nodeView(reading))
      continue
    }
    nodes = []
    frames.push({ ...ownView(reading), ...(reading.extra?.['nodes'] === undefined ? { nodes } : {}), tags: nodes })
  }
  return { frames, ...frames[0] }
}

const xyz = (triple: readonly (number | null)[] | undefined): object | undefined => triple && { x: triple[0], y: triple[1], z: triple[2] }
const position = ({ position }: Reading): LocalPosition | undefined => position

function ownView(reading: Reading): Record<string, unknown> {
  return {
    ...reading.extra,
    position_m: position(reading),
    velocity_mps: reading.velocityMps,
    gyro_radps: xyz(reading.gyroRadps),
    accel_mps2: xyz(reading.accelMps2)
  }
}

function nodeView(reading: Reading): Record<string, unknown> {
  const anchors = reading.ranges?.map(({ anchor, rangeM }) => ({ id: Number(anchor), distance_m: rangeM }))
  return { ...reading.extra, position_m: position(reading), anchors }
}
