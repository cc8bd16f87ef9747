import type { Reading } from '../../firmware-protocols/reading.ts'
import type { Command, Driver, DriverContext, DriverRun, SendOptions, SendOutcome, TimerHandle } from '../driver.ts'
import { limitedSend } from '../limited-send.ts'
import { createRunEnd, type RunEnd } from '../run-end.ts'
import { DEMO_PLAN } from './demo-site.ts'
import { type SimulatorSettings, simulatorSettingsSchema } from './settings.ts'
import { SimulatedTag } from './simulated-tag.ts'
import { SteadyStream } from './steady-stream.ts'
import { parseSteering, type Steering } from './steering.ts'

/** Shortest time between two turns of the timer: what falls due between comes in one go. */
const SHORTEST_BEAT_MS = 10
/** After a longer stop of the program, what was missed is skipped (and counted as dropped). */
const LONGEST_BURST_MS = 1_000
const ANCHOR_STATUS_EVERY_MS = 60_000
/** How often a tag repeats an alarm that stands, and how often each event is sent in all: radio loses frames. */
const ALARM_EVERY_MS = 1_000
const EVENT_SENT_TIMES = 3
const EVENT_REPEAT_AFTER_MS = 200

/** The demo site: people who walk about with tags. Also the stub adapter: they can be steered by commands. */
export const simulatorDriver: Driver<SimulatorSettings> = {
  kind: 'simulator',
  title: 'Simulated workers on the demo site',
  carries: [],
  settings: simulatorSettingsSchema,
  createRun: (settings, _codec, context) => new SimulatorRun(settings, context)
}

/**
 * Ids of four hex digits, as PANS tags have them; the same for the same number of the worker. 40503 is odd, so multiplying
 * by it permutes the 16-bit numbers, and no two workers share an id.
 */
export function tagIds(count: number): string[] {
  const taken = new Set(DEMO_PLAN.anchors.map(({ id }) => id))
  const ids: string[] = []
  for (let number = 1; ids.length < count; number++) {
    const id = ((number * 40_503) & 0xffff).toString(16).padStart(4, '0')
    if (!taken.has(id)) ids.push(id)
  }
  return ids
}

class SimulatorRun implements DriverRun {
  readonly #context: DriverContext
  readonly #end: RunEnd
  readonly #settings: SimulatorSettings
  readonly #tags: SimulatedTag[] = []
  readonly #tagOf = new Map<string, SimulatedTag>()
  /** Tags whose alarm stands (true) or may come to stand: only these are looked at for it. */
  readonly #watched = new Map<SimulatedTag, boolean>()
  #timer: TimerHandle | undefined

  constructor(settings: SimulatorSettings, context: DriverContext) {
    this.#settings = settings
    this.#context = context
    this.#end = createRunEnd(context)
  }

