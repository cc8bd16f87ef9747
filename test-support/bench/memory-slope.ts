import { slopePerMinute } from '../stand/process-memory.ts'

export interface Sample {
  readonly ms: number
  readonly value: number
}

export interface Slope {
  readonly perMin: number
  /** Standard error of the slope: twice this on either side holds the true one in about 95 of 100 runs. */
  readonly errorPerMin: number
}

const BLOCK_SAMPLES = 10

/**
 * Growth of resident memory: the samples of the second half (in the first, heaps, page caches and compiled code settle), the median of
 * each ten of them (garbage comes and goes in a saw-tooth; a median is moved by lasting growth and not by a tooth), and a line fitted
 * through the medians by least squares. How far the medians lie from the line gives the standard error.
 */
export function settledSlope(samples: readonly Sample[]): Slope {
  const settled = samples.slice(Math.floor(samples.length / 2))
  const points: Sample[] = []
  for (let at = 0; at + BLOCK_SAMPLES <= settled.length; at += BLOCK_SAMPLES) points.push(middle(settled.slice(at, at + BLOCK_SAMPLES)))
  // Too few for a line with an error: a short run says little, and says so.
  if (points.length < 3) return { perMin: slopePerMinute(settled), errorPerMin: Number.NaN }
  const perMin = slopePerMinute(points)
  const meanMs = mean(points.map(({ ms }) => ms))
  const meanValue = mean(points.map(({ value }) => value))
  let squares = 0
  let spread = 0
  for (const { ms, value } of points) {
    squares += (value - meanValue - (perMin / 60_000) * (ms - meanMs)) ** 2
    spread += (ms - meanMs) ** 2
  }
  return { perMin, errorPerMin: Math.sqrt(squares / (points.length - 2) / spread) * 60_000 }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function middle(block: readonly Sample[]): Sample {
  const values = block.map(({ value }) => value).sort((a, b) => a - b)
  const upper = Math.floor(values.length / 2)
  const lower = Math.ceil(values.length / 2) - 1
  return { ms: mean(block.map(({ ms }) => ms)), value: ((values[lower] ?? 0) + (values[upper] ?? 0)) / 2 }
}
