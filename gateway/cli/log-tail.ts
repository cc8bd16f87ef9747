import { setTimeout as pause } from 'node:timers/promises'
import type { Lane } from '../events/define-event.ts'
import type { LoggedEvent } from '../log/event-log.ts'
import type { LogReader } from '../log/reader-contract.ts'
import { type EventFilter, eventLine, readPage } from './log-export.ts'
import type { Output } from './output.ts'

export interface TailOptions {
  readonly filter: EventFilter
  readonly count: number
  readonly follow: boolean
  readonly pollMs?: number
}

/** The last events by time of arrival, then, when following, those that come, until the reader of the output goes. */
export async function tailEvents(reader: LogReader, { filter, count, follow, pollMs = 200 }: TailOptions, output: Output): Promise<void> {
  const places = new Map(filter.lanes.map((lane) => [lane, reader.lastSequence(lane)]))
  const last = filter.lanes
    .flatMap((lane) => lastEvents(reader, lane, filter, count))
    .toSorted((a, b) => a.receivedAt - b.receivedAt || a.sequence - b.sequence)
  await output.write(
    last
      .slice(Math.max(0, last.length - count))
      .map(eventLine)
      .join('')
  )
  while (follow && !output.closed) {
    for (const [lane, place] of places) places.set(lane, await writeNew(reader, lane, place, filter, output))
    await pause(pollMs)
  }
}

/** Goes back in ever larger steps until enough pass the filter. */
function lastEvents(reader: LogReader, lane: Lane, filter: EventFilter, count: number): readonly LoggedEvent[] {
  const end = reader.lastSequence(lane)
  const first = reader.firstSequence(lane)
  if (count === 0) return []
  for (let span = Math.max(count, 1000); ; span *= 8) {
    const start = Math.max(first - 1, end - span)
    let found: LoggedEvent[] = []
    for (let at = start; at < end; ) {
      const { events, scannedTo } = readPage(reader, lane, at, filter)
      found = [...found, ...events].slice(-count)
      if (scannedTo <= at) break
      at = scannedTo
    }
    if (found.length >= count || start <= first - 1) return found
  }
}

async function writeNew(reader: LogReader, lane: Lane, place: number, filter: EventFilter, output: Output): Promise<number> {
  // A log that ends earlier is another one: the old one was set aside.
  let at = reader.lastSequence(lane) < place ? reader.firstSequence(lane) - 1 : place
  while (!output.closed) {
    const { events, scannedTo } = readPage(reader, lane, at, filter)
    if (events.length > 0) await output.write(events.map(eventLine).join(''))
    if (scannedTo <= at) return at
    at = scannedTo
  }
  return at
}
