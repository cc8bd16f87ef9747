import type { z } from 'zod'
import type { Reading } from '../../firmware-protocols/reading.ts'
import { readingSchema } from './reading-schema.ts'

/** Readings that one frame or message may hold. */
const MAX_READINGS = 1_000

export interface CleanReadings {
  readonly readings: readonly Reading[]
  /** What was taken out, in words; empty: all was well. */
  readonly amiss: readonly string[]
}

/**
 * What third-party code calls readings, with everything taken out that is none. A field that makes no sense goes, and the rest of its reading
 * stays: an SOS must not be lost because the humidity beside it is nonsense. Whose the reading is must be right, or all of it goes.
 */
export function cleanReadings(value: unknown): CleanReadings {
  if (!Array.isArray(value)) return { readings: [], amiss: ['readings are no list'] }
  const amiss: string[] = []
  if (value.length > MAX_READINGS) amiss.push(`${value.length} readings at once, more than ${MAX_READINGS}: those beyond are dropped`)
  const readings: Reading[] = []
  for (let index = 0; index < Math.min(value.length, MAX_READINGS); index++) {
    const reading = cleanReading(value[index], `readings[${index}]`, amiss)
    if (reading !== undefined) readings.push(reading)
  }
  return { readings, amiss }
}

const WHOSE: ReadonlySet<unknown> = new Set(['tag', 'device', 'idNamespace'])

function cleanReading(value: unknown, name: string, amiss: string[]): Reading | undefined {
  const first = readingSchema.safeParse(value)
  if (first.success) return withoutAbsent(first.data)
  tell(first.error.issues, name, amiss)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  if (first.error.issues.some(({ path }) => WHOSE.has(path[0]))) return undefined
  const left = readingSchema.safeParse(withoutFaults({ ...value }, first.error.issues))
  if (!left.success || Object.keys(left.data).every((field) => WHOSE.has(field))) return undefined
  return withoutAbsent(left.data)
}

/** Signals are taken out one by one, other fields whole: a half list of ranges would be another statement. */
function withoutFaults(reading: Record<string, unknown>, issues: readonly z.core.$ZodIssue[]): Record<string, unknown> {
  const badSignals = new Set<unknown>()
  for (const issue of issues) {
    const [field, index] = issue.path
    if (issue.code === 'unrecognized_keys' && field === undefined) for (const key of issue.keys) delete reading[key]
    else if (field === 'signals' && typeof index === 'number') badSignals.add(index)
    else if (typeof field === 'string') delete reading[field]
  }
  const { signals } = reading
  if (badSignals.size > 0 && Array.isArray(signals)) reading['signals'] = signals.filter((_, index) => !badSignals.has(index))
  return reading
}

/** Decoders may write `quality: undefined`; further on a field is there or it is not. */
function withoutAbsent(reading: z.output<typeof readingSchema>): Reading {
  for (const value of Object.values(reading))
    if (value === undefined) return Object.fromEntries(Object.entries(reading).filter(([, each]) => each !== undefined)) as Reading
  return reading as Reading
}

function tell(issues: readonly z.core.$ZodIssue[], name: string, amiss: string[]): void {
  for (const issue of issues.slice(0, 5)) amiss.push(`${[name, ...issue.path.map(String)].join('.')}: ${issue.message}`)
}
