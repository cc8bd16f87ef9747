import { LANES, type Lane } from '../gateway/events/define-event.ts'
import type { LoggedEvent } from '../gateway/log/event-log.ts'
import type { CursorState, ForwarderMessage, LogReader, SetAsideRecord } from '../gateway/log/reader-contract.ts'

/** A log in memory for tests of its readers: gap-free sequences, and the writer's side of the forwarder's messages. */
export interface MemoryReader extends LogReader {
  append(lane: Lane, type: string, key: string, body?: string): LoggedEvent
  readonly events: Readonly<Record<Lane, LoggedEvent[]>>
  readonly setAsideRecords: SetAsideRecord[]
  /** What the log's thread does with a message. */
  take(message: ForwarderMessage): void
  /** As a damaged log that is replaced while in use by one that carries this many events over. */
  replace(epoch: string, carriedOver?: number): void
}

export function createMemoryReader(): MemoryReader {
  const events: Record<Lane, LoggedEvent[]> = { alarm: [], telemetry: [] }
  const cursors = new Map<string, CursorState>()
  const setAside: SetAsideRecord[] = []
  let epoch = 'e1'
  return {
    events,
    setAsideRecords: setAside,
    append(lane, type, key, body = '{}') {
      const sequence = events[lane].length + 1
      const at = 1_795_000_000_000 + sequence
      const event: LoggedEvent = {
        lane,
        epoch,
        sequence,
        type,
        key,
        time: at,
        source: undefined,
        receivedAt: at,
        clockQuality: 'synchronised',
        bootId: 'b',
        monotonicMs: sequence,
        body
      }
      events[lane].push(event)
      return event
    },
    take(message) {
      if (message.kind === 'set-aside') setAside.push(...message.records)
      if (message.kind !== 'advance' || message.epoch !== epoch) return
      for (const cursor of message.cursors) cursors.set(`${cursor.lane} ${cursor.topic}`, cursor)
    },
    replace(newEpoch, carriedOver = 0) {
      epoch = newEpoch
      for (const lane of LANES) events[lane].splice(carriedOver)
      cursors.clear()
    },
    read(lane, afterSequence, { types, maxEvents, maxBytes }) {
      const found: LoggedEvent[] = []
      let bytes = 0
      let scannedTo = Math.min(afterSequence, events[lane].length)
      for (const event of events[lane].slice(afterSequence)) {
        if (types === undefined || types.has(event.type)) {
          bytes += event.body.length
          if (found.length >= maxEvents || (found.length > 0 && bytes > maxBytes)) break
          found.push(event)
        }
        scannedTo = event.sequence
      }
      return { life: epoch, events: found, scannedTo: Math.max(scannedTo, afterSequence) }
    },
    epoch: () => epoch,
    lastSequence: (lane) => events[lane].length,
    firstSequence: () => 1,
    originOf: () => undefined,
    cursors: () => [...cursors.values()],
    setAside: (limit) => setAside.slice(-limit),
    close: () => undefined
  }
}
