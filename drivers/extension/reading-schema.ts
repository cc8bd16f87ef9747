/**
 * The vocabulary of `reading.ts` as a schema, with what the values can be at all. Only for readings of third parties: they decide over
 * alarms like all others, and nobody has tested where they come from.
 */
import { z } from 'zod'
import type { Json, Reading } from '../../firmware-protocols/reading.ts'
import { SHORT_ID } from '../short-id.ts'

const LONGEST_JSON = 16_384
const DEEPEST_JSON = 8

const shortId = z.string().regex(SHORT_ID, 'is no short id: 1 to 120 characters without blanks, colons and slashes')
const name = z.string().min(1).max(120)
const finite = z.number()
const percent = z.number().min(0).max(100)
const notNegative = z.number().min(0)
const degrees = z.number().min(-360).max(360)
const epochMs = z.number().min(0).max(8.64e15)
const axis = z.number().nullable()
const threeAxes = z.tuple([axis, axis, axis])

const position = z.strictObject({ x: finite, y: finite, z: finite.optional() })

const geo = z.strictObject({
  latitudeDeg: z.number().min(-90).max(90),
  longitudeDeg: z.number().min(-180).max(180),
  altitudeM: finite.optional(),
  geoidSeparationM: finite.optional()
})

const range = z.strictObject({
  anchor: shortId,
  rangeM: finite,
  quality: percent.optional(),
  anchorPosition: position.optional(),
  anchorPositionQuality: percent.optional(),
  rssiDbm: finite.optional()
})

const gas = z.strictObject({
  gas: z.string().regex(/^[a-z0-9_]{1,20}$/, 'is no name of a gas: lower-case letters and digits, such as h2s'),
  ppm: finite.optional(),
  mgPerM3: finite.optional(),
  volumePct: finite.optional(),
  lelPct: finite.optional()
})

const accelWindow = z.strictObject({
  ageMs: finite,
  rateHz: z.number().positive(),
  samplesMps2: z.array(z.tuple([finite, finite, finite])).max(4_096)
})

const commandAnswer = z.strictObject({ id: name, accepted: z.boolean(), why: z.string().max(200).optional() })

const kind = z.enum(['sos', 'fall', 'impact', 'motionless', 'helmet-off', 'gas', 'tamper', 'low-battery', 'motion', 'button', 'fault'])
const common = { kind, slot: name.optional() }
const signal = z.discriminatedUnion('form', [
  z.strictObject({ ...common, form: z.literal('level'), on: z.boolean() }),
  z.strictObject({
    ...common,
    form: z.literal('counter'),
    count: z.int().min(0),
    modulus: z.int().min(2),
    active: z.boolean().optional(),
    boot: z.int().min(0).max(0xffff).optional()
  }),
  z.strictObject({ ...common, form: z.literal('age'), ageS: notNegative, saturatesAtS: notNegative.optional() }),
  z.strictObject({ ...common, form: z.literal('event'), id: name.optional() })
])

const extra = z.record(z.string().max(120), z.custom<Json>(isPlainJson, 'is no plain JSON, is nested too deeply, or is too long'))

export const readingSchema = z.strictObject({
  tag: shortId.optional(),
  device: shortId.optional(),
  position: position.optional(),
  geo: geo.optional(),
  usable: z.boolean().optional(),
  quality: percent.optional(),
  accuracyM: notNegative.optional(),
  speedMps: finite.optional(),
  courseDeg: degrees.optional(),
  headingDeg: degrees.optional(),
  velocityMps: position.optional(),
  floor: finite.optional(),
  ranges: z.array(range).max(256).optional(),
  deviceTime: epochMs.optional(),
  stale: z.boolean().optional(),
  batteryPct: percent.optional(),
  batteryV: finite.optional(),
  temperatureDegC: z.number().min(-273.15).max(10_000).optional(),
  humidityPct: percent.optional(),
  pressurePa: notNegative.optional(),
  accelMps2: threeAxes.optional(),
  gyroRadps: threeAxes.optional(),
  accelWindow: accelWindow.optional(),
  movementCount: finite.optional(),
  moving: z.boolean().optional(),
  charging: z.boolean().optional(),
  heartRateBpm: notNegative.optional(),
  spo2Pct: percent.optional(),
  helmetWorn: z.boolean().optional(),
  illuminanceLux: notNegative.optional(),
  co2Ppm: notNegative.optional(),
  gases: z.array(gas).max(64).optional(),
  sequence: finite.optional(),
  txPowerDbm: finite.optional(),
  receiver: shortId.optional(),
  rssiDbm: finite.optional(),
  idNamespace: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'is no namespace: 1 to 63 lower-case letters, digits, hyphens and underscores')
    .optional(),
  commandAnswers: z.array(commandAnswer).max(64).optional(),
  signals: z.array(signal).max(64).optional(),
  online: z.boolean().optional(),
  running: z.boolean().optional(),
  extra: extra.optional()
})

/** Holds the schema to the vocabulary: a field that one has and the other has not does not compile. */
type Shape = z.output<typeof readingSchema>
export const FIELDS: { readonly [K in keyof Required<Reading>]: K extends keyof Shape ? true : never } & {
  readonly [K in keyof Required<Shape>]: K extends keyof Reading ? true : never
} = Object.fromEntries(Object.keys(readingSchema.shape).map((field) => [field, true])) as never

function isPlainJson(value: unknown): boolean {
  let left = LONGEST_JSON
  const plain = (each: unknown, depth: number): boolean => {
    left -= 1
    if (left < 0 || depth > DEEPEST_JSON) return false
    if (each === null || typeof each === 'boolean') return true
    if (typeof each === 'number') return Number.isFinite(each)
    if (typeof each === 'string') {
      left -= each.length
      return left >= 0
    }
    if (typeof each !== 'object') return false
    if (Array.isArray(each)) return each.every((item) => plain(item, depth + 1))
    if (Object.getPrototypeOf(each) !== Object.prototype && Object.getPrototypeOf(each) !== null) return false
    return Object.entries(each).every(([key, item]) => {
      left -= key.length
      return left >= 0 && plain(item, depth + 1)
    })
  }
  return plain(value, 0)
}
