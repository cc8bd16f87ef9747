import { z } from 'zod'
import { defineEvent } from './define-event.ts'
import { tagIdSchema } from './tag-id.ts'

export const localPositionSchema = z
  .object({
    x: z.number(),
    y: z.number(),
    z: z.number().optional(),
    frame: z.string().optional().describe("Local coordinate frame; absent: the source's own")
  })
  .describe("Metres in the positioning system's frame")

export const geoPositionSchema = z
  .object({ latitudeDeg: z.number(), longitudeDeg: z.number(), altitudeM: z.number().optional(), geoidSeparationM: z.number().optional() })
  .describe('WGS84; altitude above mean sea level')

const range = z.object({
  anchor: tagIdSchema,
  rangeM: z.number(),
  quality: z.number().optional(),
  anchorPosition: z.object({ x: z.number(), y: z.number(), z: z.number().optional() }).optional(),
  anchorPositionQuality: z.number().optional(),
  rssiDbm: z.number().optional()
})

const extra = z.record(z.string(), z.json()).optional().describe("Vendor's extras; snake_case names with unit suffixes")

/** What is known of how the frame arrived; shared by the events made directly from frames. */
const heard = {
  tag: tagIdSchema,
  deviceTime: z.number().int().optional().describe("The device's own time stamp, epoch milliseconds; drives no timer"),
  stale: z.literal(true).optional().describe('Repeats old data (a retained message, a polled record of a silent tag)'),
  redelivered: z.literal(true).optional().describe('The transport marked it as possibly delivered before'),
  receiver: z.string().optional(),
  rssiDbm: z.number().optional(),
  sequence: z.number().int().optional().describe("The frame's own sequence number")
}

const triple = z.tuple([z.number().nullable(), z.number().nullable(), z.number().nullable()])

export const gasSchema = z
  .object({
    gas: z.string(),
    ppm: z.number().optional(),
    mgPerM3: z.number().optional(),
    volumePct: z.number().optional(),
    lelPct: z.number().optional()
  })
  .describe('A gas by its lower-case formula (co, h2s, o2, ch4; ex: combustible as a whole), in the unit that the detector measures')

const measurements = {
  batteryPct: z.number().optional(),
  batteryV: z.number().optional(),
  temperatureDegC: z.number().optional(),
  humidityPct: z.number().optional(),
  pressurePa: z.number().optional(),
  accelMps2: triple.optional(),
  gyroRadps: triple.optional(),
  accelWindow: z
    .object({ ageMs: z.number(), rateHz: z.number(), samplesMps2: z.array(z.tuple([z.number(), z.number(), z.number()])) })
    .optional()
    .describe('Samples of acceleration at a steady rate; ageMs from the first sample to the event'),
  movementCount: z.number().int().optional(),
  moving: z.boolean().optional(),
  charging: z.boolean().optional(),
  heartRateBpm: z.number().optional(),
  spo2Pct: z.number().optional(),
  helmetWorn: z.boolean().optional(),
  illuminanceLux: z.number().optional(),
  co2Ppm: z.number().optional(),
  gases: z.array(gasSchema).optional(),
  txPowerDbm: z.number().optional()
}

export const tagMovement = defineEvent({
  type: 'TagMovement',
  version: 1,
  title: 'A fix of a tag: position in a local frame, position on the Earth, or ranges to anchors',
  lane: 'telemetry',
  key: 'tag',
  topic: 'tag-movement',
  retentionDays: 1,
  data: z.object({
    ...heard,
    position: localPositionSchema.optional(),
    geo: geoPositionSchema.optional(),
    ranges: z.array(range).optional(),
    quality: z.number().optional().describe("The vendor's figure, 0 to 100"),
    accuracyM: z.number().optional(),
    speedMps: z.number().optional(),
    courseDeg: z.number().optional(),
    headingDeg: z.number().optional().describe('Where the device points, clockwise from north of the frame or of the Earth'),
    velocityMps: z.object({ x: z.number(), y: z.number(), z: z.number().optional() }).optional(),
    floor: z.number().optional().describe('Storey, as the positioning system numbers it'),
    extra
  })
})

export const tagInfo = defineEvent({
  type: 'TagInfo',
  version: 1,
  title: 'Sensor values and state of a tag',
  lane: 'telemetry',
  key: 'tag',
  topic: 'tag-info',
  retentionDays: 1,
  data: z.object({
    ...heard,
    ...measurements,
    online: z.boolean().optional(),
    headingDeg: z.number().optional(),
    quality: z.number().optional().describe("The vendor's figure, 0 to 100, of a fix that cannot be used"),
    speedMps: z.number().optional().describe('Where the frame has a speed but no fix that can be used'),
    courseDeg: z.number().optional(),
    unusableFix: z
      .object({ position: localPositionSchema.optional(), geo: geoPositionSchema.optional() })
      .optional()
      .describe('A fix that the protocol marks as unusable'),
    extra
  })
})

export const deviceStatus = defineEvent({
  type: 'DeviceStatus',
  version: 1,
  title: 'State of an anchor, receiver, positioning gateway or machine; a change of it goes in the alarm lane',
  lane: 'telemetry',
  key: 'device',
  topic: 'device-status',
  retentionDays: 1,
  data: z.object({
    ...heard,
    tag: tagIdSchema.optional().describe('Only where the device speaks for a tag'),
    device: tagIdSchema,
    online: z.boolean().optional(),
    running: z.boolean().optional().describe('A machine that is switched on: a fan, a pump, a siren that sounds'),
    ...measurements,
    extra
  })
})

export const alertKindSchema = z.enum([
  'sos',
  'fall',
  'impact',
  'motionless',
  'helmet-off',
  'gas',
  'tamper',
  'low-battery',
  'button',
  'fault'
])
export type AlertKind = z.infer<typeof alertKindSchema>

export const tagAlert = defineEvent({
  type: 'TagAlert',
  version: 1,
  title: 'An edge of something a tag raises: SOS, fall, impact …',
  lane: 'alarm',
  key: 'tag',
  topic: 'tag-alert',
  retentionDays: 30,
  data: z.object({
    ...heard,
    kind: alertKindSchema,
    slot: z.string().optional().describe('Which of several inputs of a kind (button 1, button 2)'),
    edge: z.enum(['raised', 'cleared']),
    announcedAs: z.enum(['level', 'counter', 'age', 'event']),
    count: z.number().int().min(1).describe('How many times it happened since the edge before (a counter may rise by more than one)'),
    repeats: z.number().int().min(0).describe('On a cleared edge: how often the raised one was heard again'),
    firstSight: z.literal(true).optional().describe('It was already set when the tag was first heard'),
    collapsed: z
      .object({
        by: z.enum(['tag', 'source']),
        id: z.string(),
        alerts: z.number().int(),
        windowMs: z.number().int(),
        limitPerMinute: z.number(),
        tags: z.array(z.string())
      })
      .optional()
      .describe('This alert stands for many: the tag or source raised more than the configured number in a minute'),
    batteryPct: z.number().optional(),
    lastFix: z
      .object({
        position: localPositionSchema.optional(),
        geo: geoPositionSchema.optional(),
        accuracyM: z.number().optional(),
        ageMs: z.number()
      })
      .optional()
      .describe('Last fix known when it was raised, with its age'),
    extra
  })
})
