import { EVENT_CATALOGUE } from '../events/catalogue.ts'
import { LANES, type Lane } from '../events/define-event.ts'
import type { LoggedEvent } from '../log/event-log.ts'
import type { LogReader } from '../log/reader-contract.ts'
import { notOneOf, usageError } from './command.ts'
import type { Output } from './output.ts'

export interface EventFilter {
  readonly lanes: readonly Lane[]
  /** Event time, epoch milliseconds, both ends included. */
  readonly timeFrom: number
  readonly timeTo: number
  readonly types: ReadonlySet<string> | undefined
  readonly keys: ReadonlySet<string> | undefined
}

/** Short reads: the writer's journal can be restarted between two of them. */
const PAGE = { maxEvents: 2000, maxBytes: 1 << 20 }

export function readFilter(values: {
  lane?: string | undefined
  from?: string | undefined
  to?: string | undefined
  type?: readonly string[] | undefined
  key?: readonly string[] | undefined
}): EventFilter {
  const lanes = LANES.filter((lane) => values.lane === undefined || values.lane === lane)
  if (lanes.length === 0) throw usageError(`--lane takes ${LANES.join(' or ')}`)
  const types = EVENT_CATALOGUE.map(({ type }) => type)
  for (const type of values.type ?? []) if (!types.includes(type)) throw notOneOf('event type', type, types)
  const timeFrom = values.from === undefined ? Number.NEGATIVE_INFINITY : readTime('from', values.from)
  const timeTo = values.to === undefined ? Number.POSITIVE_INFINITY : readTime('to', values.to)
  if (timeFrom > timeTo) throw usageError('--from is after --to, so nothing can be between them')
  return {
    lanes,
    timeFrom,
    timeTo,
    types: values.type && new Set(values.type),
    keys: values.key && new Set(values.key)
  }
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/

function readTime(option: string, text: string): number {
  if (/^-?\d{5,}$/.test(text)) return Number(text)
  const time = RFC3339.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw usageError(`--${option} takes a time such as 2026-11-20T09:30:00Z, 2026-11-20, or epoch milliseconds`)
  return time
}

/** Whether the calendar has it: `Date` takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const time = Date.parse(text)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

/** Events that pass the filter, of the page after a sequence; the log's index says which blocks need not be opened. */
export function readPage(reader: LogReader, lane: Lane, after: number, { timeFrom, timeTo, types, keys }: EventFilter) {
  return reader.read(lane, after, {
    ...PAGE,
    ...(timeFrom === Number.NEGATIVE_INFINITY ? {} : { timeFrom }),
    ...(timeTo === Number.POSITIVE_INFINITY ? {} : { timeTo }),
    ...(types === undefined ? {} : { types }),
    ...(keys === undefined ? {} : { keys })
  })
}

/** One JSON line. The event's own data is the text that was logged. */
export function eventLine({ body, ...event }: LoggedEvent): string {
  return `${JSON.stringify(event).slice(0, -1)},"data":${body}}\n`
}

/** All that is in the log when the export begins, lane after lane, in order of sequence. */
export async function exportEvents(reader: LogReader, filter: EventFilter, output: Output): Promise<void> {
  for (const lane of filter.lanes) {
    const end = reader.lastSequence(lane)
    let at = reader.firstSequence(lane) - 1
    while (at < end && !output.closed) {
      const { events, scannedTo } = readPage(reader, lane, at, filter)
      await output.write(
        events
          .filter((event) => event.sequence <= end)
          .map(eventLine)
          .join('')
      )
      if (scannedTo <= at) break
      at = scannedTo
    }
  }
}
