import type { Codec } from '../../firmware-protocols/codec.ts'
import type { Clock, DriverError } from '../driver.ts'
import { pause } from '../run-end.ts'
import { baudRatesOf } from './baud-ladder.ts'
import type { Detection, Finding, SniffProgress } from './detection.ts'
import { type OpenSniffPort, openSniffPort, type SniffPort } from './open-sniff-port.ts'
import { PortRound, type RoundResult } from './port-round.ts'
import { proposeConfig, serialSource } from './propose-source.ts'
import { findingOf, possibilities } from './rank-streams.ts'
import { type NamePort, stablePortName } from './stable-port-name.ts'

/** Long enough for three sentences of a receiver that speaks once a second. */
const DEFAULT_LISTEN_MS = 3_000
/** A device server has one speed, so all the time is for that. */
const TCP_STRETCH = 4
/** A question is repeated, since the first one may wake the device only. */
const QUESTIONS = 5
const ANSWER_WITHIN_MS = 400
/** What an answer to our own question must explain of what came in. */
const ANSWER_SHARE = 0.5

export interface DetectPortOptions {
  /** As in a `serial` source. */
  readonly port: string
  readonly codecs: readonly Codec[]
  readonly clock: Clock
  /** Ends the detection; what was heard until then is told. */
  readonly signal: AbortSignal
  /** Speeds to try, in this order; default: what the protocols usually have, then the usual others. */
  readonly baudRates?: readonly number[] | undefined
  /** How long to listen at each speed; less where it is clear before, more where something begins to fit. */
  readonly listenMs?: number | undefined
  /** Into silence, ask what protocols know as questions that change nothing at a device. */
  readonly ask?: boolean | undefined
  readonly onProgress?: ((progress: SniffProgress) => void) | undefined
  readonly open?: OpenSniffPort
  readonly namePort?: NamePort
}

/**
 * Finds out what a serial port, or a serial device server, says: tries speeds and all protocols of serial lines at once. Rejects with a
 * DriverError when the port cannot be opened, or is lost. It only listens, unless `ask` is set and nothing was heard at all.
 */
export async function detectPort(options: DetectPortOptions): Promise<Detection> {
  const sweep = new PortSweep(options)
  return await sweep.run()
}

class PortSweep {
  readonly #options: DetectPortOptions
  readonly #over = new AbortController()
  readonly #results: RoundResult[] = []
  readonly #notes: string[] = []
  /** The answers are to our own questions. */
  #isAsked = false
  #lost: DriverError | undefined
  #round: PortRound | undefined

  constructor(options: DetectPortOptions) {
    this.#options = options
  }

