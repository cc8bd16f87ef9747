import type { Reading } from '../../firmware-protocols/reading.ts'
import type { Clock, FrameCounters, Logger } from '../driver.ts'
import { pause } from '../run-end.ts'
import type { Exchanged, ModbusLine } from './modbus-line.ts'
import { EXCEPTION, readRequest } from './pdu.ts'
import { isBitTable, type ReadGroup, splitGroup } from './read-plan.ts'
import { offlineReadings, readingsOf, type SignalPoint } from './signal-readings.ts'
import { ANSWERING, afterMiss, isSilent, type UnitState } from './unit-watch.ts'

export interface PollerParts {
  readonly sourceId: string
  readonly clock: Clock
  readonly log: Logger
  readonly counters: FrameCounters
  readonly line: ModbusLine
  readonly signal: AbortSignal
  timeoutMsOf(unit: number): number
  deliver(readings: readonly Reading[]): void
  /** Called after every request: time to look how it stands. */
  asked(): void
}

/** One request of the plan, and when it is due. */
interface Task {
  readonly group: ReadGroup<SignalPoint>
  dueMs: number
  /** Why the device refuses it; empty: it does not. */
  refusal: string
  refusals: number
}

/** A device that starts refuses addresses that it has later, so that it is asked again soon, and always. */
const FIRST_REFUSED_REST_MS = 1_000
const LONGEST_REFUSED_REST_MS = 30_000
const ILLEGAL: ReadonlySet<number> = new Set([EXCEPTION.illegalFunction, EXCEPTION.illegalAddress, EXCEPTION.illegalValue])
/** Texts of what is amiss name so many. */
const MAX_NAMED = 3

/**
 * Asks for everything at its interval, whatever is due longest first, one request at a time. A value that could not be read is not
 * told: nothing is repeated as if it were fresh.
 */
export class Poller {
  readonly #parts: PollerParts
  readonly #units = new Map<number, UnitState>()
  readonly #pointsOfUnit = new Map<number, SignalPoint[]>()
  #tasks: Task[]
  #nap = new AbortController()

