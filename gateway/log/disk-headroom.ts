import type { StatsFs } from 'node:fs'

const HEADROOM_BYTES = 8 * 1024 * 1024

/** The disk counts as full below this, or below a sixteenth of it where that is less. */
export function headroomOf({ blocks, bsize }: Pick<StatsFs, 'blocks' | 'bsize'>): number {
  return Math.min(HEADROOM_BYTES, Math.floor((blocks * bsize) / 16))
}
