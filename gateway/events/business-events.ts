/** What the gateway makes of raw events: who is where, in which zone, since when, and who has gone silent. */
import { z } from 'zod'
import { defineEvent } from './define-event.ts'
import { alertKindSchema, gasSchema, geoPositionSchema, localPositionSchema } from './raw-events.ts'
import { tagIdSchema } from './tag-id.ts'

const RETENTION_DAYS = 30

/** A place with how far and how long it can be trusted: what a rescuer goes by. */
export const fixSchema = z.object({
  tag: tagIdSchema.describe('Tag that it was measured by'),
  source: z.string().optional(),
  method: z
    .enum(['given', 'ranges', 'nearest-receiver', 'receivers', 'gnss'])
    .describe('By the positioning system, or by the gateway from ranges or receivers'),
  time: z.number().int().describe('When it was measured, epoch milliseconds'),
  accuracyM: z.number().optional().describe('About 68 % of errors lie within it'),
  position: localPositionSchema.optional(),
  geo: geoPositionSchema.optional(),
  floor: z.string().optional().describe('Floor of the site model'),
  zones: z.array(z.string()).optional().describe('Zones that it lies in, the innermost first')
})
export type Fix = z.infer<typeof fixSchema>

const lastKnown = {
  lastFix: fixSchema.optional().describe('Last place known'),
  fixAgeMs: z.number().optional().describe('Age of that place when this was told'),
  batteryPct: z.number().optional()
}

const whose = { person: z.string(), tag: tagIdSchema }

export const personMovement = defineEvent({
  type: 'PersonMovement',
  version: 1,
  title: 'Where a person is now, by the best of the fixes of all their tags',
  lane: 'telemetry',
  key: 'person',
  topic: 'person-movement',
  retentionDays: RETENTION_DAYS,
  data: z.object({
    person: z.string(),
    fix: fixSchema,
    fixAgeMs: z.number().describe('Age of the fix when this was told'),
    speedMps: z.number().optional(),
    courseDeg: z.number().optional(),
    batteryPct: z.number().optional().describe('Of the tag that the fix was measured by')
  })
})

export const personTelemetry = defineEvent({
  type: 'PersonTelemetry',
  version: 1,
  title: "What a person's tag measures",
  lane: 'telemetry',
  key: 'person',
  topic: 'person-telemetry',
  retentionDays: RETENTION_DAYS,
  data: z.object({
    ...whose,
    ...lastKnown,
    temperatureDegC: z.number().optional(),
    humidityPct: z.number().optional(),
    heartRateBpm: z.number().optional(),
    spo2Pct: z.number().optional(),
    helmetWorn: z.boolean().optional(),
    moving: z.boolean().optional(),
    charging: z.boolean().optional(),
    co2Ppm: z.number().optional(),
    gases: z.array(gasSchema).optional(),
    deviceTime: z.number().int().optional(),
    stale: z.literal(true).optional()
  })
})

export const personAlert = defineEvent({
  type: 'PersonAlert',
  version: 1,
  title: "An alert of a person's tag, with everything that a rescuer needs",
  lane: 'alarm',
  key: 'person',
  topic: 'person-alert',
  retentionDays: RETENTION_DAYS,
  data: z.object({
    ...whose,
    name: z.string().optional(),
    kind: alertKindSchema,
    slot: z.string().optional(),
    edge: z.enum(['raised', 'cleared']),
    count: z.number().int().min(1),
    handedOver: z.literal(true).optional().describe('It was raised before the tag was bound to this person, and stands'),
    ...lastKnown
  })
})

export const personStopped = defineEvent({
  type: 'PersonStopped',
  version: 1,
  title: 'A person has stayed within a small radius for the configured time',
  lane: 'telemetry',
  key: 'person',
  topic: 'person-stopped',
  retentionDays: RETENTION_DAYS,
  data: z.object({ person: z.string(), since: z.number().int().describe('Epoch milliseconds'), radiusM: z.number(), fix: fixSchema })
})

export const personMoving = defineEvent({
  type: 'PersonMoving',
  version: 1,
  title: 'A person who had stopped moves again',
  lane: 'telemetry',
  key: 'person',
  topic: 'person-moving',
  retentionDays: RETENTION_DAYS,
  data: z.object({ person: z.string(), stoppedForMs: z.number(), fix: fixSchema })
})

const crossing = {
  person: z.string(),
  zone: z.string(),
  parents: z.array(z.string()).describe('Zones around it, the innermost first'),
  fix: fixSchema.describe('The fix that decided'),
  distanceM: z
    .number()
    .optional()
    .describe(
      "From the fix to the zone's edge; the decision weighs it against the accuracy. Absent where it cannot be told: the zone is gone, or its frame is another"
    )
}

export const zoneEntered = defineEvent({
  type: 'ZoneEntered',
  version: 1,
  title: 'A person is in a zone; told for each level',
  lane: 'telemetry',
  key: 'person',
  topic: 'zone-entered',
  retentionDays: RETENTION_DAYS,
  data: z.object(crossing)
})

