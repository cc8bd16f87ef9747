import { LineLocator } from '../../gateway/location/line-locator.ts'
import type { LocationSettings } from '../../gateway/location/location-settings.ts'
import { counts, type RecordedRun } from './recorded-run.ts'

/** Horizontal errors of a run's lines, in metres; infinite: no answer. */
export interface Score {
  readonly errorsM: number[]
  /** Errors that lay within the accuracy that was given with the fix. */
  within: number
  lines: number
  /** Processor time of all lines, JSON in and out included. */
  seconds: number
}

export const emptyScore = (): Score => ({ errorsM: [], within: 0, lines: 0, seconds: 0 })

/** Locates a run as `tagward locate` does: live, from the first line to the last, nothing known of what comes. */
export function scoreRun(run: RecordedRun, settings: LocationSettings, smooth: boolean): Score {
  const locator = new LineLocator(settings, smooth)
  const requests = run.lines.map(({ t, anchors, ranges }) =>
    JSON.stringify({ tag: run.name, t, anchors, ranges: ranges.map(({ id, d }) => ({ id, d })), dims: 2 })
  )
  const score = emptyScore()
  const before = process.cpuUsage()
  const answers = requests.map((request) => JSON.stringify(locator.locate(request)))
  const used = process.cpuUsage(before)
  score.seconds = (used.user + used.system) / 1e6
  score.lines = requests.length
  for (const [index, line] of run.lines.entries()) {
    if (!counts(line) || line.truth === null) continue
    const answer = JSON.parse(answers[index] ?? '{}') as { x?: number; y?: number; accuracy?: number }
    const { x = Infinity, y = Infinity, accuracy = 0 } = answer
    const errorM = Math.hypot(x - line.truth.x, y - line.truth.y)
    score.errorsM.push(errorM)
    if (errorM <= accuracy && errorM !== Infinity) score.within++
  }
  return score
}

export function addScore(sum: Score, more: Score): void {
  for (const errorM of more.errorsM) sum.errorsM.push(errorM)
  sum.within += more.within
  sum.lines += more.lines
  sum.seconds += more.seconds
}

/** The row of the report. */
export interface Row {
  readonly name: string
  readonly mode: 'alone' | 'smooth'
  readonly fixes: number
  readonly withoutAnswer: number
  readonly medianM: number
  readonly p90M: number
  readonly p95M: number
  readonly withinAccuracyPct: number
}

export function row(name: string, smooth: boolean, score: Score): Row {
  const sorted = score.errorsM.toSorted((a, b) => a - b)
  const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return {
    name,
    mode: smooth ? 'smooth' : 'alone',
    fixes: sorted.length,
    withoutAnswer: sorted.filter((errorM) => errorM === Infinity).length,
    medianM: quantile(0.5),
    p90M: quantile(0.9),
    p95M: quantile(0.95),
    withinAccuracyPct: (100 * score.within) / Math.max(1, sorted.length)
  }
}
