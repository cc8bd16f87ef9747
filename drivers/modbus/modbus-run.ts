import type { BytePort, PortListener } from '../byte-port/byte-port.ts'
import { parsePortName } from '../byte-port/port-name.ts'
import { resolvePort } from '../byte-port/resolve-port.ts'
import { openTcpPort } from '../byte-port/tcp-port.ts'
import { openTtyPort } from '../byte-port/tty-port.ts'
import {
  type Command,
  type DriverContext,
  DriverError,
  type DriverRun,
  type SendOptions,
  type SendOutcome,
  type TimerHandle
} from '../driver.ts'
import { asDriverError, guarded, messageOf } from '../driver-errors.ts'
import { createRunEnd, type RunEnd } from '../run-end.ts'
import type { ModbusLine } from './modbus-line.ts'
import { OutputDesk } from './output-desk.ts'
import { Poller } from './poller.ts'
import { planReads } from './read-plan.ts'
import { RtuLine } from './rtu-line.ts'
import type { ModbusSettings } from './settings.ts'
import { framingOf } from './settings-problems.ts'
import { pointsOf } from './signal-readings.ts'
import { TcpLine } from './tcp-line.ts'

/** How often a run looks whether its port is still there. */
const LOOK_EVERY_MS = 1_000
/** A start asks around so long at most; then it is up, and what does not answer is amiss. */
const START_ASKING_MAX_MS = 10_000
/** What comes and goes with every other request is amiss all the time. */
const CALM_MS = 3_000
/** Requests in a row without an answer, by which a connection is judged that says nothing more. */
const MISSES_OF_A_DEAD_LINK = 3

/** One connection or port, from opening it to the end. */
export class ModbusRun implements DriverRun {
  readonly #settings: ModbusSettings
  readonly #context: DriverContext
  readonly #end: RunEnd
  readonly #line: ModbusLine
  readonly #poller: Poller
  readonly #desk: OutputDesk
  #opening: Promise<BytePort> | undefined
  #port: BytePort | undefined
  #isUp = false
  #lost: DriverError | undefined
  #polling: Promise<void> = Promise.resolve()
  #nextLook: TimerHandle | undefined
  #saidAmiss = ''
  #amissMs = Number.NEGATIVE_INFINITY

  constructor(settings: ModbusSettings, context: DriverContext) {
    this.#settings = settings
    this.#context = context
    this.#end = createRunEnd(context)
    const { clock, counters, log, sourceId } = context
    const lineContext = { clock, counters, write: (bytes: Uint8Array) => this.#write(bytes) }
    this.#line = framingOf(settings) === 'tcp' ? new TcpLine(lineContext, settings.overlap) : new RtuLine(lineContext, settings.baudRate)
    const timeouts = new Map(settings.units.map(({ timeoutMs, unit }) => [unit, timeoutMs ?? settings.timeoutMs]))
    const timeoutMsOf = (unit: number): number => timeouts.get(unit) ?? settings.timeoutMs
    const shared = { clock, line: this.#line, timeoutMsOf, asked: () => this.#judge() }
    this.#poller = new Poller(planReads(pointsOf(settings), settings), {
      ...shared,
      sourceId,
      log,
      counters,
      signal: this.#end.signal,
      deliver: (readings) => context.sink.deliver({ readings, receivedAt: clock.wallMs(), monotonicMs: clock.monotonicMs() })
    })
    this.#desk = new OutputDesk(settings.outputs, shared)
    this.#end.signal.addEventListener('abort', () => this.#letGo())
  }

  async start(): Promise<void> {
    this.#end.check()
    this.#opening = this.#open()
    const port = await this.#opening
    this.#end.check()
    this.#port = port
    const isAnyThere = this.#poller.unitCount === 0 || (await this.#poller.findAny(START_ASKING_MAX_MS)) || !this.#poller.isNobodyThere()
    this.#end.check()
    if (this.#lost !== undefined) throw this.#lost
    if (!isAnyThere) throw this.#nobody(port)
    this.#isUp = true
    this.#watch(port)
    this.#judge()
    this.#polling = this.#poller.run().catch((error: unknown) => {
      if (!this.#end.signal.aborted) this.#context.failed(asDriverError(error))
    })
  }

