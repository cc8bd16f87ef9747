import type { Clock } from '../drivers/driver.ts'
import type { Exchanged, ExchangeOptions, ModbusLine } from '../drivers/modbus/modbus-line.ts'
import type { ModbusRequest } from '../drivers/modbus/pdu.ts'

export interface LineRequest {
  readonly atMs: number
  readonly unit: number
  readonly functionCode: number
  readonly address: number
  /** Quantity of a read, value of a write. */
  readonly second: number
  readonly urgent: boolean
}

/** A line whose answers a test gives; each takes `answerMs`, or the time limit where there is none. */
export class ScriptedModbusLine implements ModbusLine {
  readonly requests: LineRequest[] = []
  readonly #clock: Clock
  missesInARow = 0
  answeredMs: number | undefined
  amiss = ''
  answerMs = 5
  answer: (request: LineRequest) => Exchanged | Promise<Exchanged>

  constructor(clock: Clock, answer: (request: LineRequest) => Exchanged | Promise<Exchanged>) {
    this.#clock = clock
    this.answer = answer
  }

  async exchange({ functionCode, pdu, unit }: ModbusRequest, { onSent, signal, timeoutMs, urgent }: ExchangeOptions): Promise<Exchanged> {
    if (signal?.aborted === true) return { kind: 'withdrawn' }
    const view = new DataView(pdu.buffer, pdu.byteOffset, pdu.length)
    const request = { atMs: this.#clock.monotonicMs(), unit, functionCode, address: view.getUint16(1), second: view.getUint16(3), urgent }
    this.requests.push(request)
    onSent?.()
    const exchanged = await this.answer(request)
    await new Promise<void>((resolve) => {
      this.#clock.setTimeout(resolve, exchanged.kind === 'timeout' ? timeoutMs : this.answerMs)
    })
    if (exchanged.kind === 'timeout') this.missesInARow++
    else {
      this.missesInARow = 0
      this.answeredMs = this.#clock.monotonicMs()
    }
    return exchanged
  }

  take(): string {
    return ''
  }

  close(): void {
    this.answer = () => ({ kind: 'lost' })
  }
}
