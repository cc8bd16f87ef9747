/**
 * What central writes into the compacted topics `<prefix>.directory.person|binding|zone`: the record's key is the id of person, tag or zone, its value one
 * of the objects below as JSON, or nothing (a tombstone: it is removed, from the record's time stamp on). Fields that are not known are passed over.
 */
import { z } from 'zod'
import { personKindSchema } from '../../events/business-events.ts'
import { tagIdSchema } from '../../events/tag-id.ts'
import { SITE_ID_PATTERN, zoneSchema } from '../site-model.ts'
import type { Change, Directory } from './directory.ts'

const timeMs = z.number().int().min(0).max(8.64e15)
const siteId = z.string().regex(SITE_ID_PATTERN, '1 to 63 letters, digits, dots, underscores and hyphens, with a letter or digit first')
const word = {
  at: timeMs.describe('From when it holds, epoch milliseconds; of two words about one entry the later one holds'),
  who: z.string().max(200).optional().describe('Who changed it')
}

export const centralPersonSchema = z.object({
  ...word,
  name: z.string().max(200).optional(),
  kind: personKindSchema.default('worker'),
  group: z.string().max(200).optional()
})

export const centralBindingSchema = z
  .object({
    person: siteId,
    from: timeMs.describe('From when on the person wears the tag, epoch milliseconds'),
    to: timeMs.optional().describe('Until when; not part of it. Absent: still'),
    who: word.who
  })
  .refine(({ from, to }) => to === undefined || from < to, { message: 'to is not after from', path: ['to'] })

export const centralZoneSchema = z.object({
  ...word,
  zone: z.record(z.string(), z.json()).describe('The zone as the site model has it, without its id')
})

export const CENTRAL_SCHEMAS = { person: centralPersonSchema, binding: centralBindingSchema, zone: centralZoneSchema } as const
export type CentralKind = keyof typeof CENTRAL_SCHEMAS

/** Longer keys and values are no records of people, tags or zones. */
const MAX_VALUE_CHARS = 1_000_000

export interface CentralRecord {
  readonly kind: CentralKind
  readonly key: string
  /** JSON text; undefined: a tombstone. */
  readonly value: string | undefined
  /** Time stamp of the record, epoch milliseconds. */
  readonly timestampMs: number
}

/** What is wrong with a record, and what would be right; nothing of it is taken. */
export type ReadRecord =
  | { readonly ok: true; readonly changes: readonly Change[] }
  | { readonly ok: false; readonly what: string; readonly remedy: string }

/** A record into changes, none or one or two (a binding that has ended); never throws. */
export function readCentralRecord(record: CentralRecord, directory: Pick<Directory, 'centralWearer'>): ReadRecord {
  const { kind, key, value } = record
  const keySchema = kind === 'binding' ? tagIdSchema : siteId
  if (!keySchema.safeParse(key).success)
    return wrong(record, 'is no id', kind === 'binding' ? 'write the id of the tag, <namespace>:<id>' : `write the id of the ${kind}`)
  if (value === undefined) return { ok: true, changes: tombstone(record, directory) }
  if (value.length > MAX_VALUE_CHARS) return wrong(record, `has ${value.length} characters`, `write at most ${MAX_VALUE_CHARS}`)
  const parsed = parseJson(value)
  if (parsed === undefined) return wrong(record, 'is not JSON', 'write a JSON object, or nothing to remove it')
  if (kind === 'person') return readPerson(record, parsed.value)
  if (kind === 'binding') return readBinding(record, parsed.value)
  return readZone(record, parsed.value)
}

function readPerson(record: CentralRecord, value: unknown): ReadRecord {
  const read = centralPersonSchema.safeParse(value)
  if (!read.success) return invalid(record, read.error)
  const { at, who, name, kind, group } = read.data
  return { ok: true, changes: [{ by: 'central', who, at, change: { kind: 'person', person: record.key, name, personKind: kind, group } }] }
}

function readBinding(record: CentralRecord, value: unknown): ReadRecord {
  const read = centralBindingSchema.safeParse(value)
  if (!read.success) return invalid(record, read.error)
  const { person, from, to, who } = read.data
  const bound: Change = { by: 'central', who, at: from, change: { kind: 'bound', tag: record.key, person } }
  if (to === undefined) return { ok: true, changes: [bound] }
  return { ok: true, changes: [bound, { by: 'central', who, at: to, change: { kind: 'unbound', tag: record.key, person } }] }
}

function readZone(record: CentralRecord, value: unknown): ReadRecord {
  const read = centralZoneSchema.safeParse(value)
  if (!read.success) return invalid(record, read.error)
  const zone = zoneSchema.safeParse({ ...read.data.zone, id: record.key })
  if (!zone.success) return invalid(record, zone.error)
  const { at, who, zone: definition } = read.data
  return { ok: true, changes: [{ by: 'central', who, at, change: { kind: 'zone', zone: record.key, definition } }] }
}

function tombstone({ kind, key, timestampMs: at }: CentralRecord, directory: Pick<Directory, 'centralWearer'>): readonly Change[] {
  if (kind === 'person') return [{ by: 'central', at, change: { kind: 'person', person: key, removed: true } }]
  if (kind === 'zone') return [{ by: 'central', at, change: { kind: 'zone', zone: key, removed: true } }]
  // Central takes back what it said: a tag that the site has given to somebody else stays with them.
  const person = directory.centralWearer(key)
  return person === undefined ? [] : [{ by: 'central', at, change: { kind: 'unbound', tag: key, person } }]
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

function invalid(record: CentralRecord, { issues: [first] }: z.ZodError): ReadRecord {
  const field = first?.path.map(String).join('.') ?? ''
  return wrong(record, field === '' ? `is wrong: ${first?.message}` : `is wrong at ${field}: ${first?.message}`, 'correct it at central')
}

function wrong({ kind, key }: CentralRecord, what: string, remedy: string): ReadRecord {
  return { ok: false, what: `the ${kind} record ${JSON.stringify(key.slice(0, 80))} ${what}`, remedy }
}
