import type { LocalPosition } from '../reading.ts'
import { finiteNumber, type JsonObject } from './json.ts'

/** x, y and, where it is given, z in metres; a NaN in any form, or a missing x or y, makes it no position. */
export function localPosition(value: JsonObject): LocalPosition | undefined {
  const x = finiteNumber(value['x'])
  const y = finiteNumber(value['y'])
  if (x === undefined || y === undefined) return undefined
  if (value['z'] === undefined) return { x, y }
  const z = finiteNumber(value['z'])
  return z === undefined ? undefined : { x, y, z }
}

/** Whether a position that a PANS node reports is a fix: without one it reports quality 0, the origin, or NaN. */
export function isPansFix(position: LocalPosition | undefined, quality: number | undefined): boolean {
  return position !== undefined && quality !== 0 && !(position.x === 0 && position.y === 0 && (position.z ?? 0) === 0)
}
