import type { Clock, FrameCounters, TimerHandle } from '../driver.ts'
import { type ModbusAnswer, type ModbusRequest, readAnswer } from './pdu.ts'

/** How a request ended. */
export type Exchanged =
  | ModbusAnswer
  | { readonly kind: 'timeout' }
  /** Its sender gave it up before it was sent. */
  | { readonly kind: 'withdrawn' }
  /** The link is gone. */
  | { readonly kind: 'lost' }

export interface ExchangeOptions {
  /** Goes ahead of whatever is not urgent. */
  readonly urgent: boolean
  readonly timeoutMs: number
  /** Looked at when its turn comes: what is aborted by then is not sent. */
  readonly signal?: AbortSignal
  readonly onSent?: () => void
}

/** Requests and their answers over one connection or port. */
export interface ModbusLine {
  /** Never rejects. */
  exchange(request: ModbusRequest, options: ExchangeOptions): Promise<Exchanged>
  /** Bytes that came in; valid during the call. Answers what makes the link useless; empty: nothing. */
  take(chunk: Uint8Array): string
  /** The link is gone, or given up: everything under way ends as `lost`. */
  close(): void
  /** Requests in a row that nothing answered; 0 after an answer. */
  readonly missesInARow: number
  /** Monotonic milliseconds of the last answer to anything. */
  readonly answeredMs: number | undefined
  /** Answers under another unit's number, and what else is wrong about answers in general; empty: nothing. */
  readonly amiss: string
}

export interface LineContext {
  readonly clock: Clock
  readonly counters: FrameCounters
  /** Failures are told by the port itself. */
  write(bytes: Uint8Array): void
}

/** One request from the moment it is asked for. */
export class PendingRequest {
  readonly request: ModbusRequest
  readonly options: ExchangeOptions
  readonly promise: Promise<Exchanged>
  #resolve: (exchanged: Exchanged) => void = () => undefined
  #limit: TimerHandle | undefined

  constructor(request: ModbusRequest, options: ExchangeOptions) {
    this.request = request
    this.options = options
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  get isWithdrawn(): boolean {
    return this.options.signal?.aborted === true
  }

  sent(clock: Clock, onTimeout: () => void, extraMs = 0): void {
    this.#limit = clock.setTimeout(onTimeout, this.options.timeoutMs + extraMs)
    this.options.onSent?.()
  }

  answer(pdu: Uint8Array): ModbusAnswer {
    const answer = readAnswer(this.request, pdu)
    this.settle(answer)
    return answer
  }

  settle(exchanged: Exchanged): void {
    this.#limit?.cancel()
    this.#resolve(exchanged)
  }
}

/** Requests that wait for their turn: the urgent first, each kind in order. */
export class RequestQueue {
  readonly #urgent: PendingRequest[] = []
  readonly #others: PendingRequest[] = []

  push(pending: PendingRequest): void {
    if (pending.options.urgent) this.#urgent.push(pending)
    else this.#others.push(pending)
  }

  /** The next one that may go; withdrawn ones end on the way. */
  next(may: { readonly urgent: boolean; readonly other: boolean }): PendingRequest | undefined {
    return (may.urgent ? firstOf(this.#urgent) : undefined) ?? (may.other ? firstOf(this.#others) : undefined)
  }

  get hasUrgent(): boolean {
    return this.#urgent.length > 0
  }

  get isEmpty(): boolean {
    return !this.hasUrgent && this.#others.length === 0
  }

  close(): void {
    for (const pending of [...this.#urgent.splice(0), ...this.#others.splice(0)]) pending.settle({ kind: 'lost' })
  }
}

function firstOf(queue: PendingRequest[]): PendingRequest | undefined {
  for (let pending = queue.shift(); pending !== undefined; pending = queue.shift()) {
    if (!pending.isWithdrawn) return pending
    pending.settle({ kind: 'withdrawn' })
  }
  return undefined
}
