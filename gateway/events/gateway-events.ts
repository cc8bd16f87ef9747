import { z } from 'zod'
import { defineEvent } from './define-event.ts'

const sourceChange = {
  sourceId: z.string(),
  driver: z.string(),
  code: z.string().optional().describe('Code of the failure, see docs/errors.md'),
  reason: z.string().optional()
}

export const sourceLost = defineEvent({
  type: 'SourceLost',
  version: 1,
  title: 'A source has stopped giving data: its link failed or its driver is down',
  lane: 'alarm',
  key: 'source',
  topic: 'source-lost',
  retentionDays: 30,
  data: z.object({ ...sourceChange, retriable: z.boolean().describe('false: only a change of the configuration helps') })
})

export const sourceRestored = defineEvent({
  type: 'SourceRestored',
  version: 1,
  title: 'A lost source gives data again',
  lane: 'alarm',
  key: 'source',
  topic: 'source-restored',
  retentionDays: 30,
  data: z.object({ ...sourceChange, lostForMs: z.number().optional(), attempts: z.number().int().optional() })
})

/** Why events are missing, or why nothing is known of them. */
export const gapReasonSchema = z.enum([
  'log-created',
  'log-damaged',
  'log-restored',
  'log-moved',
  'gateway-changed',
  'evicted-by-age',
  'evicted-by-size',
  'evicted-by-full-disk',
  'never-acceptable',
  'dropped-overload',
  'dropped-storage-failed',
  'block-damaged'
])
export type GapReason = z.infer<typeof gapReasonSchema>

export const dataGap = defineEvent({
  type: 'DataGap',
  version: 1,
  title: 'Events that will not come, or of which nothing is known; nothing is lost without one of these',
  lane: 'alarm',
  key: 'gateway',
  topic: 'data-gap',
  retentionDays: 30,
  data: z.object({
    lane: z.enum(['alarm', 'telemetry']),
    epoch: z.string().nullable().describe('Epoch of the log that the events belonged to; null: unknown'),
    gateway: z.string().optional().describe('Gateway that the epoch belongs to, where that is not the one that tells'),
    from: z.number().int().nullable().describe('First lane sequence concerned; null: unknown, or the events never had one'),
    to: z.number().int().nullable().describe('Last lane sequence concerned; null: unknown (open end), or the events never had one'),
    countByType: z.record(z.string(), z.number().int()).describe('How many events of each type, as far as known'),
    timeFrom: z.number().int().nullable(),
    timeTo: z.number().int().nullable(),
    reason: gapReasonSchema,
    detail: z.string().optional().describe('In words: what happened, where the remains are')
  })
})

const laneStatus = z.object({
  lastSequence: z.number().int(),
  backlog: z.number().int().describe('Events that the slowest topic still waits for'),
  backlogAgeMs: z.number().nullable(),
  waiting: z.number().int().describe('Events in memory that are not durable yet')
})

export const gatewayStatus = defineEvent({
  type: 'GatewayStatus',
  version: 1,
  title: 'The state of the gateway itself, once a minute',
  lane: 'telemetry',
  key: 'gateway',
  topic: 'gateway-status',
  retentionDays: 1,
  data: z.object({
    version: z.string(),
    uptimeS: z.number(),
    epoch: z.string(),
    lanes: z.object({ alarm: laneStatus, telemetry: laneStatus }),
    sources: z.array(
      z.object({
        id: z.string(),
        driver: z.string(),
        health: z.enum(['starting', 'up', 'degraded', 'down', 'disabled']),
        lastError: z.string().optional()
      })
    ),
    uplink: z.object({ configured: z.boolean(), connected: z.boolean(), lastError: z.string().optional() }),
    storage: z.object({ state: z.enum(['ok', 'full', 'failing']), logBytes: z.number(), freeBytes: z.number().nullable() }),
    memoryRssBytes: z.number(),
    tagsSeen: z.number().int()
  })
})
