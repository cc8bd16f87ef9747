import type { TimerHandle } from '../driver.ts'
import { MbapFramer, mbapFrame } from './mbap-frames.ts'
import { type Exchanged, type ExchangeOptions, type LineContext, type ModbusLine, PendingRequest, RequestQueue } from './modbus-line.ts'
import type { ModbusRequest } from './pdu.ts'

const TRANSACTIONS = 0x1_0000
/** Urgent requests under way at a time, beside one that is not: devices take 1 to 16 (Messaging on TCP/IP V1.0b, 4.4.2). */
const MAX_URGENT = 4
/**
 * So long an urgent request waits for what is under way. A device with Nagle's algorithm holds back its second answer until the
 * first is acknowledged, for which this side may take 40 ms: to wait for a quick answer is quicker.
 */
const PATIENCE_MS = 10

/**
 * Modbus TCP. With `overlap` an urgent request is sent beside what is under way when that takes longer than a moment; without, one
 * after the other.
 */
export class TcpLine implements ModbusLine {
  readonly #context: LineContext
  readonly #overlap: boolean
  readonly #framer = new MbapFramer()
  readonly #queue = new RequestQueue()
  readonly #underWay = new Map<number, PendingRequest>()
  #transaction = 0
  #urgentUnderWay = 0
  #lastSentMs = Number.NEGATIVE_INFINITY
  #patience: TimerHandle | undefined
  #closed = false
  /** By the unit that was asked: who answered in its place. */
  readonly #impostors = new Map<number, number>()
  missesInARow = 0
  answeredMs: number | undefined

  constructor(context: LineContext, overlap: boolean) {
    this.#context = context
    this.#overlap = overlap
  }

  get amiss(): string {
    const [first] = this.#impostors
    return first === undefined ? '' : `unit ${first[1]} answers for unit ${first[0]}: check the unit number`
  }

  exchange(request: ModbusRequest, options: ExchangeOptions): Promise<Exchanged> {
    const pending = new PendingRequest(request, options)
    if (this.#closed) pending.settle({ kind: 'lost' })
    else {
      this.#queue.push(pending)
      this.#pump()
    }
    return pending.promise
  }

  take(chunk: Uint8Array): string {
    const wrong = this.#framer.push(chunk, ({ pdu, transaction, unit }) => this.#answer(transaction, unit, pdu))
    this.#pump()
    return wrong
  }

  close(): void {
    this.#closed = true
    this.#patience?.cancel()
    for (const pending of this.#underWay.values()) pending.settle({ kind: 'lost' })
    this.#underWay.clear()
    this.#queue.close()
  }

  #pump(): void {
    this.#patience?.cancel()
    while (!this.#closed) {
      const isFree = this.#underWay.size === 0
      const mayOverlap = this.#overlap && !isFree && this.#urgentUnderWay < MAX_URGENT
      const leftMs = this.#lastSentMs + PATIENCE_MS - this.#context.clock.monotonicMs()
      const pending = this.#queue.next({ urgent: isFree || (mayOverlap && leftMs <= 0), other: isFree })
      if (pending !== undefined) this.#send(pending)
      else {
        if (mayOverlap && leftMs > 0 && this.#queue.hasUrgent) this.#patience = this.#context.clock.setTimeout(() => this.#pump(), leftMs)
        return
      }
    }
  }

  #send(pending: PendingRequest): void {
    const transaction = this.#transaction
    this.#transaction = (transaction + 1) % TRANSACTIONS
    this.#underWay.set(transaction, pending)
    this.#lastSentMs = this.#context.clock.monotonicMs()
    if (pending.options.urgent) this.#urgentUnderWay++
    this.#context.write(mbapFrame(transaction, pending.request.unit, pending.request.pdu))
    pending.sent(this.#context.clock, () => {
      this.#forget(transaction, pending)
      this.missesInARow++
      pending.settle({ kind: 'timeout' })
      this.#pump()
    })
  }

  #forget(transaction: number, pending: PendingRequest): void {
    this.#underWay.delete(transaction)
    if (pending.options.urgent) this.#urgentUnderWay--
  }

  #answer(transaction: number, unit: number, pdu: Uint8Array): void {
    if (this.#closed) return
    const { clock, counters } = this.#context
    const pending = this.#underWay.get(transaction)
    // Late, doubled, or asked for by nobody.
    if (pending === undefined) {
      counters.ignored++
      return
    }
    if (unit !== pending.request.unit) {
      counters.errors++
      this.#impostors.set(pending.request.unit, unit)
      return
    }
    this.#impostors.delete(unit)
    this.missesInARow = 0
    this.answeredMs = clock.monotonicMs()
    this.#forget(transaction, pending)
    pending.answer(pdu)
  }
}