  async stop(): Promise<void> {
    this.#end.end()
    const port = await this.#opening?.catch(() => undefined)
    await port?.close()
    await this.#polling
  }

  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome> {
    return this.#desk.send(target, command, options, this.#end.signal)
  }

  async #open(): Promise<BytePort> {
    const { baudRate, parity, port, stopBits } = this.#settings
    const name = parsePortName(port)
    if (name === undefined) throw new DriverError('PORT_SETTINGS', `"${port}" names no port`, { retriable: false })
    const listener: PortListener = {
      bytes: guarded(this.#context, (chunk: Uint8Array) => this.#take(chunk)),
      lost: (error) => {
        this.#lost = error
        this.#letGo()
        if (this.#isUp && !this.#end.signal.aborted) this.#context.failed(error)
      }
    }
    if (name.kind === 'tcp') {
      const refused = framingOf(this.#settings) === 'tcp' ? 'is Modbus TCP switched on, and is no other client connected' : undefined
      return openTcpPort(name.host, name.port, listener, this.#end.signal, refused)
    }
    const path = await resolvePort(name)
    this.#end.check()
    return openTtyPort(path, { baudRate, parity, stopBits, dataBits: 8, flowControl: 'none' }, listener)
  }

  #write(bytes: Uint8Array): void {
    // What cannot be written is told by the port as its loss.
    this.#port?.write(bytes).catch(() => undefined)
  }

  #take(chunk: Uint8Array): void {
    if (this.#end.signal.aborted) return
    this.#context.counters.bytesIn += chunk.length
    const wrong = this.#line.take(chunk)
    if (wrong !== '') this.#fail('LINK_PROTOCOL', `${this.#settings.port}: ${wrong}`)
  }

  #letGo(): void {
    this.#nextLook?.cancel()
    this.#line.close()
    this.#desk.close()
  }

  /** Says what is amiss, and ends a run over a link on which nothing comes any more though it was never closed. */
  #judge(): void {
    if (!this.#isUp || this.#end.signal.aborted) return
    const port = this.#port
    if (this.#line.missesInARow >= MISSES_OF_A_DEAD_LINK && port !== undefined && this.#poller.isNobodyThere()) {
      this.#poller.tellNobodyThere()
      this.#context.failed(this.#nobody(port))
      return
    }
    const amiss = this.#poller.amiss()
    const nowMs = this.#context.clock.monotonicMs()
    if (amiss !== '') this.#amissMs = nowMs
    if (amiss === this.#saidAmiss || (amiss === '' && nowMs - this.#amissMs < CALM_MS)) return
    this.#saidAmiss = amiss
    this.#context.degraded(amiss)
  }

  /** A read that meets the moment of unplugging can end without an error, so that the file system is asked. */
  #watch(port: BytePort): void {
    const look = async (): Promise<void> => {
      const present = await port.present()
      if (this.#end.signal.aborted) return
      if (present) lookLater()
      else this.#fail('LINK_LOST', `${port.opened} was unplugged`)
    }
    const lookLater = (): void => {
      this.#nextLook = this.#context.clock.setTimeout(() => {
        look().catch((error: unknown) => this.#fail('LINK_LOST', messageOf(error)))
      }, LOOK_EVERY_MS)
    }
    lookLater()
  }

  #nobody({ opened }: BytePort): DriverError {
    const check =
      framingOf(this.#settings) === 'tcp'
        ? 'is it Modbus TCP, and are the unit numbers right'
        : 'check baud rate, parity, unit numbers, and the wires A and B'
    return new DriverError('LINK_TIMEOUT', `nothing answers on ${opened}: ${check}`, { retriable: true })
  }

  #fail(code: string, message: string): void {
    if (this.#end.signal.aborted) return
    this.#lost = new DriverError(code, message, { retriable: true })
    this.#letGo()
    if (this.#isUp) this.#context.failed(this.#lost)
  }
}