  constructor(groups: readonly ReadGroup<SignalPoint>[], parts: PollerParts) {
    this.#parts = parts
    const nowMs = parts.clock.monotonicMs()
    this.#tasks = groups.map((group) => taskOf(group, nowMs))
    for (const { points, unit } of groups) {
      this.#units.set(unit, ANSWERING)
      this.#pointsOfUnit.set(unit, [...(this.#pointsOfUnit.get(unit) ?? []), ...points])
    }
    parts.signal.addEventListener('abort', () => this.#nap.abort())
  }

  get unitCount(): number {
    return this.#units.size
  }

  /** Asks one thing of each unit until any of them answers, or the time is up. Answers whether one did. */
  async findAny(limitMs: number): Promise<boolean> {
    const { clock, line, signal } = this.#parts
    const endMs = clock.monotonicMs() + limitMs
    for (const unit of this.#units.keys()) {
      if (signal.aborted || clock.monotonicMs() > endMs) break
      const task = this.#tasks.find(({ group }) => group.unit === unit)
      if (task !== undefined) await this.#ask(task)
      if (line.answeredMs !== undefined) return true
    }
    return line.answeredMs !== undefined
  }

  /** Runs until the run ends. */
  async run(): Promise<void> {
    const { clock, signal } = this.#parts
    while (!signal.aborted && this.#tasks.length > 0) {
      const [task, atMs] = this.#next()
      const waitMs = atMs - clock.monotonicMs()
      if (waitMs <= 0) await this.#ask(task)
      else {
        this.#nap = new AbortController()
        await pause(clock, waitMs, this.#nap.signal)
      }
    }
  }

  /** Nothing answers: whoever has not been asked for long is asked now. Answers whether all units were and did not answer. */
  isNobodyThere(): boolean {
    const nowMs = this.#parts.clock.monotonicMs()
    let nobody = true
    for (const [unit, { misses }] of this.#units) {
      if (misses > 0) continue
      nobody = false
      const task = this.#tasks.find(({ group }) => group.unit === unit)
      if (task !== undefined) task.dueMs = Math.min(task.dueMs, nowMs)
    }
    if (!nobody) this.#nap.abort()
    return nobody
  }

  /** Nobody is there: what was not told of each unit by itself. */
  tellNobodyThere(): void {
    for (const [unit, state] of this.#units) if (!isSilent(state)) this.#tellOffline(unit)
  }

  /** What is amiss though the link works; empty: nothing. */
  amiss(): string {
    const silent = [...this.#units].filter(([, state]) => isSilent(state)).map(([unit]) => unit)
    const refused = this.#tasks.filter(({ refusal }) => refusal !== '')
    const parts: string[] = []
    if (silent.length > 0)
      parts.push(
        `${silent.length === 1 ? 'unit' : 'units'} ${named(silent.map(String))} ${silent.length === 1 ? 'does' : 'do'} not answer: check power, wiring and unit number`
      )
    if (refused.length > 0) parts.push(named(refused.map(describeRefusal)))
    if (this.#parts.line.amiss !== '') parts.push(this.#parts.line.amiss)
    return parts.join('; ')
  }

  #next(): readonly [Task, number] {
    let next: Task | undefined
    let nextMs = Number.POSITIVE_INFINITY
    for (const task of this.#tasks) {
      const atMs = Math.max(task.dueMs, this.#stateOf(task.group.unit).restUntilMs)
      if (next !== undefined && atMs >= nextMs) continue
      next = task
      nextMs = atMs
    }
    if (next === undefined) throw new RangeError('nothing to poll')
    return [next, nextMs]
  }

  #stateOf(unit: number): UnitState {
    return this.#units.get(unit) ?? ANSWERING
  }

  async #ask(task: Task): Promise<void> {
    const { clock, line, signal, timeoutMsOf } = this.#parts
    const { group } = task
    const exchanged = await line.exchange(readRequest(group), { urgent: false, timeoutMs: timeoutMsOf(group.unit) })
    if (signal.aborted) return
    const nowMs = clock.monotonicMs()
    // What was missed while the line was busy is not made up for.
    task.dueMs = Math.max(task.dueMs + group.intervalMs, nowMs)
    this.#take(task, exchanged, nowMs)
    this.#parts.asked()
  }

  #take(task: Task, exchanged: Exchanged, nowMs: number): void {
    const { counters, deliver } = this.#parts
    switch (exchanged.kind) {
      case 'values': {
        counters.frames++
        task.refusal = ''
        task.refusals = 0
        this.#answered(task.group.unit, nowMs)
        const readings = readingsOf(task.group, exchanged.data)
        counters.readings += readings.length
        if (readings.length > 0) deliver(readings)
        break
      }
      case 'exception':
        counters.errors++
        this.#refused(task, exchanged.code, exchanged.why, nowMs)
        break
      case 'unfit':
      case 'written':
        counters.errors++
        this.#refuse(task, exchanged.kind === 'unfit' ? `answers with ${exchanged.why}` : 'answers something else', nowMs)
        break
      case 'timeout':
        this.#missed(task.group.unit, nowMs)
        break
      case 'withdrawn':
      case 'lost':
        break
    }
  }

  #answered(unit: number, nowMs: number): void {
    const before = this.#stateOf(unit)
    if (before.misses === 0) return
    this.#units.set(unit, ANSWERING)
    for (const task of this.#tasks)
      if (task.group.unit === unit && task.refusal === '') task.dueMs = Math.min(task.dueMs, nowMs + task.group.intervalMs)
    if (isSilent(before)) this.#parts.log.info({ sourceId: this.#parts.sourceId, unit }, 'a Modbus unit answers again')
  }

  #missed(unit: number, nowMs: number): void {
    const before = this.#stateOf(unit)
    const now = afterMiss(before, nowMs)
    this.#units.set(unit, now)
    if (isSilent(before) || !isSilent(now)) return
    this.#parts.log.warn({ sourceId: this.#parts.sourceId, unit }, 'a Modbus unit does not answer')
    this.#tellOffline(unit)
  }

  #tellOffline(unit: number): void {
    const readings = offlineReadings(this.#pointsOfUnit.get(unit) ?? [])
    this.#parts.counters.readings += readings.length
    if (readings.length > 0) this.#parts.deliver(readings)
  }

  #refused(task: Task, code: number, why: string, nowMs: number): void {
    // A converter speaks here for a device behind it that is silent.
    if (code === EXCEPTION.gatewayPath || code === EXCEPTION.gatewayTarget) {
      this.#missed(task.group.unit, nowMs)
      return
    }
    this.#answered(task.group.unit, nowMs)
    if (code === EXCEPTION.acknowledge || code === EXCEPTION.busy) return
    const parts = code === EXCEPTION.illegalAddress || code === EXCEPTION.illegalValue ? splitGroup(task.group) : []
    if (parts.length === 0) this.#refuse(task, why, nowMs, ILLEGAL.has(code) ? LONGEST_REFUSED_REST_MS : FIRST_REFUSED_REST_MS)
    else this.#split(task, parts, why, nowMs)
  }

  #split(task: Task, parts: readonly ReadGroup<SignalPoint>[], why: string, nowMs: number): void {
    const { log, sourceId } = this.#parts
    log.info({ sourceId, ...placeOf(task.group), why, parts: parts.length }, 'a request was refused and is asked in parts')
    this.#tasks = [...this.#tasks.filter((other) => other !== task), ...parts.map((group) => taskOf(group, nowMs))]
  }

  #refuse(task: Task, why: string, nowMs: number, longestRestMs = FIRST_REFUSED_REST_MS): void {
    task.refusal = why
    task.dueMs = Math.max(task.dueMs, nowMs + Math.min(longestRestMs, FIRST_REFUSED_REST_MS * 2 ** task.refusals))
    task.refusals = Math.min(task.refusals + 1, 10)
  }
}

function taskOf(group: ReadGroup<SignalPoint>, dueMs: number): Task {
  return { group, dueMs, refusal: '', refusals: 0 }
}

function placeOf({ count, start, table, unit }: ReadGroup<SignalPoint>): { unit: number; table: string; from: number; to: number } {
  return { unit, table, from: start, to: start + count - 1 }
}

function named(texts: readonly string[]): string {
  const more = texts.length - MAX_NAMED
  return more > 0 ? `${texts.slice(0, MAX_NAMED).join(', ')} and ${more} more` : texts.join(', ')
}

function describeRefusal({ group, refusal }: Task): string {
  const { from, to } = placeOf(group)
  const what = isBitTable(group.table) || from === to ? `${group.table} ${from}` : `${group.table}s ${from} to ${to}`
  return `unit ${group.unit} refuses ${what} (${group.points.map(({ name }) => name).join(', ')}): ${refusal}`
}