  async run(): Promise<Detection> {
    const { codecs, signal } = this.#options
    const onAbort = (): void => this.#over.abort()
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    const rates = this.#options.baudRates ?? baudRatesOf(codecs)
    const open = this.#options.open ?? openSniffPort
    let port: SniffPort | undefined
    try {
      const listener = { bytes: (chunk: Uint8Array) => this.#round?.take(chunk), lost: (error: DriverError) => this.#lose(error) }
      port = await open(this.#options.port, rates[0] ?? 115_200, listener, this.#over.signal)
      await this.#sweep(port, rates)
      if (this.#options.ask === true && !this.#isHeard()) await this.#askAll(port)
    } finally {
      signal.removeEventListener('abort', onAbort)
      await port?.close()
    }
    if (this.#lost !== undefined && !this.#isHeard()) throw this.#lost
    return await this.#detection(port)
  }

  #lose(error: DriverError): void {
    this.#lost = error
    this.#over.abort()
  }

  #isHeard(): boolean {
    return this.#results.some(({ heard }) => heard.look.bytes > 0)
  }

  async #sweep(port: SniffPort, rates: readonly number[]): Promise<void> {
    if (port.changeBaudRate === undefined) {
      await this.#listen(undefined, (this.#options.listenMs ?? DEFAULT_LISTEN_MS) * TCP_STRETCH)
      return
    }
    for (const [index, baudRate] of rates.entries()) {
      if (this.#over.signal.aborted) return
      if (index > 0 && !(await this.#change(port, baudRate))) continue
      if ((await this.#listen(baudRate, this.#options.listenMs ?? DEFAULT_LISTEN_MS)).settled) return
    }
  }

  async #change(port: SniffPort, baudRate: number): Promise<boolean> {
    // What still comes from the speed before belongs to nobody.
    this.#round = undefined
    try {
      await port.changeBaudRate?.(baudRate)
      return true
    } catch {
      this.#notes.push(`the port does not take ${baudRate} baud`)
      return false
    }
  }

  async #listen(baudRate: number | undefined, listenMs: number): Promise<RoundResult> {
    const round = this.#begin(baudRate, listenMs)
    await round.listen()
    return this.#end(round)
  }

  #begin(baudRate: number | undefined, listenMs: number): PortRound {
    const { clock, codecs, onProgress = () => undefined } = this.#options
    this.#round = new PortRound({ codecs, clock, signal: this.#over.signal, listenMs, baudRate, onProgress })
    return this.#round
  }

  #end(round: PortRound): RoundResult {
    this.#round = undefined
    const result = round.result()
    this.#results.push(result)
    return result
  }

  async #askAll(port: SniffPort): Promise<void> {
    for (const codec of this.#options.codecs) {
      const question = questionOf(codec)
      if (question === undefined || codec.createFramer === undefined) continue
      if (this.#over.signal.aborted) return
      const baudRate = port.changeBaudRate === undefined ? undefined : codec.serialHabits?.baudRates[0]
      if (baudRate !== undefined && !(await this.#change(port, baudRate))) continue
      if (await this.#ask(port, codec, question, baudRate)) return
    }
  }

  /** Answers whether the device answered, in the protocol that was asked in. */
  async #ask(port: SniffPort, codec: Codec, question: Uint8Array, baudRate: number | undefined): Promise<boolean> {
    const round = this.#begin(baudRate, ANSWER_WITHIN_MS)
    for (let times = 0; times < QUESTIONS && !this.#over.signal.aborted; times++) {
      await port.write(question)
      await pause(this.#options.clock, ANSWER_WITHIN_MS, this.#over.signal)
    }
    const result = this.#end(round)
    if (round.answers(codec) === 0) return false
    const ranked = result.ranked
      .filter(({ evidence }) => evidence.codec === codec)
      .map((judged) => ({ ...judged, detected: judged.share >= ANSWER_SHARE }))
    if (ranked[0]?.detected !== true) return false
    this.#results[this.#results.length - 1] = { ...result, ranked }
    this.#isAsked = true
    const whoAsks =
      codec.poll === undefined ? 'the gateway does not ask, so the device must be told to speak by itself' : 'the gateway asks as well'
    this.#notes.push(`the device spoke only when it was asked (in ${codec.protocol}); ${whoAsks}`)
    return true
  }

  async #detection(port: SniffPort): Promise<Detection> {
    const { codecs, namePort = stablePortName, port: named, signal, ask } = this.#options
    const best = bestOf(this.#results)
    const finding = best === undefined ? undefined : findingOf(best.ranked, best.line)
    const bytes = this.#results.reduce((sum, { heard }) => sum + heard.look.bytes, 0)
    const possible = finding === undefined && best !== undefined ? possibilities(best.ranked) : []
    if (this.#lost !== undefined) this.#notes.push(this.#lost.message)
    if (bytes === 0 && ask !== true) this.#notes.push(...askedOnly(codecs))
    const stable = finding === undefined ? undefined : await namePort(named, port.opened)
    if (stable?.remark !== undefined) this.#notes.push(stable.remark)
    const outcome = finding !== undefined ? 'detected' : bytes === 0 ? 'silent' : possible.length > 0 ? 'possible' : 'unknown'
    return {
      version: 1,
      target: named,
      kind: 'port',
      outcome,
      findings: finding === undefined ? [] : [finding],
      possible,
      heard: { speeds: this.#results.map(({ heard }) => heard), topics: [] },
      notes: this.#notes,
      ...(finding === undefined || stable === undefined
        ? {}
        : proposeConfig([serialSource(finding, codecs, stable.name, this.#isAsked ? {} : tapSettings(finding, codecs))])),
      interrupted: signal.aborted
    }
  }
}

/** The round in which most was proved; of rounds in which nothing was, the one in which most fits. */
function bestOf(results: readonly RoundResult[]): RoundResult | undefined {
  let best: RoundResult | undefined
  for (const result of results) {
    const [top] = result.ranked
    const [bestTop] = best?.ranked ?? []
    if (top === undefined) continue
    const isBetter =
      bestTop === undefined ||
      (top.detected !== bestTop.detected ? top.detected : top.score * Math.min(top.bits, 160) > bestTop.score * Math.min(bestTop.bits, 160))
    if (isBetter) best = result
  }
  return best
}

function questionOf({ poll, serialHabits }: Codec): Uint8Array | undefined {
  return poll?.requests[poll.usual[0] ?? ''] ?? serialHabits?.question
}

/** Answers that were heard unasked: another computer asks on this line, and two must not. */
function tapSettings({ protocol }: Finding, codecs: readonly Codec[]): Readonly<Record<string, unknown>> {
  const isPolled = codecs.some((codec) => codec.protocol === protocol && codec.poll !== undefined)
  return isPolled ? { poll: { intervalS: 0 } } : {}
}

function askedOnly(codecs: readonly Codec[]): readonly string[] {
  const names = codecs.filter((codec) => questionOf(codec) !== undefined).map(({ protocol }) => protocol)
  return names.length === 0 ? [] : [`some devices speak only when asked (${names.join(', ')}): --probe asks them`]
}
