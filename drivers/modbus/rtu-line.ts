import type { TimerHandle } from '../driver.ts'
import { type Exchanged, type ExchangeOptions, type LineContext, type ModbusLine, PendingRequest, RequestQueue } from './modbus-line.ts'
import type { ModbusRequest } from './pdu.ts'
import { characterMs, frameGapMs, RtuReceiver, rtuFrame } from './rtu-frames.ts'

/** Bytes of a frame beside its PDU. */
const ENVELOPE_BYTES = 3
/** A line that never falls silent is no reason to let a siren wait. */
const MAX_WAIT_FOR_SILENCE_MS = 100

/** Modbus RTU: one request at a time, each after a silence of 3.5 characters. */
export class RtuLine implements ModbusLine {
  readonly #context: LineContext
  readonly #characterMs: number
  readonly #gapMs: number
  readonly #receiver = new RtuReceiver()
  readonly #queue = new RequestQueue()
  #underWay: PendingRequest | undefined
  #lastByteMs = Number.NEGATIVE_INFINITY
  #waitingSinceMs: number | undefined
  #silence: TimerHandle | undefined
  #countedDiscarded = 0
  #closed = false
  missesInARow = 0
  answeredMs: number | undefined
  amiss = ''

  constructor(context: LineContext, baudRate: number) {
    this.#context = context
    this.#characterMs = characterMs(baudRate)
    this.#gapMs = frameGapMs(baudRate)
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
    const { clock } = this.#context
    const nowMs = clock.monotonicMs()
    this.#lastByteMs = nowMs
    const pdu = this.#receiver.push(chunk)
    this.#countDiscarded()
    const pending = this.#underWay
    if (pdu !== undefined && pending !== undefined) {
      this.#underWay = undefined
      this.missesInARow = 0
      this.answeredMs = nowMs
      pending.answer(pdu)
      this.#pump()
    }
    return ''
  }

  close(): void {
    this.#closed = true
    this.#silence?.cancel()
    this.#underWay?.settle({ kind: 'lost' })
    this.#underWay = undefined
    this.#queue.close()
  }

  #countDiscarded(): void {
    this.#context.counters.discardedBytes += this.#receiver.discardedBytes - this.#countedDiscarded
    this.#countedDiscarded = this.#receiver.discardedBytes
  }

  #pump(): void {
    if (this.#closed || this.#underWay !== undefined || this.#silence !== undefined || this.#queue.isEmpty) return
    const nowMs = this.#context.clock.monotonicMs()
    this.#waitingSinceMs ??= nowMs
    const quietAtMs = Math.min(this.#lastByteMs + this.#gapMs, this.#waitingSinceMs + MAX_WAIT_FOR_SILENCE_MS)
    if (quietAtMs > nowMs) {
      // Who goes first is decided when the line is free, not before.
      this.#silence = this.#context.clock.setTimeout(() => {
        this.#silence = undefined
        this.#pump()
      }, quietAtMs - nowMs)
      return
    }
    // Sent into the noise: what comes of it shows whether it was only that.
    this.amiss = this.#lastByteMs + this.#gapMs > nowMs ? 'the line is never silent: another master, noise, or a wrong baud rate' : ''
    this.#waitingSinceMs = undefined
    const pending = this.#queue.next({ urgent: true, other: true })
    if (pending !== undefined) this.#send(pending)
  }

  #send(pending: PendingRequest): void {
    const { answerBytes, functionCode, pdu, unit } = pending.request
    const { clock } = this.#context
    this.#underWay = pending
    this.#receiver.expect({ unit, functionCode, pduBytes: answerBytes })
    this.#countDiscarded()
    const sendingMs = (pdu.length + ENVELOPE_BYTES) * this.#characterMs
    this.#lastByteMs = clock.monotonicMs() + sendingMs
    this.#context.write(rtuFrame(unit, pdu))
    pending.sent(
      clock,
      () => {
        this.#underWay = undefined
        this.#receiver.expect(undefined)
        this.#countDiscarded()
        this.missesInARow++
        pending.settle({ kind: 'timeout' })
        this.#pump()
      },
      sendingMs + (answerBytes + ENVELOPE_BYTES) * this.#characterMs
    )
  }
}