  start(): Promise<void> {
    try {
      this.#end.check()
    } catch (error) {
      return Promise.reject(error)
    }
    const { workers, seed, noiseM, ratePerSecond, infoEveryS } = this.#settings
    const nowMs = this.#context.clock.monotonicMs()
    for (const [number, id] of tagIds(workers).entries()) {
      const tag = new SimulatedTag({ id, seed: Math.imul(seed + 1, 0x9e3779b1) + number * 7919, noiseM }, nowMs)
      this.#tags.push(tag)
      this.#tagOf.set(id, tag)
    }
    this.#run(
      new SteadyStream(workers, 1000 / ratePerSecond, nowMs, LONGEST_BURST_MS),
      new SteadyStream(workers, infoEveryS * 1000, nowMs, LONGEST_BURST_MS),
      new SteadyStream(DEMO_PLAN.anchors.length, ANCHOR_STATUS_EVERY_MS, nowMs, LONGEST_BURST_MS)
    )
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#end.end()
    this.#timer?.cancel()
    return Promise.resolve()
  }

  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome> {
    const steering = parseSteering(command)
    if (steering === 'unsupported') return Promise.resolve({ stage: 'unsupported' })
    if (steering === 'invalid') return failed('COMMAND_INVALID', 'the values of this command make no sense')
    return limitedSend(this.#context.clock, options, this.#end.signal, () => {
      const tag = this.#tagOf.get(target)
      return tag === undefined ? failed('TARGET_UNKNOWN', `no simulated worker wears tag "${target}"`) : this.#steer(tag, steering)
    })
  }

  #run(positions: SteadyStream, infos: SteadyStream, anchors: SteadyStream): void {
    const { clock, counters } = this.#context
    let nextAlarmsMs = clock.monotonicMs()
    const beat = (): void => {
      if (this.#end.signal.aborted) return
      const nowMs = clock.monotonicMs()
      counters.dropped += positions.takeDue(nowMs, (member) => this.#sendPosition(member, nowMs))
      counters.dropped += infos.takeDue(nowMs, (member) => this.#sendInfo(member, nowMs))
      counters.dropped += anchors.takeDue(nowMs, (member) => this.#sendAnchor(member))
      if (nowMs >= nextAlarmsMs) {
        nextAlarmsMs = nowMs + ALARM_EVERY_MS
        for (const tag of [...this.#watched.keys()]) this.#sendAlarms(tag, nowMs)
      }
      const nextMs = Math.min(positions.nextMs, infos.nextMs, anchors.nextMs, nextAlarmsMs)
      this.#timer = clock.setTimeout(beat, Math.max(SHORTEST_BEAT_MS, Math.ceil(nextMs - nowMs)))
    }
    this.#timer = clock.setTimeout(beat, 0)
  }

  #sendPosition(member: number, nowMs: number): void {
    const tag = this.#tags[member]
    if (tag?.on) this.#deliver(tag.position(nowMs))
  }

  #sendInfo(member: number, nowMs: number): void {
    const tag = this.#tags[member]
    if (tag?.on) this.#deliver(tag.info(nowMs))
  }

  #sendAnchor(member: number): void {
    const anchor = DEMO_PLAN.anchors[member]
    if (anchor !== undefined) this.#deliver({ device: anchor.id, online: true })
  }

  /** Repeats what stands; when the last of it has fallen, that is told at once. */
  #sendAlarms(tag: SimulatedTag, nowMs: number): void {
    const state = tag.alarmState(nowMs)
    const stood = this.#watched.get(tag) ?? false
    if ((state === 'standing' || stood) && tag.on) this.#deliver(tag.alarms(nowMs))
    if (state === 'none') this.#watched.delete(tag)
    else this.#watched.set(tag, state === 'standing')
  }

  #steer(tag: SimulatedTag, steering: Steering): Promise<SendOutcome> {
    const nowMs = this.#context.clock.monotonicMs()
    switch (steering.action) {
      case 'move':
        tag.step(nowMs, steering.dx, steering.dy)
        if (tag.on) this.#deliver(tag.position(nowMs))
        break
      case 'sos':
        if (!tag.on) return failed('TAG_OFF', 'the tag is switched off: its button does nothing')
        if (steering.how === 'release') tag.releaseSos()
        else tag.pressSos(nowMs, steering.how === 'press')
        this.#sendAlarms(tag, nowMs)
        break
      case 'drop': {
        const fall = tag.drop(nowMs)
        this.#sendAlarms(tag, nowMs)
        if (tag.on) this.#sendEvent(tag, fall, EVENT_SENT_TIMES)
        break
      }
      case 'power':
        tag.on = steering.on
        if (tag.on) {
          this.#deliver(tag.info(nowMs))
          this.#deliver(tag.position(nowMs))
        }
        break
    }
    return Promise.resolve({ stage: 'acknowledged' })
  }

  #sendEvent(tag: SimulatedTag, event: Reading, times: number): void {
    if (!tag.on || this.#end.signal.aborted) return
    this.#deliver(event)
    if (times === 1) return
    const timer = this.#context.clock.setTimeout(() => {
      this.#end.signal.removeEventListener('abort', cancel)
      this.#sendEvent(tag, event, times - 1)
    }, EVENT_REPEAT_AFTER_MS)
    const cancel = (): void => timer.cancel()
    this.#end.signal.addEventListener('abort', cancel, { once: true })
  }

  #deliver(reading: Reading): void {
    const { clock, counters, sink } = this.#context
    counters.frames++
    counters.readings++
    sink.deliver({ readings: [reading], receivedAt: clock.wallMs(), monotonicMs: clock.monotonicMs() })
  }
}

function failed(code: string, why: string): Promise<SendOutcome> {
  return Promise.resolve({ stage: 'failed', code, why })
}
