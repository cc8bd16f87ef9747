/**
 * What the pipeline keeps in the log's state beside the log's events, so that a re-run meets its inputs in the order of the first run.
 *
 *   head       the latest complete checkpoint: where in both lanes it stands, how many inputs it had seen, how many chunks it has
 *   c<g>/<n>   chunk n of checkpoint g: a JSON array of `SnapshotEntry`
 *   j/<n>      journal entry n: the two lanes keep no order between them, so each input that is no telemetry of the log says how many of
 *              telemetry came before it. Saved in the turn of its event, and so in the same transaction
 *   boot       pipeline time minus monotonic time, per boot of the machine
 */
import { z } from 'zod'
import type { PipelineEvent } from './processor.ts'

export const PIPELINE_STATE = 'pipeline'

/** Boots remembered; only those since the latest checkpoint are needed. */
const MAX_BOOTS = 20

const positionSchema = z.object({ epoch: z.string(), alarm: z.number().int(), telemetry: z.number().int() })

const headSchema = z.object({
  generation: z.number().int(),
  chunks: z.number().int(),
  position: positionSchema,
  nowMs: z.number(),
  /** Wall clock minus pipeline time. */
  wallOffsetMs: z.number(),
  /** Inputs seen before it. */
  telemetry: z.number().int(),
  journal: z.number().int()
})
export type Head = z.infer<typeof headSchema>

const entrySchema = z.object({
  /** Telemetry inputs before this one, of all times. */
  telemetry: z.number().int(),
  nowMs: z.number(),
  /** Present: the event itself, which is in no lane. Absent: the next input of the alarm lane. */
  event: z.custom<PipelineEvent>((value) => typeof value === 'object' && value !== null).optional(),
  /** Of such an event: wall clock minus pipeline time. */
  wallOffsetMs: z.number().optional()
})
export type JournalEntry = z.infer<typeof entrySchema>

const bootsSchema = z.record(z.string(), z.number())
export type BootOffsets = z.infer<typeof bootsSchema>

export const chunkKey = (generation: number, chunk: number): string => `c${generation}/${chunk}`
export const journalKey = (ordinal: number): string => `j/${ordinal}`

/** What the log had saved. Whatever cannot be read counts as absent. */
export interface SavedPipeline {
  readonly head: Head | undefined
  readonly boots: BootOffsets
  /** JSON text of the checkpoint's chunks; undefined: one is missing. */
  readonly chunks: readonly string[] | undefined
  /** Entries since the checkpoint, in order, up to the first that is missing. */
  readonly journal: readonly JournalEntry[]
  /** Keys that belong to no checkpoint any more. */
  readonly leftOver: readonly string[]
}

export function readSaved(saved: ReadonlyMap<string, string>): SavedPipeline {
  const head = parsed(headSchema, saved.get('head'))
  const chunks: string[] = []
  const wanted = new Set(['head', 'boot'])
  for (let n = 0; n < (head?.chunks ?? 0); n += 1) {
    const key = chunkKey(head?.generation ?? 0, n)
    const text = saved.get(key)
    wanted.add(key)
    if (text !== undefined) chunks.push(text)
  }
  const journal: JournalEntry[] = []
  for (let n = head?.journal ?? 0; ; n += 1) {
    const entry = parsed(entrySchema, saved.get(journalKey(n)))
    if (entry === undefined) break
    wanted.add(journalKey(n))
    journal.push(entry)
  }
  return {
    head,
    boots: parsed(bootsSchema, saved.get('boot')) ?? {},
    chunks: chunks.length === (head?.chunks ?? 0) ? chunks : undefined,
    journal,
    leftOver: [...saved.keys()].filter((key) => !wanted.has(key))
  }
}

function parsed<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** Of many boots the latest. */
export function withBoot(boots: BootOffsets, bootId: string, offsetMs: number): BootOffsets {
  const others = Object.entries(boots).filter(([id]) => id !== bootId)
  return Object.fromEntries([...others.slice(1 - MAX_BOOTS), [bootId, offsetMs]])
}
