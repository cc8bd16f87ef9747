import { MbapFramer, mbapFrame } from './mbap-frames.ts'
import { type Exchanged, type ExchangeOptions, type LineContext, type ModbusLine, PendingRequest, RequestQueue } from './modbus-line.ts'
import type { ModbusRequest } from './pdu.ts'

const TRANSACTIONS = 0x1_0000
/** Urgent requests under way at a time, beside one that is not: devices take 1 to 16 (Messaging on TCP/IP V1.0b, 4.4.2). */
const MAX_URGENT = 4

/** Modbus TCP. With `overlap` an urgent request is sent at once, whatever else is under way; without, one after the other. */
export class TcpLine implements ModbusLine {
  readonly #context: LineContext
  readonly #overlap: boolean
  readonly #framer = new MbapFramer()
  readonly #queue = new RequestQueue()
  readonly #underWay = new Map<number, PendingRequest>()
  #transaction = 0
  #urgentUnderWay = 0
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
    for (const pending of this.#underWay.values()) pending.settle({ kind: 'lost' })
    this.#underWay.clear()
    this.#queue.close()
  }

  #pump(): void {
    while (!this.#closed) {
      const isFree = this.#underWay.size === 0
      const pending = this.#queue.next({ urgent: isFree || (this.#overlap && this.#urgentUnderWay < MAX_URGENT), other: isFree })
      if (pending === undefined) return
      this.#send(pending)
    }
  }

  #send(pending: PendingRequest): void {
    const transaction = this.#transaction
    this.#transaction = (transaction + 1) % TRANSACTIONS
    this.#underWay.set(transaction, pending)
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
