import type { RangeSolver } from './range-solver.ts'
import { invert3, symmetric3 } from './symmetric3.ts'
import { TAG_DELAY } from './track.ts'
import type { TrackFilter } from './track-filter.ts'

const place = symmetric3()
/** (1 mm)²: a delay is never known better, and its information stays finite. */
const LEAST_VARIANCE = 1e-6

/** What the filter knows of place and delay, as prior of the solver: the inverse of their covariance, in blocks. */
export function fillPrior(filter: TrackFilter, solver: RangeSolver): void {
  const { prior, priorInformation: known } = solver
  prior.x = filter.mean[0] ?? 0
  prior.y = filter.mean[1] ?? 0
  prior.z = filter.mean[2] ?? 0
  prior.delayM = filter.mean[TAG_DELAY] ?? 0
  place.xx = filter.at(0, 0)
  place.xy = filter.at(0, 1)
  place.xz = filter.at(0, 2)
  place.yy = filter.at(1, 1)
  place.yz = filter.at(1, 2)
  place.zz = filter.at(2, 2)
  if (!invert3(place, known)) {
    Object.assign(known, { xx: 1 / place.xx, xy: 0, xz: 0, yy: 1 / place.yy, yz: 0, zz: 1 / place.zz })
  }
  const x = filter.at(0, TAG_DELAY)
  const y = filter.at(1, TAG_DELAY)
  const z = filter.at(2, TAG_DELAY)
  const ax = known.xx * x + known.xy * y + known.xz * z
  const ay = known.xy * x + known.yy * y + known.yz * z
  const az = known.xz * x + known.yz * y + known.zz * z
  // What is unknown of the delay when the place is known.
  const alone = Math.max(filter.at(TAG_DELAY, TAG_DELAY) - ax * x - ay * y - az * z, LEAST_VARIANCE)
  known.xx += (ax * ax) / alone
  known.xy += (ax * ay) / alone
  known.xz += (ax * az) / alone
  known.yy += (ay * ay) / alone
  known.yz += (ay * az) / alone
  known.zz += (az * az) / alone
  known.xd = -ax / alone
  known.yd = -ay / alone
  known.zd = -az / alone
  known.dd = 1 / alone
}
