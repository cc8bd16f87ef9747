import type { CodecPoll } from '../../firmware-protocols/codec.ts'
import { type Clock, DriverError } from '../driver.ts'
import { pause } from '../run-end.ts'
import type { PollSettings } from './settings.ts'

/** Answers end with a pause on the line; nothing is asked before it. */
const QUIET_MS = 10
/** A line that is never quiet (noise, a device that talks on its own) does not keep the question from being asked. */
const QUIET_WAIT_MAX_MS = 100
/** So many requests in a row without an answer are more than noise. */
const UNANSWERED_MAX = 3
const SILENT = 'the device does not answer what it is asked: see to its power, the line to it, and its mode'
const STUCK = 'the line takes no requests (flow control, or a device that hangs)'

/** What is asked, in turn, and how often. */
export interface PollPlan {
  readonly requests: readonly Uint8Array[]
  readonly intervalMs: number
  readonly timeoutMs: number
}

export interface PollLink {
  readonly clock: Clock
  write(bytes: Uint8Array): Promise<void>
  /** What is amiss; empty: nothing any more. */
  amiss(why: string): void
}

/** What a source asks its device; undefined: nothing. Throws a fatal DriverError for what the protocol does not have. */
export function pollPlan(settings: PollSettings | undefined, poll: CodecPoll | undefined, protocol: string): PollPlan | undefined {
  const invalid = (why: string): DriverError => new DriverError('SETTINGS_INVALID', `poll: ${why}`, { retriable: false })
  if (poll === undefined) {
    if (settings === undefined) return undefined
    throw invalid(`protocol "${protocol}" asks for nothing, so remove poll`)
  }
  const intervalMs = settings?.intervalS === undefined ? poll.intervalMs : settings.intervalS * 1_000
  const requests = (settings?.ask ?? poll.usual).map((name) => {
    const request = Object.hasOwn(poll.requests, name) ? poll.requests[name] : undefined
    if (request === undefined) throw invalid(`"${name}" is no request of "${protocol}"; it has ${Object.keys(poll.requests).join(', ')}`)
    return request
  })
  return intervalMs === 0 ? undefined : { requests, intervalMs, timeoutMs: (settings?.timeoutS ?? 1) * 1_000 }
}

/**
 * Asks a device that speaks only when asked. One request is under way at a time, however slow the device is: the next leaves when
 * something has come in for it and the line is quiet again, or the time for an answer is over.
 */
export class Poller {
  readonly #plan: PollPlan
  readonly #link: PollLink
  #heardMs = Number.NEGATIVE_INFINITY
  #answered = false
  #told = ''
  #onHeard: (() => void) | undefined

  constructor(plan: PollPlan, link: PollLink) {
    this.#plan = plan
    this.#link = link
  }

  /** Something came in. */
  heard(): void {
    this.#heardMs = this.#link.clock.monotonicMs()
    this.#answered = true
    this.#onHeard?.()
  }

  /** Asks until `signal` is aborted; rejects with what a write rejects with. */
  async run(signal: AbortSignal): Promise<void> {
    const { intervalMs, requests } = this.#plan
    let unanswered = 0
    for (let turn = 0; !signal.aborted; turn += 1) {
      const askedMs = this.#link.clock.monotonicMs()
      const isAnswered = await this.#ask(requests[turn % requests.length] ?? new Uint8Array(), signal)
      if (signal.aborted) return
      unanswered = isAnswered ? 0 : unanswered + 1
      if (isAnswered) this.#tell('')
      else if (unanswered >= UNANSWERED_MAX) this.#tell(SILENT)
      await this.#quietUntil(askedMs + intervalMs, signal)
    }
  }

  /** Whether something came in for it in time. A line that takes nothing is waited for, and nothing more is given to it. */
  async #ask(request: Uint8Array, signal: AbortSignal): Promise<boolean> {
    this.#answered = false
    let isWritten = false
    const written = this.#link.write(request).then(() => {
      isWritten = true
    })
    // Looked at below; a failure must not be without a listener meanwhile.
    written.catch(() => undefined)
    const isAnswered = await this.#answer(signal)
    if (isWritten) return isAnswered
    // Either it takes its time, or it has failed, which is told by waiting for it.
    const limit = this.#link.clock.setTimeout(() => this.#tell(STUCK), (UNANSWERED_MAX - 1) * this.#plan.timeoutMs)
    try {
      await settledOrAborted(written, signal)
    } finally {
      limit.cancel()
    }
    return isAnswered
  }

  #tell(why: string): void {
    if (why === this.#told) return
    this.#told = why
    this.#link.amiss(why)
  }

  #answer(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (): void => {
        limit.cancel()
        signal.removeEventListener('abort', done)
        this.#onHeard = undefined
        resolve(this.#answered)
      }
      const limit = this.#link.clock.setTimeout(done, this.#plan.timeoutMs)
      signal.addEventListener('abort', done)
      this.#onHeard = done
      if (this.#answered || signal.aborted) done()
    })
  }

  async #quietUntil(dueMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#link
    const latestMs = Math.max(dueMs, clock.monotonicMs()) + QUIET_WAIT_MAX_MS
    while (!signal.aborted) {
      const waitMs = Math.max(dueMs, Math.min(this.#heardMs + QUIET_MS, latestMs)) - clock.monotonicMs()
      if (waitMs <= 0) return
      await pause(clock, waitMs, signal)
    }
  }
}

function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = (): void => done(resolve)
    signal.addEventListener('abort', onAbort)
    promise.then(
      () => done(resolve),
      (error: unknown) => done(() => reject(error))
    )
    if (signal.aborted) onAbort()
  })
}