export const zoneLeft = defineEvent({
  type: 'ZoneLeft',
  version: 1,
  title: 'A person is no longer in a zone; told for each level',
  lane: 'telemetry',
  key: 'person',
  topic: 'zone-left',
  retentionDays: RETENTION_DAYS,
  data: z.object({ ...crossing, enteredAt: z.number().int(), reason: z.enum(['outside', 'fence-timeout', 'zone-removed', 'unbound']) })
})

export const personsInZone = defineEvent({
  type: 'PersonsInZone',
  version: 1,
  title: 'How many people are in a zone, those in the zones within it included',
  lane: 'telemetry',
  key: 'zone',
  topic: 'persons-in-zone',
  retentionDays: RETENTION_DAYS,
  data: z.object({ zone: z.string(), number: z.number().int().min(0), persons: z.array(z.string()).optional() })
})

export const zoneStatusSchema = z.enum(['normal', 'dangerous', 'closed'])

export const zoneStatusChanged = defineEvent({
  type: 'ZoneStatusChanged',
  version: 1,
  title: 'A zone has become dangerous, closed or normal',
  lane: 'alarm',
  key: 'zone',
  topic: 'zone-status-changed',
  retentionDays: RETENTION_DAYS,
  data: z.object({
    zone: z.string(),
    status: zoneStatusSchema,
    before: zoneStatusSchema,
    by: z.enum(['switch', 'schedule', 'equipment']),
    evidence: z.record(z.string(), z.json()).describe('What decided: the schedule entry, the equipment and its state, who switched')
  })
})

export const signalLost = defineEvent({
  type: 'SignalLost',
  version: 1,
  title: 'A tag that should be heard is silent',
  lane: 'alarm',
  key: 'tag',
  topic: 'signal-lost',
  retentionDays: RETENTION_DAYS,
  data: z.object({
    tag: tagIdSchema,
    person: z.string().optional(),
    lastHeardAt: z.number().int().describe('Epoch milliseconds'),
    silentForMs: z.number(),
    allowedMs: z.number().describe("The silence allowed by the tag's own rhythm"),
    batteryLow: z.literal(true).optional().describe('It had announced that its battery is nearly empty'),
    announcedOff: z
      .literal(true)
      .optional()
      .describe('It, or the system that hears it, had said that it is going off or gone; that may be a switch or an accident'),
    ...lastKnown
  })
})

export const signalRestored = defineEvent({
  type: 'SignalRestored',
  version: 1,
  title: 'A tag whose signal was lost is heard again',
  lane: 'alarm',
  key: 'tag',
  topic: 'signal-restored',
  retentionDays: RETENTION_DAYS,
  data: z.object({ tag: tagIdSchema, person: z.string().optional(), silentForMs: z.number(), fix: fixSchema.optional() })
})

export const telemetryAggregate = defineEvent({
  type: 'TelemetryAggregate',
  version: 1,
  title: 'Count, least, mean, greatest and last value of a window of time',
  lane: 'telemetry',
  key: 'tag',
  topic: 'telemetry-aggregate',
  retentionDays: RETENTION_DAYS,
  data: z.object({
    of: z.enum(['tag', 'person', 'zone']),
    id: z.string(),
    metric: z.string().describe('Field that is summed up, such as heartRateBpm'),
    windowFrom: z.number().int().describe('Epoch milliseconds, included'),
    windowTo: z.number().int().describe('Epoch milliseconds, not included'),
    count: z.number().int(),
    min: z.number(),
    mean: z.number(),
    max: z.number(),
    last: z.number(),
    late: z.number().int().optional().describe('Values that have come since the aggregate before and are missing in one that had been told')
  })
})

/** What wears a tag: employed here, a guest, or a machine that is driven. */
export const personKindSchema = z.enum(['worker', 'visitor', 'vehicle'])

/** A change of people, tags or zones, made on site or by the central system. */
export const directoryChanged = defineEvent({
  type: 'DirectoryChanged',
  version: 1,
  title: 'People, their tags or zones have changed',
  lane: 'alarm',
  key: 'gateway',
  topic: 'directory-changed',
  retentionDays: RETENTION_DAYS,
  data: z.object({
    by: z.enum(['site', 'central']),
    who: z.string().optional().describe('Operator'),
    at: z.number().int().describe('From when it holds, epoch milliseconds'),
    change: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('bound'), tag: tagIdSchema, person: z.string() }),
      z.object({ kind: z.literal('unbound'), tag: tagIdSchema, person: z.string() }),
      z.object({
        kind: z.literal('person'),
        person: z.string(),
        name: z.string().optional(),
        personKind: personKindSchema.optional(),
        group: z.string().optional(),
        removed: z.literal(true).optional()
      }),
      z.object({
        kind: z.literal('zone'),
        zone: z.string(),
        definition: z.record(z.string(), z.json()).optional().describe('As the site model has it'),
        removed: z.literal(true).optional()
      }),
      z.object({ kind: z.literal('zone-status'), zone: z.string(), status: zoneStatusSchema })
    ]),
    conflict: z.string().optional().describe('What it overruled, or what overruled it, and by which rule'),
    overruled: z.literal(true).optional().describe('It holds at no time: told, and not followed')
  })
})
