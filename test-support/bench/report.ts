/** Quantiles of a latency in milliseconds. */
export interface Quantiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** A second of the load, as the gateway's own figures tell it. */
export interface SecondOfLoad {
  /** Mean of frame to durable over this second's frames; null: none became durable in it. */
  readonly meanMs: number | null
  /** Slowest frame since the start of the load. */
  readonly slowestSoFarMs: number
}

/** The contract of `npm run bench -- --json`. */
export interface BenchReport {
  /** TagMovement events, from the first frame to the last one acknowledged by Kafka. */
  readonly eventsPerSecond: number
  readonly seconds: number
  /** Events not yet acknowledged by Kafka when the load ended. */
  readonly backlogAtEnd: number
  readonly lost: number
  readonly rssPeakMiB: number
  /** Of the second half of the load; see `settledSlope`. */
  readonly rssSlopeMiBPerMin: number
  /** Standard error of the slope; null: the run was too short. */
  readonly rssSlopeErrorMiBPerMin: number | null
  readonly frameToDurableMs: Quantiles
  readonly frameToDurableBySecond: readonly SecondOfLoad[]
  readonly frameToKafkaMs: Quantiles
  /** A backlog read from the log and acknowledged by Kafka. */
  readonly drainPerSecond: number
  /** Bytes on disk per TagMovement of the demo site, indexes included. */
  readonly bytesPerEvent: number
  readonly startMs: { readonly empty: number; readonly tenMillion: number }
  /** By protocol: frames a second of processor time through framer and decoder. */
  readonly codecFramesPerSecond: Readonly<Record<string, number>>
}

const UNITS: Readonly<Record<string, string>> = {
  eventsPerSecond: 'events/s',
  seconds: 's',
  backlogAtEnd: 'events',
  lost: 'events',
  rssPeakMiB: 'MiB',
  rssSlopeMiBPerMin: 'MiB/min',
  rssSlopeErrorMiBPerMin: 'MiB/min',
  frameToDurableMs: 'ms',
  frameToKafkaMs: 'ms',
  drainPerSecond: 'events/s',
  bytesPerEvent: 'bytes',
  startMs: 'ms',
  codecFramesPerSecond: 'frames per CPU second'
}

const shown = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(2))

/** Without the course of the load, which is for programs. */
export function asTable({ frameToDurableBySecond: _, ...report }: Partial<BenchReport>): string {
  const rows: [string, string][] = []
  for (const [name, value] of Object.entries(report) as [string, number | null | Record<string, number>][]) {
    const unit = UNITS[name] ?? ''
    if (value === null) rows.push([name, 'not known'])
    else if (typeof value === 'number') rows.push([name, `${shown(value)} ${unit}`])
    else for (const [part, each] of Object.entries(value)) rows.push([`${name}.${part}`, `${shown(each)} ${unit}`])
  }
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}
