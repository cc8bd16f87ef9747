import type { GatewayClock } from '../clock/gateway-clock.ts'
import { eventDefinition } from '../events/catalogue.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import type { EventLog } from '../log/event-log.ts'
import { CheckpointWriter, type MarkLog } from './checkpoint-writer.ts'
import type { EventData, EventType, InnerEvents } from './event-data.ts'
import { type BootOffsets, type JournalEntry, journalKey, PIPELINE_STATE, readSaved, withBoot } from './pipeline-journal.ts'
import { PipelineRunner } from './pipeline-runner.ts'
import type { PipelineEvent } from './processor.ts'
import { type ReplayLog, replay, toldName } from './replay.ts'
import type { Topology } from './topology.ts'

/**
 * What has arrived within this time before a tick and is taken after it still meets the timers that it would meet in a re-run, where
 * there are no ticks: they stay so far behind.
 */
const TICK_BEHIND_MS = 100
/** Longer without a tick, and the program stood still: nobody was heard, and nobody can be said to have been silent. */
const BLIND_AFTER_MS = 2_000

export interface LivePipelineOptions {
  readonly topology: Topology
  readonly clock: Pick<GatewayClock, 'monotonicMs' | 'wallMs' | 'bootId' | 'quality'>
  readonly log: Pick<EventLog, 'append' | 'saveState'> & MarkLog
  /** Told of every event that the pipeline tells, as it is appended. */
  readonly onEvent?: (event: GatewayEvent) => void
  readonly onFault: (processor: string, key: string, error: unknown) => void
}

/** What became of the state at the start. */
export interface Rebuilt {
  /** Inputs that were read again. */
  readonly inputs: number
  /** Events made in the re-run that the log did not have. */
  readonly told: number
  /** Processors whose state was dropped, because its form has changed. */
  readonly dropped: readonly string[]
}

/**
 * The pipeline at work: takes every event in the turn in which it is appended, appends what comes of it in the same turn, and
 * checkpoints its state into the log. After a crash the state is read back and what came since the checkpoint is run again, in the order of the first
 * time; events that the log already has are not told twice.
 */
export class LivePipeline {
  readonly #options: LivePipelineOptions
  readonly #runner: PipelineRunner
  readonly #checkpoints: CheckpointWriter
  readonly #inputs: ReadonlySet<string>
  #boots: BootOffsets = {}
  #offsetMs = 0
  /** Wall clock minus pipeline time, as of the latest input. */
  #wallOffsetMs = 0
  #telemetry = 0
  #journal = 0
  #lastTickMs: number
  /** Re-run under way: how many events of a type and key the log already has. */
  #told: Map<string, number> | undefined
  #toldAnew = 0

