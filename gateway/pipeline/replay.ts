import type { GatewayEvent } from '../events/define-event.ts'
import type { LoggedEvent } from '../log/event-log.ts'
import type { LogReader } from '../log/reader-contract.ts'
import type { Head, JournalEntry } from './pipeline-journal.ts'

export type ReplayLog = Pick<LogReader, 'read' | 'epoch' | 'lastSequence'>

export interface ReplayOptions {
  readonly reader: ReplayLog
  readonly head: Head
  readonly journal: readonly JournalEntry[]
  /** Types that the pipeline takes. */
  readonly inputs: ReadonlySet<string>
  /** Filled with what the log has beside them: how many of a type and key. */
  readonly told: Map<string, number>
  readonly take: (input: { readonly event: GatewayEvent; readonly nowMs?: number } | { readonly inner: JournalEntry }) => void
}

const PAGE = { maxEvents: 2_000, maxBytes: 4 * 1024 * 1024 }

/**
 * Reads what came after the checkpoint and gives it again, in the order of the first time: the journal says how much telemetry came before each
 * of its entries. Gives the number of inputs.
 *
 * Nothing is read again where the checkpoint belongs to another life of the log: its numbers mean other events.
 */
export async function replay({ reader, head, journal, inputs, told, take }: ReplayOptions): Promise<number> {
  if (head.position.epoch !== reader.epoch()) return 0
  const since = head.position
  for (const lane of ['alarm', 'telemetry'] as const) {
    await eachEvent(reader, lane, since[lane], ({ type, key }) => {
      if (!inputs.has(type)) told.set(toldName(type, key), (told.get(toldName(type, key)) ?? 0) + 1)
    })
  }
  const alarms: LoggedEvent[] = []
  await eachEvent(reader, 'alarm', since.alarm, (event) => {
    if (inputs.has(event.type)) alarms.push(event)
  })
  let taken = 0
  let { telemetry } = head
  let next = 0
  const noted = (): void => {
    for (let entry = journal[next]; entry !== undefined && entry.telemetry <= telemetry; entry = journal[next]) {
      next += 1
      if (entry.event !== undefined) take({ inner: entry })
      else {
        const event = alarms.shift()
        if (event === undefined) continue
        take({ event: asAppended(event), nowMs: entry.nowMs })
        taken += 1
      }
    }
  }
  noted()
  await eachEvent(reader, 'telemetry', since.telemetry, (event) => {
    if (!inputs.has(event.type)) return
    take({ event: asAppended(event) })
    taken += 1
    telemetry += 1
    noted()
  })
  // Alarms reach the disk ahead of telemetry: some may stand behind telemetry that was never stored.
  telemetry = Number.POSITIVE_INFINITY
  noted()
  for (const event of alarms) take({ event: asAppended(event) })
  return taken + alarms.length
}

export function toldName(type: string, key: string): string {
  return `${type}\n${key}`
}

async function eachEvent(
  reader: ReplayLog,
  lane: 'alarm' | 'telemetry',
  after: number,
  visit: (event: LoggedEvent) => void
): Promise<void> {
  const end = reader.lastSequence(lane)
  for (let position = after; position < end; ) {
    const { events, scannedTo } = reader.read(lane, position, PAGE)
    for (const event of events) visit(event)
    if (scannedTo <= position) return
    position = scannedTo
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

function asAppended({ type, lane, key, time, source, receivedAt, clockQuality, bootId, monotonicMs, body }: LoggedEvent): GatewayEvent {
  return {
    type,
    lane,
    key,
    time,
    ...(source === undefined ? {} : { source }),
    receivedAt,
    clockQuality: clockQuality as GatewayEvent['clockQuality'],
    bootId,
    monotonicMs,
    data: JSON.parse(body) as object
  }
}
