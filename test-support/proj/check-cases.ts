/** Frames and points on which the georeferences are compared with PROJ: the hard places of the earth, and others by a seed. */
import type { FrameSettings } from '../../gateway/site/georeference/frame-settings.ts'
import { cct, type Triple } from './cct.ts'
import { PROJECTED_CASES } from './projected-cases.ts'

export interface CheckCase {
  readonly settings: FrameSettings
  /** Operation of `cct` from longitude, latitude, height on WGS84 to x, y, z of the frame. */
  readonly operation: string
  /** In the frame. */
  readonly points: readonly Triple[]
}

export interface CheckValue extends CheckCase {
  /** What PROJ says: longitude, latitude and height of `points`. */
  readonly wgs84: readonly Triple[]
  /** What PROJ makes of those on the way back: between datums not the same to the last millimetre, since heights are set aside. */
  readonly back: readonly Triple[]
}

/** Both ways by PROJ. */
export function askProj(check: CheckCase): CheckValue {
  const wgs84 = cct(check.operation, check.points, true)
  return { ...check, wgs84, back: cct(check.operation, wgs84) }
}

const HARD_PLACES: readonly (readonly [lat: number, lon: number])[] = [
  [90, 0],
  [90, 37],
  [89.9999, -120],
  [-90, 0],
  [-89.95, 75],
  [0, 0],
  [0, 180],
  [52, 180],
  [-17.5, -179.9999],
  [70, 179.99999],
  [0.00001, -90],
  [45, 90]
]

/** Numbers from 0 to 1 (mulberry32). */
function numbersOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

function levelCase(lat: number, lon: number, alt: number, headingDeg: number, points: readonly Triple[]): CheckCase {
  const sin = Math.sin((headingDeg * Math.PI) / 180)
  const cos = Math.cos((headingDeg * Math.PI) / 180)
  const operation = [
    '+proj=pipeline +step +proj=cart +ellps=WGS84',
    `+step +proj=topocentric +ellps=WGS84 +lat_0=${lat} +lon_0=${lon} +h_0=${alt}`,
    `+step +proj=affine +s11=${cos} +s12=${-sin} +s21=${sin} +s22=${cos}`
  ].join(' ')
  return { settings: { origin: { lat, lon, alt }, headingDeg }, operation, points }
}

/** Needs `cct`: it says where the projected places lie. `every`: each so-manyth place only, for each costs a process or three. */
export function checkCases(seed: number, pointsEach: number, every = 1): readonly CheckCase[] {
  const next = numbersOf(seed)
  const between = (least: number, most: number, digits = 4) => rounded(least + next() * (most - least), digits)
  const around = (radiusM: number): readonly Triple[] =>
    Array.from({ length: pointsEach }, () => [between(-radiusM, radiusM), between(-radiusM, radiusM), between(-100, 300)])
  const others = Array.from({ length: 12 }, () => [between(-90, 90, 7), between(-180, 180, 7)] as const)
  const isTaken = (_: unknown, index: number) => index % every === 0
  const level = [...HARD_PLACES, ...others]
    .filter(isTaken)
    .map(([lat, lon]) => levelCase(lat, lon, between(-400, 4000, 3), between(0, 360, 5), [[0, 0, 0], ...around(7071)]))
  const projected = PROJECTED_CASES.filter(isTaken).map(({ crs, operation, lat, lon }) => {
    const [[easting, northing] = [Number.NaN, Number.NaN]] = cct(operation, [[lon, lat, 0]])
    return {
      settings: { crs },
      operation,
      points: around(7071).map(([x, y, z]): Triple => [rounded(easting + x, 4), rounded(northing + y, 4), z])
    }
  })
  return [...level, ...projected]
}
