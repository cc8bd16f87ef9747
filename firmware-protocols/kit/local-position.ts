import type { LocalPosition } from '../reading.ts'
import { finiteNumber, type JsonObject } from './json.ts'

/** x, y, z in metres when all three are numbers; a NaN in any form, or a missing one, makes it no position. */
export function localPosition(value: JsonObject): LocalPosition | undefined {
  const x = finiteNumber(value['x'])
  const y = finiteNumber(value['y'])
  const z = finiteNumber(value['z'])
  return x === undefined || y === undefined || z === undefined ? undefined : { x, y, z }
}

/** Whether a position that a PANS node reports is a fix: without one it reports quality 0, the origin, or NaN. */
export function isPansFix(position: LocalPosition | undefined, quality: number | undefined): boolean {
  return position !== undefined && quality !== 0 && !(position.x === 0 && position.y === 0 && position.z === 0)
}
