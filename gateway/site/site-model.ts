/**
 * What is known of a site. Installers set buildings, floors, frames, anchors and receivers; zones, people and bindings change from day to day.
 * Each kind is one schema, from which its type, its checks and its columns come.
 */
import { z } from 'zod'
import { tagIdSchema } from '../events/tag-id.ts'
import type { FrameSettings } from './georeference/frame-settings.ts'
import { normalPolygon, polygonFault, type Ring } from './polygon.ts'

export const SITE_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const id = z.string().regex(SITE_ID_PATTERN, '1 to 63 letters, digits, dots, underscores and hyphens, with a letter or digit first')
/** As the positioning system calls it, in the normal form of its protocol. */
const deviceId = z.string().regex(/^[^\s,;"]{1,120}$/, '1 to 120 characters without spaces, commas, semicolons and quotes')
const name = z
  .string()
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u, '1 to 200 characters on one line')
  .optional()
const metres = z.number().min(-1e8).max(1e8)
const heightM = z.number().min(-20_000).max(100_000)

export const buildingSchema = z.strictObject({ id, name })

/** A storey. Its heights are those of `frame`: a position between them is on it. */
export const floorSchema = z
  .strictObject({ id, building: id, name, level: z.number().min(-200).max(500), frame: id, fromZ: heightM, toZ: heightM })
  .refine(({ fromZ, toZ }) => fromZ < toZ, { message: 'toZ is not above fromZ', path: ['toZ'] })

const placed = { frame: id, x: metres, y: metres, z: heightM, floor: id.optional() }

/** A fixed device that ranges are measured to. */
export const anchorSchema = z.strictObject({ id: deviceId, name, ...placed })

/** A fixed device that hears tags. */
export const receiverSchema = z.strictObject({
  id: deviceId,
  name,
  ...placed,
  rssiAt1mDbm: z.number().min(-120).max(20).optional(),
  pathLossExponent: z.number().min(1).max(8).optional()
})

const polygon = z
  .array(z.array(z.tuple([metres, metres])))
  .transform((rings: readonly Ring[]) => normalPolygon(rings))
  .superRefine((rings, issues) => {
    const fault = polygonFault(rings)
    if (fault !== undefined) issues.addIssue({ code: 'custom', message: `the area ${fault}` })
  })

const durationMs = z.number().int().min(0).max(86_400_000)

/** An area on the listed floors, or between two heights of its frame; on none listed and without heights: at any height. */
export const zoneSchema = z
  .strictObject({
    id,
    name,
    parent: id.optional(),
    frame: id,
    polygon,
    floors: z.array(id).min(1).max(200).optional(),
    fromZ: heightM.optional(),
    toZ: heightM.optional(),
    /** People on a charger or in a locker here are not missed. */
    parking: z.boolean().optional(),
    fenceTimeoutMs: durationMs.optional(),
    exitToleranceM: z.number().min(0).max(10_000).optional(),
    toleranceTimeoutMs: durationMs.optional(),
    exitDelayMs: durationMs.optional()
  })
  .refine(({ floors, fromZ, toZ }) => floors === undefined || (fromZ === undefined && toZ === undefined), {
    message: 'floors and heights are both given',
    path: ['floors']
  })
  .refine(({ fromZ, toZ }) => fromZ === undefined || toZ === undefined || fromZ < toZ, { message: 'toZ is not above fromZ', path: ['toZ'] })

export const personSchema = z.strictObject({ id, name, kind: z.enum(['worker', 'visitor', 'vehicle']), group: name })

const timeMs = z.number().int().min(0).max(8.64e15)

/** Who wore a tag from when on, until when; without an end: still. Epoch milliseconds; the end is not part of it. */
export const bindingSchema = z
  .strictObject({ tag: tagIdSchema, person: id, from: timeMs, to: timeMs.optional() })
  .refine(({ from, to }) => to === undefined || from < to, { message: 'to is not after from', path: ['to'] })

export type Building = z.output<typeof buildingSchema>
export type Floor = z.output<typeof floorSchema>
export type Anchor = z.output<typeof anchorSchema>
export type Receiver = z.output<typeof receiverSchema>
export type Zone = z.output<typeof zoneSchema>
export type Person = z.output<typeof personSchema>
export type Binding = z.output<typeof bindingSchema>

export interface SiteModel {
  readonly frames: Readonly<Record<string, FrameSettings>>
  readonly building: readonly Building[]
  readonly floor: readonly Floor[]
  readonly anchor: readonly Anchor[]
  readonly receiver: readonly Receiver[]
  readonly zone: readonly Zone[]
  readonly person: readonly Person[]
  readonly binding: readonly Binding[]
}

/** Kinds of records, and what one is. */
export interface SiteRecords {
  readonly building: Building
  readonly floor: Floor
  readonly anchor: Anchor
  readonly receiver: Receiver
  readonly zone: Zone
  readonly person: Person
  readonly binding: Binding
}
export type SiteKind = keyof SiteRecords

export const SITE_SCHEMAS = {
  building: buildingSchema,
  floor: floorSchema,
  anchor: anchorSchema,
  receiver: receiverSchema,
  zone: zoneSchema,
  person: personSchema,
  binding: bindingSchema
} as const

/** What tells records of a kind apart: of a binding the tag and its beginning, of all else the id. */
export function keyOf(record: SiteRecords[SiteKind]): string {
  return 'tag' in record ? `${record.tag} from ${new Date(record.from).toISOString()}` : record.id
}
