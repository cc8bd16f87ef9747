import { z } from 'zod'
import type { Clock, Command, SendOptions, SendOutcome, TimerHandle } from '../driver.ts'
import { limitedSend } from '../limited-send.ts'
import { pause } from '../run-end.ts'
import type { Exchanged, ExchangeOptions, ModbusLine } from './modbus-line.ts'
import { EXCEPTION, type ModbusRequest, readRequest, writeRequest } from './pdu.ts'
import type { OutputSettings } from './settings.ts'
import { levelOf, readBackOf } from './signal-readings.ts'

const switchPayload = z.strictObject({ output: z.string().optional(), on: z.boolean() })

/** Between two looks at a state that is not yet what it must be, and before a device that is busy is asked again. */
const LOOK_AGAIN_MS = 10
/** A command ends with its reason this part of its time before whoever sent it gives it up without one. */
const OWN_SHARE = 0.9
/** Senders that may wait for one output. */
const MAX_WAITING = 1000

type Failed = Extract<SendOutcome, { stage: 'failed' }>
type Stage = 'accepted' | 'delivered'

interface Waiter {
  stage(stage: Stage): void
  settle(outcome: SendOutcome): void
}

/** One output on its way to a state. */
interface Attempt {
  readonly output: OutputSettings
  readonly on: boolean
  readonly waiters: Set<Waiter>
  readonly ending: AbortController
  reached: Stage | undefined
  /** What would be said if it had to end now. */
  pending: Failed
}

export interface OutputDeskParts {
  readonly clock: Clock
  readonly line: ModbusLine
  timeoutMsOf(unit: number): number
  /** Called after every request: time to look how it stands. */
  asked(): void
}

/**
 * Switches outputs: writes, and reads back until the device has the state, or its time is over. Whoever wants the same of an output
 * shares the attempt that is under way; whoever wants the opposite ends it and goes first, since the newest word counts.
 */
export class OutputDesk {
  readonly #outputs: ReadonlyMap<string, OutputSettings>
  readonly #parts: OutputDeskParts
  readonly #attempts = new Map<string, Attempt>()

  constructor(outputs: readonly OutputSettings[], parts: OutputDeskParts) {
    this.#outputs = new Map(outputs.map((output) => [output.name, output]))
    this.#parts = parts
  }

  /** Keeps the promises of `DriverRun.send`. `ended`: aborted when the run is over. */
  send(target: string, command: Command, options: SendOptions, ended: AbortSignal): Promise<SendOutcome> {
    if (command.kind !== 'switch') return Promise.resolve({ stage: 'unsupported' })
    const payload = switchPayload.safeParse(command.payload)
    if (!payload.success)
      return Promise.resolve(failed('COMMAND_INVALID', 'switch wants a payload {output: the name of an output, on: true or false}'))
    const name = payload.data.output ?? target
    const output = this.#outputs.get(name)
    if (output === undefined || (target !== name && output.device !== undefined && target !== output.device))
      return Promise.resolve(failed('OUTPUT_UNKNOWN', this.#describeUnknown(target, name)))
    return limitedSend(this.#parts.clock, options, ended, ({ onStage, signal, timeoutMs }) =>
      this.#switch(output, payload.data.on, timeoutMs * OWN_SHARE, signal, onStage)
    )
  }

  /** Ends all that is under way. */
  close(): void {
    for (const attempt of this.#attempts.values())
      this.#finish(attempt, failed('SOURCE_DOWN', 'the source went down before the state was confirmed'))
  }

  #describeUnknown(target: string, name: string): string {
    const known = [...this.#outputs.values()].map(({ device, name }) => (device === undefined ? name : `${name} of ${device}`))
    return `there is no output "${name}"${target === name ? '' : ` of "${target}"`}; this source has ${known.length === 0 ? 'none' : known.join(', ')}`
  }

  #switch(
    output: OutputSettings,
    on: boolean,
    limitMs: number,
    signal: AbortSignal,
    onStage: SendOptions['onStage']
  ): Promise<SendOutcome> {
    const { clock } = this.#parts
    return new Promise((resolve) => {
      const attempt = this.#attemptTo(output, on)
      if (attempt.waiters.size >= MAX_WAITING)
        return resolve(failed('SEND_TOO_MANY', `${MAX_WAITING} commands to "${output.name}" wait for its state`))
      let limit: TimerHandle | undefined
      const waiter: Waiter = {
        stage: (stage) => onStage?.(stage),
        settle: (outcome) => {
          limit?.cancel()
          attempt.waiters.delete(waiter)
          resolve(outcome)
        }
      }
      const leave = (): void => {
        waiter.settle(attempt.pending)
        // Nobody wants it any more.
        if (attempt.waiters.size === 0) this.#finish(attempt, attempt.pending)
      }
      attempt.waiters.add(waiter)
      limit = clock.setTimeout(leave, limitMs)
      signal.addEventListener('abort', leave, { once: true })
      if (attempt.reached !== undefined) waiter.stage(attempt.reached)
    })
  }

  #attemptTo(output: OutputSettings, on: boolean): Attempt {
    const current = this.#attempts.get(output.name)
    if (current?.on === on) return current
    if (current !== undefined)
      this.#finish(current, failed('SEND_SUPERSEDED', `"${output.name}" was told to go ${onOff(on)} before it was confirmed ${onOff(!on)}`))
    const attempt: Attempt = {
      output,
      on,
      waiters: new Set(),
      ending: new AbortController(),
      reached: undefined,
      pending: failed('OUTPUT_NO_ANSWER', `unit ${output.unit} could not be asked in time: the line is busy`)
    }
    this.#attempts.set(output.name, attempt)
    this.#work(attempt).then(
      (outcome) => this.#finish(attempt, outcome),
      (error: unknown) => this.#finish(attempt, failed('DRIVER_EXCEPTION', String(error)))
    )
    return attempt
  }

