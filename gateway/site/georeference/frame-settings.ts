/** What the configuration says of a frame, and the tie that it makes. */
import { z } from 'zod'
import { NAMESPACE_PATTERN } from '../../events/tag-id.ts'
import { type FrameFit, fitControlPoints } from './control-points.ts'
import { atOrigin, type Georeference, levelFrame } from './level-frame.ts'
import { projectedFrame } from './projected-frame.ts'

const latitude = z.number().min(-90).max(90).meta({ description: 'Latitude, WGS84, decimal degrees, south negative' })
const longitude = z.number().min(-180).max(180).meta({ description: 'Longitude, WGS84, decimal degrees, west negative' })
const altitude = z.number().min(-12_000).max(100_000).meta({ description: 'Height above the WGS84 ellipsoid (not above the sea), m' })
const metres = (description: string) => z.number().min(-1e8).max(1e8).meta({ description })

const originSchema = z
  .strictObject({ lat: latitude, lon: longitude, alt: altitude })
  .meta({ description: "Where the frame's zero lies; goes with headingDeg" })

const controlPointSchema = z.strictObject({
  name: z.string().min(1).max(100).optional().meta({ description: 'What people call the point' }),
  x: metres('In the frame, m'),
  y: metres('In the frame, m'),
  z: metres('In the frame, m, upwards'),
  lat: latitude,
  lon: longitude,
  alt: altitude
})

const offsetSchema = z
  .strictObject({
    x: metres("Easting of the frame's zero, m"),
    y: metres("Northing of the frame's zero, m"),
    z: metres("Height of the frame's zero above the ellipsoid, m").default(0)
  })
  .meta({ description: "Where the frame's zero lies in that system; without it: the frame has the coordinates of that system itself" })

const TIES = ['origin', 'controlPoints', 'crs'] as const
const EXAMPLES = 'origin and headingDeg, controlPoints, or crs and offset'

const writtenFrameSchema = z.strictObject({
  origin: originSchema.optional(),
  headingDeg: z
    .number()
    .min(-360)
    .max(360)
    .optional()
    .meta({ description: 'Compass direction of the y axis: degrees clockwise from true north; goes with origin' }),
  controlPoints: z
    .array(controlPointSchema)
    .optional()
    .meta({ description: 'Two points or more whose place is known in the frame and on the earth, in place of origin and headingDeg' }),
  crs: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .meta({
      description: 'Map projection whose easting and northing the axes x and y are, in place of origin: an EPSG code, or a PROJ string',
      examples: ['EPSG:25832']
    }),
  offset: offsetSchema.optional()
})

/** One frame as the configuration has it. */
export type FrameSettings = z.output<typeof writtenFrameSchema>

/** A frame that is tied to the earth. */
export interface TiedFrame {
  readonly ok: true
  readonly georeference: Georeference
  /** Of control points alone. */
  readonly fit: FrameFit | undefined
  /** What an installer should look at, each a sentence. */
  readonly warnings: readonly string[]
}

/** What is wrong with a frame's settings: where (keys from the frame on), what, and what would be right. */
export interface FrameFault {
  readonly ok: false
  readonly path: readonly string[]
  readonly what: string
  readonly remedy: string
}

/** Ties a frame to the earth as its settings say. Never throws. */
export function tieFrame(settings: FrameSettings): TiedFrame | FrameFault {
  const { origin, headingDeg, controlPoints, crs, offset } = settings
  const [tie, second] = TIES.filter((key) => settings[key] !== undefined)
  if (tie === undefined) return fault([], 'nothing ties this frame to the earth', `add ${EXAMPLES}`)
  if (second !== undefined) return fault([second], `the frame is tied twice, by ${tie} and by ${second}`, 'leave one of them')
  if (headingDeg !== undefined && origin === undefined) return fault(['headingDeg'], `headingDeg does not go with ${tie}`, 'remove it')
  if (offset !== undefined && crs === undefined) return fault(['offset'], `offset does not go with ${tie}`, 'remove it')
  if (origin !== undefined) {
    if (headingDeg === undefined)
      return fault(['headingDeg'], 'headingDeg is missing', "add the compass direction of the frame's y axis: 0 north, 90 east")
    return { ok: true, georeference: levelFrame(origin, atOrigin(headingDeg)), fit: undefined, warnings: [] }
  }
  if (controlPoints !== undefined) {
    const fit = fitControlPoints(controlPoints)
    return fit.ok
      ? { ok: true, georeference: fit.georeference, fit, warnings: fit.warnings }
      : fault(['controlPoints'], fit.what, fit.remedy)
  }
  const frame = projectedFrame(crs ?? '', offset)
  return frame.ok ? { ...frame, fit: undefined } : fault(['crs'], frame.what, frame.remedy)
}

const fault = (path: readonly string[], what: string, remedy: string): FrameFault => ({ ok: false, path, what, remedy })

/** One frame: checked as far as to its tie. */
export const frameSchema = writtenFrameSchema.superRefine((settings, issues) => {
  const tied = tieFrame(settings)
  if (!tied.ok) issues.addIssue({ code: 'custom', path: [...tied.path], message: tied.what, params: { remedy: tied.remedy } })
})

/** The section `frames` of the configuration. */
export const framesSchema = z
  .record(
    z.string().regex(NAMESPACE_PATTERN, '1 to 63 lower-case letters, digits, hyphens and underscores, with a letter or digit first'),
    frameSchema
  )
  .default({})
  .meta({
    description: `Local coordinate frames and where on the earth they lie: a name of your choice, then ${EXAMPLES}`,
    'x-restart': true
  })

/** What an installer should look at, by frame. */
export function frameWarnings(frames: Readonly<Record<string, FrameSettings>>): readonly string[] {
  return Object.entries(frames).flatMap(([name, settings]) => {
    const tied = tieFrame(settings)
    return tied.ok ? tied.warnings.map((warning) => `frames.${name}: ${warning}`) : []
  })
}
