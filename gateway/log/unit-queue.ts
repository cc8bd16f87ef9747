import type { ClockQuality, GatewayEvent, Lane } from '../events/define-event.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { CommitUnit, StateEntry } from './log-messages.ts'

/** A transaction's worth of one lane stays below this, so that an alarm never waits for a long one. */
export const UNIT_EVENTS = 2000
export const UNIT_BYTES = 1024 * 1024
/** On a full disk a unit must fit into what a small log has evicted. */
const UNIT_EVENTS_WHEN_FULL = 200
/** A second unit is sent ahead only when it is worth a transaction of its own; otherwise it gathers more. */
const AHEAD_EVENTS = 512

interface OpenUnit {
  readonly builder: BatchBuilder
  readonly onDurable: (() => void)[]
  readonly states: Map<string, StateEntry>
}

interface SentUnit {
  readonly id: number
  readonly count: number
  readonly bytes: number
  readonly onDurable: readonly (() => void)[]
}

/** Whoever wants to know with which sequence a unit ended. */
interface Mark {
  readonly id: number
  readonly known: (endSequence: number | undefined) => void
}

/** Builders that wait for their next unit: their memory is used again. The most are made while the log thread does not keep up. */
const MAX_SPARE_BUILDERS = 2

/**
 * What waits in memory for one lane. Events gather in the last unit; at most `maxSent` units are with the log thread, and while it
 * commits the next gather: that is the group commit, without a beat.
 */
export class UnitQueue {
  readonly #lane: Lane
  readonly #maxSent: number
  readonly #send: (unit: CommitUnit) => void
  readonly #units: OpenUnit[] = []
  readonly #spareBuilders: BatchBuilder[] = []
  readonly #sent: SentUnit[] = []
  #nextId = 1
  #waiting = 0
  #bytes = 0
  #turnEvents = 0
  #endSequence = 0
  readonly #marks: Mark[] = []

  constructor(lane: Lane, maxSent: number, send: (unit: CommitUnit) => void) {
    this.#lane = lane
    this.#maxSent = maxSent
    this.#send = send
  }

  /** Events that are not durable yet. */
  get waiting(): number {
    return this.#waiting
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Events added in this turn. */
  get turnEvents(): number {
    return this.#turnEvents
  }

  /** `body`: JSON text in place of the event's data. Without it throws what `JSON.stringify` throws at those; nothing is added then. */
  add(event: GatewayEvent, onDurable: (() => void) | undefined, body?: string): void {
    let unit = this.#last()
    if (unit.builder.full) unit = this.#startUnit()
    const before = unit.builder.bytes
    unit.builder.add(event, body)
    if (onDurable !== undefined) unit.onDurable.push(onDurable)
    this.#bytes += unit.builder.bytes - before
    this.#waiting++
    this.#turnEvents++
  }

  /** State goes with the events of its turn, which stand in the last unit. */
  putStates(states: ReadonlyMap<string, StateEntry>): void {
    const unit = this.#last()
    for (const [name, state] of states) unit.states.set(name, state)
  }

  /** A newer value of these is on its way with an alarm. */
  dropStates(names: Iterable<string>): void {
    for (const name of names) for (const unit of this.#units) unit.states.delete(name)
  }

  endTurn(diskIsFull = false): void {
    this.#turnEvents = 0
    const { builder } = this.#last()
    if (builder.count >= (diskIsFull ? UNIT_EVENTS_WHEN_FULL : UNIT_EVENTS) || builder.bytes >= UNIT_BYTES) this.#startUnit()
  }

  /** Sends what may be sent. */
  dispatch(clockQuality: ClockQuality): void {
    for (;;) {
      const unit = this.#units[0]
      // An empty one that others stand behind has lost its state to an alarm, and keeps its number.
      if (unit === undefined || (this.#units.length === 1 && unit.builder.count === 0 && unit.states.size === 0)) return
      if (this.#sent.length >= this.#maxSent) return
      if (this.#sent.length > 0 && unit.builder.count < AHEAD_EVENTS && this.#units.length === 1 && this.#lane === 'telemetry') return
      this.#units.shift()
      if (this.#units.length === 0) this.#startUnit()
      const id = this.#nextId++
      const { count, bytes } = unit.builder
      this.#sent.push({ id, count, bytes, onDurable: unit.onDurable })
      const payload = unit.builder.finish()
      this.#spare(unit.builder)
      this.#send({ id, lane: this.#lane, payload, count, states: [...unit.states.values()], clockQuality })
    }
  }

  /** The unit is durable: settles it and gives the callbacks of its events, in order of appending. */
  committed(id: number, lastSequence: number): readonly (() => void)[] {
    const unit = this.#sent[0]
    if (unit?.id !== id) return []
    this.#sent.shift()
    this.#endSequence = lastSequence
    this.#tellMarks()
    this.#waiting -= unit.count
    this.#bytes -= unit.bytes
    return unit.onDurable
  }

  /** Id that the last unit has or will have; it is done when `doneTo` has come there. */
  get lastId(): number {
    const last = this.#last()
    const empty = last.builder.count === 0 && last.states.size === 0
    return this.#nextId - 1 + this.#units.length - (empty ? 1 : 0)
  }

  get doneTo(): number {
    return (this.#sent[0]?.id ?? this.#nextId) - 1
  }

  /** Sequence of the last event that is known to be durable. */
  get endSequence(): number {
    return this.#endSequence
  }

  /** The log has been opened, or another has taken its place: its lane ends here. */
  beginAt(endSequence: number): void {
    this.#endSequence = endSequence
  }

  /** Ends the last unit, and tells with which sequence it ended when it is durable; undefined: it never will be. Between turns only. */
  mark(): Promise<number | undefined> {
    const last = this.#last()
    if (last.builder.count > 0 || last.states.size > 0) this.#startUnit()
    return new Promise((known) => {
      this.#marks.push({ id: this.lastId, known })
      this.#tellMarks()
    })
  }

  /** Nothing will become durable any more. */
  abandonMarks(): void {
    for (const { known } of this.#marks.splice(0)) known(undefined)
  }

  #tellMarks(): void {
    for (let mark = this.#marks[0]; mark !== undefined && mark.id <= this.doneTo; mark = this.#marks[0]) {
      this.#marks.shift()
      mark.known(this.#endSequence)
    }
  }

  #last(): OpenUnit {
    return this.#units.at(-1) ?? this.#startUnit()
  }

  #startUnit(): OpenUnit {
    const unit: OpenUnit = { builder: this.#spareBuilders.pop() ?? new BatchBuilder(), onDurable: [], states: new Map() }
    this.#units.push(unit)
    return unit
  }

  #spare(builder: BatchBuilder): void {
    // One that had to grow for a flood goes with it.
    if (this.#spareBuilders.length >= MAX_SPARE_BUILDERS || builder.bytes > 2 * UNIT_BYTES) return
    builder.clear()
    this.#spareBuilders.push(builder)
  }
}