  #finish(attempt: Attempt, outcome: SendOutcome): void {
    if (this.#attempts.get(attempt.output.name) === attempt) this.#attempts.delete(attempt.output.name)
    attempt.ending.abort()
    for (const waiter of [...attempt.waiters]) waiter.settle(outcome)
  }

  #reach(attempt: Attempt, stage: Stage): void {
    attempt.reached = stage
    for (const waiter of attempt.waiters) waiter.stage(stage)
  }

  async #work(attempt: Attempt): Promise<SendOutcome> {
    const { on, output } = attempt
    const refusal = await this.#write(attempt)
    if (refusal !== undefined) return refusal
    if (output.readBack === false) return { stage: 'delivered' }
    const readBack = readBackOf(output, output.readBack)
    const wanted = on ? readBack.on : readBack.off
    const place = { unit: output.unit, table: readBack.table, start: readBack.address, count: 1 }
    const where = `${readBack.table} ${readBack.address} of unit ${output.unit}`
    const endMs = this.#parts.clock.monotonicMs() + output.confirmWithinMs
    attempt.pending = failed('OUTPUT_NOT_CONFIRMED', `"${output.name}" was written, but ${where} could not be read`)
    while (!attempt.ending.signal.aborted) {
      const exchanged = await this.#exchange(attempt, readRequest(place))
      if (exchanged.kind === 'values') {
        const level = levelOf(exchanged.data, readBack)
        if (level === wanted) return { stage: 'acknowledged' }
        attempt.pending = failed(
          'OUTPUT_NOT_CONFIRMED',
          `"${output.name}" was told to go ${onOff(on)}, but ${where} reads ${level} and not ${wanted}`
        )
      } else if (exchanged.kind === 'lost') return LOST
      else if (exchanged.kind === 'exception' && !isTransient(exchanged.code))
        return failed('OUTPUT_NOT_CONFIRMED', `"${output.name}" was written, but ${where} cannot be read: ${exchanged.why}`)
      if (this.#parts.clock.monotonicMs() >= endMs) return attempt.pending
      await pause(this.#parts.clock, LOOK_AGAIN_MS, attempt.ending.signal)
    }
    return attempt.pending
  }

  /** Writes until the device has taken it. Answers why it did not. */
  async #write(attempt: Attempt): Promise<SendOutcome | undefined> {
    const { on, output } = attempt
    const { address, name, table, unit, writeAs } = output
    const value = on ? output.on : output.off
    const request = writeRequest({ unit, table, address, value, asMultiple: writeAs === 'multiple' })
    while (!attempt.ending.signal.aborted) {
      const exchanged = await this.#exchange(attempt, request, () => {
        if (attempt.reached !== undefined) return
        attempt.pending = failed('OUTPUT_NO_ANSWER', `unit ${unit} has not answered yet`)
        this.#reach(attempt, 'accepted')
      })
      if (exchanged.kind === 'lost') return LOST
      if (exchanged.kind === 'exception' && !isTransient(exchanged.code))
        return failed('OUTPUT_REFUSED', `unit ${unit} refuses to switch "${name}" (${table} ${address}): ${exchanged.why}`)
      // What came back may be odd: it was written, and reading it back shows the truth.
      if (exchanged.kind === 'written' || exchanged.kind === 'unfit') {
        this.#reach(attempt, 'delivered')
        return undefined
      }
      attempt.pending = failed(
        'OUTPUT_NO_ANSWER',
        exchanged.kind === 'exception' ? `unit ${unit}: ${exchanged.why}` : `unit ${unit} does not answer`
      )
      await pause(this.#parts.clock, LOOK_AGAIN_MS, attempt.ending.signal)
    }
    return attempt.pending
  }

  async #exchange({ ending, output }: Attempt, request: ModbusRequest, onSent?: () => void): Promise<Exchanged> {
    const { asked, line, timeoutMsOf } = this.#parts
    const options: ExchangeOptions = { urgent: true, timeoutMs: timeoutMsOf(output.unit), signal: ending.signal }
    const exchanged = await line.exchange(request, onSent === undefined ? options : { ...options, onSent })
    asked()
    return exchanged
  }
}

const LOST = failed('SOURCE_DOWN', 'the link was lost before the state was confirmed')

function failed(code: string, why: string): Failed {
  return { stage: 'failed', code, why }
}

function onOff(on: boolean): string {
  return on ? 'on' : 'off'
}

function isTransient(code: number): boolean {
  return code === EXCEPTION.acknowledge || code === EXCEPTION.busy || code === EXCEPTION.gatewayTarget || code === EXCEPTION.gatewayPath
}
