import type { Reading } from '../reading.ts'

/** The message is told whole by its first reading; those of single tags follow. Test use only. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  return readings[0]?.extra ?? {}
}
