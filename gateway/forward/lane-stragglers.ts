import { backoffDelays } from '../../drivers/supervisor/backoff.ts'
import type { ForwardPort, TopicSettings } from './forward-port.ts'
import { type LaneCore, MAX_EVENTS, READ_AGAIN_MS, STRAGGLER_AHEAD } from './lane-core.ts'

export interface StragglerState {
  readonly topic: string
  readonly code: string
  readonly why: string
}

interface Straggler {
  failure: { readonly code: string; readonly why: string } | undefined
}

const STRAGGLER_PROBE_EVENTS = 50
/** A leader that moves is found soon. */
const STRAGGLER_FIRST_MS = 100

/** The topics of a lane that could not take their records: each is read and sent by itself until it has caught up with the group. */
export class LaneStragglers {
  readonly #core: LaneCore
  readonly #onRejoined: () => void
  readonly #typesOfTopic = new Map<string, Set<string>>()
  readonly #stragglers = new Map<string, Straggler>()

  constructor(core: LaneCore, onRejoined: () => void) {
    this.#core = core
    this.#onRejoined = onRejoined
    for (const [type, topic] of core.options.topicOfType)
      this.#typesOfTopic.set(topic, (this.#typesOfTopic.get(topic) ?? new Set()).add(type))
  }

  states(): StragglerState[] {
    return [...this.#stragglers].map(([topic, { failure }]) => ({
      topic,
      code: failure?.code ?? 'BEHIND',
      why: failure?.why ?? 'catching up'
    }))
  }

  /** `failure`: why it left the group; undefined: it is only behind. */
  start(topic: string, failure: Straggler['failure']): void {
    const straggler: Straggler = { failure }
    this.#stragglers.set(topic, straggler)
    this.#core.options.onChange()
    this.#core.run(() => this.#straggle(topic, straggler))
  }

  async #straggle(topic: string, straggler: Straggler): Promise<void> {
    const delays = backoffDelays({ ...this.#core.options.backoff, firstMs: STRAGGLER_FIRST_MS }, this.#core.options.random)
    while (!this.#core.sleeper.stopped && !this.#core.progress.rejoin(topic)) {
      if (straggler.failure !== undefined) await this.#core.sleeper.sleep(delays.next().value)
      const port = await this.#core.link.ready()
      if (port === undefined) return
      if (straggler.failure !== undefined && !(await this.#core.link.ensureTopics(port, this.#settingsOf(topic)))) continue
      await this.#straggleOn(port, topic, straggler)
    }
    if (this.#core.sleeper.stopped) return
    this.#stragglers.delete(topic)
    this.#core.options.onChange()
    this.#onRejoined()
  }

  #settingsOf(topic: string): TopicSettings[] {
    return this.#core.options.topics.filter((settings) => settings.topic === topic)
  }

  /** One read and one send of a straggler. */
  async #straggleOn(port: ForwardPort, topic: string, straggler: Straggler): Promise<void> {
    const result = this.#core.read(this.#core.progress.cursor(topic), {
      types: this.#typesOfTopic.get(topic) ?? new Set(),
      maxEvents: straggler.failure === undefined ? MAX_EVENTS : STRAGGLER_PROBE_EVENTS,
      maxBytes: this.#core.sizer.maxBytes
    })
    if (result === undefined) return await this.#core.sleeper.sleep(READ_AGAIN_MS)
    const to = Math.min(result.scannedTo, this.#core.progress.groupedTo + STRAGGLER_AHEAD)
    const due = result.events.filter(({ sequence }) => sequence <= to)
    const records = due.map((event) => this.#core.options.encode(event, topic))
    const outcomes = records.length === 0 ? [] : await this.#core.send(port, records)
    const kept = outcomes.findIndex(({ kind }) => kind === 'keep')
    for (const [index, outcome] of outcomes.entries()) {
      const event = due[index]
      // Behind a kept record everything is read again; a refused one there will be refused again.
      if (event !== undefined && outcome.kind === 'never' && (kept < 0 || index < kept))
        this.#core.setAsideAs(event, topic, outcome.code, outcome.why)
      if (outcome.kind === 'accepted') this.#core.acceptedCount++
    }
    const failure = outcomes[kept]
    straggler.failure = failure?.kind === 'keep' && failure.scope === 'topic' ? { code: failure.code, why: failure.why } : undefined
    if (failure?.kind === 'keep' && failure.scope === 'link') this.#core.link.failed(port, failure.code, failure.why)
    else if (outcomes.some(({ kind }) => kind === 'accepted')) this.#core.link.worked(port)
    const reached = kept < 0 ? to : (due[kept]?.sequence ?? 1) - 1
    if (this.#core.progress.advanceStraggler(topic, reached)) this.#core.advanced([topic])
    this.#core.options.onChange()
  }
}
