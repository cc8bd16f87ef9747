import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LOCATION_SETTINGS } from '../../gateway/location/location-settings.ts'
import { extentM, readRuns } from './recorded-run.ts'
import { addScore, emptyScore, row, scoreRun } from './score.ts'

const recordings = fileURLToPath(new URL('../../../../shared/data/uwb', import.meta.url))

/** Recorded by others, not part of the project: outdoors with weak geometry, a laboratory, a hall where most anchors are not in sight. */
describe.skipIf(!existsSync(recordings))('recorded runs, smoothed, live', () => {
  const runs = existsSync(recordings) ? readRuns(recordings) : []
  it.each([
    ['cucudasluv', 0.3, 1.2],
    ['cliansang', 0.08, 0.18],
    ['iiot19', 0.2, 0.6]
  ])('%s: median within %d m, p95 within %d m, and the accuracy told with each fix holds', (set, medianM, p95M) => {
    const score = emptyScore()
    const chosen = runs.filter((run) => run.set === set && (set !== 'cliansang' || extentM(run) > 1))
    for (const run of chosen) addScore(score, scoreRun(run, DEFAULT_LOCATION_SETTINGS, true))
    const result = row(set, true, score)
    expect(result.medianM).toBeLessThanOrEqual(medianM)
    expect(result.p95M).toBeLessThanOrEqual(p95M)
    expect(result.withinAccuracyPct).toBeGreaterThan(55)
    expect(result.withinAccuracyPct).toBeLessThan(85)
  })
})
