import type { GatewayEvent, Lane } from '../events/define-event.ts'
import type { GiveUp, LoggedEvent, LogPosition } from '../log/event-log.ts'
import type { ReadResult } from '../log/reader-contract.ts'
import { type AnyProcessor, defineProcessor, EVERY_KEY } from './processor.ts'
import type { ReplayLog } from './replay.ts'

export interface Silence {
  heard: number
  silent: boolean
  blind: number
}

/** Tells a key that is silent for a second, and its return; after the gateway was blind it waits anew. */
export const SILENCE: AnyProcessor = silence(['TagMovement', 'TagAlert', 'GatewayWasBlind'])

/** Does not care whether the gateway was blind: a restart changes nothing for it. */
export const CARELESS_SILENCE: AnyProcessor = silence(['TagMovement', 'TagAlert'])

function silence(taken: readonly ('TagMovement' | 'TagAlert' | 'GatewayWasBlind')[]): AnyProcessor {
  return defineProcessor({
    name: 'silence',
    title: 'Tells who is silent',
    in: taken,
    out: ['SourceLost', 'TagInfo'],
    timers: ['silent'],
    version: 1,
    key: (event) => (event.type === 'GatewayWasBlind' ? EVERY_KEY : event.key),
    initial: (): Silence => ({ heard: 0, silent: false, blind: 0 }),
    process(event, state, context) {
      if (event.type === 'GatewayWasBlind') {
        state.blind += 1
        context.setTimer('silent', event.data.toMs + 1_000)
        return
      }
      state.heard += event.type === 'TagAlert' ? 100 : 1
      if (state.silent) context.emit('TagInfo', { key: context.key, time: event.time, data: { tag: context.key, sequence: state.heard } })
      state.silent = false
      context.setTimer('silent', context.nowMs + 1_000)
      if (state.heard % 7 === 0) context.cancelTimer('silent')
      if (state.heard % 31 === 0) context.drop()
    },
    onTimer(_name, state, context) {
      state.silent = true
      const data = { sourceId: context.key, driver: String(state.heard), retriable: true }
      context.emit('SourceLost', { key: context.key, time: context.wallMs, data })
    }
  })
}

/** Stands behind the other: counts by another key what that one makes. */
export const COUNT: AnyProcessor = defineProcessor({
  name: 'count',
  title: 'Counts who was lost',
  in: ['SourceLost', 'TagInfo'],
  out: ['DeviceStatus'],
  version: 1,
  key: (event) => event.key.slice(0, 1),
  initial: () => ({ lost: 0, back: 0 }),
  process(event, state, context) {
    if (event.type === 'SourceLost') state.lost += 1
    else state.back += 1
    context.emit('DeviceStatus', {
      key: context.key,
      time: event.time,
      data: { tag: 'x:y', device: 'x:y', sequence: state.lost * 1_000 + state.back }
    })
  }
})

interface Unit {
  readonly events: GatewayEvent[]
  readonly states: Map<string, string | undefined>
}

const newUnit = (): Unit => ({ events: [], states: new Map() })

/** Keeps what the real log keeps, in memory: turns, lanes that are committed apart, and a crash between any two commits. */
export class MemoryLog implements ReplayLog {
  readonly lanes: Record<Lane, GatewayEvent[]> = { alarm: [], telemetry: [] }
  readonly states = new Map<string, string>()
  #waiting: Record<Lane, Unit[]> = { alarm: [], telemetry: [] }
  #turn: { alarm: GatewayEvent[]; telemetry: GatewayEvent[]; states: Map<string, string | undefined> } = {
    alarm: [],
    telemetry: [],
    states: new Map()
  }
  #marks: { readonly left: Record<Lane, number>; readonly at: Record<Lane, number>; readonly resolve: (position: LogPosition) => void }[] =
    []

  append(event: GatewayEvent, _onDurable?: () => void, _giveUp?: GiveUp): void {
    this.#turn[event.lane].push(structuredClone(event))
  }

  saveState(_processor: string, key: string, value: string | undefined): void {
    this.#turn.states.set(key, value)
  }

  endTurn(): void {
    const { alarm, telemetry, states } = this.#turn
    this.#turn = { alarm: [], telemetry: [], states: new Map() }
    if (alarm.length > 0) for (const { states: older } of this.#waiting.telemetry) for (const key of states.keys()) older.delete(key)
    if (alarm.length > 0) this.#waiting.alarm.push({ events: alarm, states })
    if (telemetry.length > 0 || (alarm.length === 0 && states.size > 0)) {
      this.#waiting.telemetry.push({ events: telemetry, states: alarm.length > 0 ? newUnit().states : states })
    }
  }

  mark(): Promise<LogPosition> {
    this.endTurn()
    return new Promise((resolve) => {
      const left = { alarm: this.#waiting.alarm.length, telemetry: this.#waiting.telemetry.length }
      this.#marks.push({ left, at: { alarm: this.lanes.alarm.length, telemetry: this.lanes.telemetry.length }, resolve })
      this.#settleMarks()
    })
  }

  position(): LogPosition {
    return { epoch: 'one', alarm: this.lanes.alarm.length, telemetry: this.lanes.telemetry.length }
  }

  /** Commits the oldest unit of a lane. */
  commit(lane: Lane): void {
    const unit = this.#waiting[lane].shift()
    if (unit === undefined) return
    this.lanes[lane].push(...unit.events)
    for (const [key, value] of unit.states) {
      if (value === undefined) this.states.delete(key)
      else this.states.set(key, value)
    }
    for (const mark of this.#marks) {
      if (mark.left[lane] === 0) continue
      mark.left[lane] -= 1
      mark.at[lane] = this.lanes[lane].length
    }
    this.#settleMarks()
  }

  commitAll(): void {
    this.endTurn()
    for (const lane of ['alarm', 'telemetry'] as const) while (this.#waiting[lane].length > 0) this.commit(lane)
  }

  /** What was not committed is gone. */
  crash(): void {
    this.#waiting = { alarm: [], telemetry: [] }
    this.#turn = { alarm: [], telemetry: [], states: new Map() }
    this.#marks = []
  }

  epoch(): string {
    return 'one'
  }

  lastSequence(lane: Lane): number {
    return this.lanes[lane].length
  }

  read(lane: Lane, after: number): ReadResult {
    const events = this.lanes[lane].slice(after, after + 7).map(
      (event, n): LoggedEvent => ({
        ...event,
        source: event.source,
        epoch: 'one',
        sequence: after + n + 1,
        body: JSON.stringify(event.data)
      })
    )
    return { life: 'one', events, scannedTo: after + events.length }
  }

  #settleMarks(): void {
    const open = this.#marks.filter(({ left }) => left.alarm + left.telemetry > 0)
    const settled = this.#marks.filter(({ left }) => left.alarm + left.telemetry === 0)
    this.#marks = open
    for (const { at, resolve } of settled) resolve({ epoch: 'one', ...at })
  }
}