  constructor(options: LivePipelineOptions) {
    this.#options = options
    const { topology, onFault, log, clock } = options
    this.#inputs = new Set<string>(topology.inputs)
    this.#runner = new PipelineRunner({
      topology,
      onOutput: (event, nowMs) => this.#output(event, nowMs),
      wallAt: (nowMs) => nowMs + this.#wallOffsetMs,
      onFault
    })
    this.#checkpoints = new CheckpointWriter(log)
    this.#lastTickMs = clock.monotonicMs()
  }

  /** All state as it is now: JSON text of one key of one processor each. */
  *state(): Generator<string> {
    for (const entry of this.#runner.entries()) yield JSON.stringify(entry)
  }

  /** Keys that have state, by processor. */
  sizes(): ReadonlyMap<string, number> {
    return this.#runner.sizes()
  }

  /**
   * Takes up what was saved. To be called once, before the first `take`. Without a reader (the log cannot be opened yet, or holds nothing) the
   * state begins as it was saved, or empty.
   */
  async rebuild(saved: ReadonlyMap<string, string>, reader: ReplayLog | undefined): Promise<Rebuilt> {
    const { head, boots, chunks, journal, leftOver } = readSaved(saved)
    const { clock, log } = this.#options
    for (const key of leftOver) log.saveState(PIPELINE_STATE, key, undefined)
    let dropped: readonly string[] = []
    let inputs = 0
    this.#boots = boots
    if (head !== undefined && chunks !== undefined) {
      this.#telemetry = head.telemetry
      this.#journal = head.journal
      this.#wallOffsetMs = head.wallOffsetMs
      dropped = [...this.#runner.restore(head.nowMs, chunks)]
      this.#checkpoints.restore(head)
    }
    if (head !== undefined && reader !== undefined) {
      this.#told = new Map()
      inputs = await replay({ reader, head, journal, inputs: this.#inputs, told: this.#told, take: (input) => this.#again(input) })
    }
    this.#journal = (head?.journal ?? 0) + journal.length
    if (head === undefined) this.#beginFirst()
    this.#beginRun(clock.monotonicMs())
    this.#told = undefined
    return { inputs, told: this.#toldAnew, dropped }
  }

  /** Takes an event that has just been appended to the log, in the same turn. */
  take(event: GatewayEvent): void {
    if (!this.#inputs.has(event.type)) return
    const nowMs = event.bootId === this.#options.clock.bootId ? event.monotonicMs + this.#offsetMs : this.#runner.nowMs
    if (event.lane === 'alarm') this.#note({ telemetry: this.#telemetry, nowMs })
    this.#feed(event, nowMs)
  }

  /** Fires what is due; to be called several times a second. Writes a piece of the checkpoint under way. */
  tick(): void {
    const { clock } = this.#options
    const monotonicMs = clock.monotonicMs()
    const fromMs = this.#lastTickMs + this.#offsetMs
    this.#lastTickMs = monotonicMs
    const nowMs = monotonicMs + this.#offsetMs
    if (nowMs - fromMs > BLIND_AFTER_MS) this.#blind(fromMs, nowMs)
    this.#runner.advanceTo(nowMs - TICK_BEHIND_MS)
    this.#checkpoints.step(
      monotonicMs,
      () => ({
        snapshot: this.#runner.beginSnapshot(),
        telemetry: this.#telemetry,
        journal: this.#journal,
        wallOffsetMs: this.#wallOffsetMs
      }),
      [...this.sizes().values()].reduce((sum, size) => sum + size, 0)
    )
  }

  /** What the log holds from before the first run concerns no processor. */
  #beginFirst(): void {
    const nowMs = this.#options.clock.wallMs()
    this.#runner.advanceTo(nowMs)
    this.#checkpoints.beginFirst(nowMs)
  }

  /** Pipeline time goes on where it was; what happened while the program was away, nobody can say. */
  #beginRun(monotonicMs: number): void {
    const { clock, log } = this.#options
    const { bootId } = clock
    const beforeMs = this.#runner.nowMs
    const known = this.#boots[bootId]
    if (known !== undefined) this.#offsetMs = Math.max(known, beforeMs - monotonicMs)
    else {
      // Another boot: only the wall clock knows how long it was away, and it may know nothing.
      const byWall = clock.wallMs() - this.#wallOffsetMs
      this.#offsetMs = Math.max(beforeMs, byWall) - monotonicMs
    }
    this.#boots = withBoot(this.#boots, bootId, this.#offsetMs)
    log.saveState(PIPELINE_STATE, 'boot', JSON.stringify(this.#boots))
    const nowMs = monotonicMs + this.#offsetMs
    this.#lastTickMs = monotonicMs
    this.#blind(beforeMs, nowMs)
    this.#checkpoints.hurry()
  }

  #blind(fromMs: number, toMs: number): void {
    const wallMs = this.#options.clock.wallMs()
    const data: InnerEvents['GatewayWasBlind'] = { fromMs, toMs }
    const event: PipelineEvent<'GatewayWasBlind'> = { type: 'GatewayWasBlind', key: '', time: wallMs, data }
    const wallOffsetMs = wallMs - toMs
    // Told at the time from which on nobody was heard: no timer may fire for the time between.
    this.#note({ telemetry: this.#telemetry, nowMs: fromMs, event, wallOffsetMs })
    this.#inner(event, fromMs, wallOffsetMs)
  }

  #inner(event: PipelineEvent, nowMs: number, wallOffsetMs: number): void {
    this.#wallOffsetMs = wallOffsetMs
    this.#runner.feed(event, nowMs)
  }

  #note(entry: JournalEntry): void {
    this.#options.log.saveState(PIPELINE_STATE, journalKey(this.#journal), JSON.stringify(entry))
    this.#journal += 1
  }

  #feed(event: GatewayEvent, nowMs: number): void {
    if (event.lane === 'telemetry') this.#telemetry += 1
    const { type, key, time, source, data, receivedAt } = event
    this.#wallOffsetMs = receivedAt - nowMs
    this.#checkpoints.count()
    this.#runner.feed({ type: type as EventType, key, time, source, data: data as EventData[EventType] } as PipelineEvent, nowMs)
  }

  #again(input: { readonly event: GatewayEvent; readonly nowMs?: number } | { readonly inner: JournalEntry }): void {
    if ('inner' in input) {
      const { event, nowMs, wallOffsetMs = this.#wallOffsetMs } = input.inner
      if (event !== undefined) this.#inner(event, nowMs, wallOffsetMs)
      return
    }
    const { event, nowMs } = input
    const offsetMs = this.#boots[event.bootId]
    this.#feed(event, nowMs ?? (offsetMs === undefined ? this.#runner.nowMs : event.monotonicMs + offsetMs))
  }

  #output(event: PipelineEvent, nowMs: number): void {
    const definition = eventDefinition(event.type)
    if (definition === undefined) return
    const { clock, log, onEvent } = this.#options
    if (this.#told !== undefined) {
      const name = toldName(event.type, event.key)
      const left = this.#told.get(name) ?? 0
      if (left > 0) {
        this.#told.set(name, left - 1)
        return
      }
      this.#toldAnew += 1
    }
    const told: GatewayEvent = {
      type: event.type,
      lane: definition.lane,
      key: event.key,
      time: Math.round(event.time),
      ...(event.source === undefined ? {} : { source: event.source }),
      receivedAt: Math.round(nowMs + this.#wallOffsetMs),
      clockQuality: clock.quality(),
      bootId: clock.bootId,
      monotonicMs: nowMs - this.#offsetMs,
      data: event.data
    }
    log.append(told)
    onEvent?.(told)
  }
}
