import type { Codec } from '../../firmware-protocols/codec.ts'
import type { BytePort, PortListener } from '../byte-port/byte-port.ts'
import { parsePortName, portClaim } from '../byte-port/port-name.ts'
import { resolvePort } from '../byte-port/resolve-port.ts'
import { openTcpPort } from '../byte-port/tcp-port.ts'
import { openTtyPort } from '../byte-port/tty-port.ts'
import { createStreamFeed, type StreamFeed } from '../codec-feed.ts'
import { CommandDesk } from '../command-desk.ts'
import {
  type Command,
  type Driver,
  type DriverContext,
  DriverError,
  type DriverRun,
  type SendOptions,
  type SendOutcome,
  type TimerHandle
} from '../driver.ts'
import { guarded, messageOf } from '../driver-errors.ts'
import { createRunEnd, type RunEnd } from '../run-end.ts'
import { judgeStream } from '../stream-judge.ts'
import { startOutput } from './on-open.ts'
import { Poller, type PollPlan, pollPlan } from './poller.ts'
import { type SerialSettings, serialSettingsSchema } from './settings.ts'

/** How often a run looks whether its device is still there and whether the line has gone silent. */
const LOOK_EVERY_MS = 1_000
/** Looks between two judgements of what comes in. */
const LOOKS_PER_JUDGEMENT = 10

/** Any serial port, and serial device servers over TCP. Carries the protocols that travel on byte streams. */
export const serialDriver: Driver<SerialSettings> = {
  kind: 'serial',
  title: 'Serial port or serial device server',
  carries: ['serial'],
  settings: serialSettingsSchema,
  exclusiveClaims: ({ port }) => [portClaim(port, 'name another port, or remove one of the two sources (or set `enabled: false` in it)')],
  createRun(settings, codec, context) {
    if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'a serial source needs a protocol', { retriable: false })
    return new SerialRun(settings, codec, context)
  }
}

class SerialRun implements DriverRun {
  readonly #settings: SerialSettings
  readonly #context: DriverContext
  readonly #feed: StreamFeed
  readonly #end: RunEnd
  readonly #desk: CommandDesk
  readonly #plan: PollPlan | undefined
  #opening: Promise<BytePort> | undefined
  #port: BytePort | undefined
  /** The last write: they must not run into each other. */
  #writing: Promise<void> = Promise.resolve()
  #lastHeardMs: number | undefined
  #poller: Poller | undefined
  /** What is amiss: by the bytes that come in, and by the requests. */
  #garbled = ''
  #unanswered = ''
  #nextLook: TimerHandle | undefined
  #stopped: Promise<void> | undefined

  constructor(settings: SerialSettings, codec: Codec, context: DriverContext) {
    this.#settings = settings
    this.#context = context
    this.#desk = new CommandDesk(codec, context)
    this.#plan = pollPlan(settings.poll, codec.poll, codec.protocol)
    this.#feed = createStreamFeed(codec, { ...context, sink: this.#desk.sink }, { impliedTag: settings.tag })
    this.#end = createRunEnd(context)
  }

  async start(): Promise<void> {
    this.#end.check()
    this.#opening = this.#open()
    const port = await this.#opening
    this.#end.check()
    this.#context.log.info({ sourceId: this.#context.sourceId, port: port.opened }, 'serial port is open')
    this.#port = port
    this.#watch(port)
    this.#startOutput(port)
    this.#startPolling(port)
  }

  stop(): Promise<void> {
    this.#end.end()
    this.#nextLook?.cancel()
    this.#stopped ??= this.#close()
    return this.#stopped
  }

  /** `accepted` when the bytes are handed to the line; it confirms nothing by itself. */
  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome> {
    const port = this.#port
    if (port === undefined) return Promise.resolve({ stage: 'failed', code: 'SOURCE_DOWN', why: 'the port is not open' })
    return this.#desk.send(target, command, options, this.#end.signal, async ({ bytes }, reached) => {
      await this.#write(port, bytes)
      reached('accepted')
    })
  }

  #write(port: BytePort, bytes: Uint8Array): Promise<void> {
    const written = this.#writing.then(() => port.write(bytes))
    this.#writing = written.catch(() => undefined)
    return written
  }

  async #open(): Promise<BytePort> {
    const name = parsePortName(this.#settings.port)
    if (name === undefined) throw new DriverError('PORT_SETTINGS', `"${this.#settings.port}" names no port`, { retriable: false })
    const listener: PortListener = {
      bytes: guarded(this.#context, (chunk: Uint8Array) => this.#take(chunk)),
      lost: (error) => {
        if (!this.#end.signal.aborted) this.#context.failed(error)
      }
    }
    if (name.kind === 'tcp') return openTcpPort(name.host, name.port, listener, this.#end.signal)
    const path = await resolvePort(name)
    this.#end.check()
    return openTtyPort(path, this.#settings, listener)
  }

  #take(chunk: Uint8Array): void {
    if (this.#end.signal.aborted) return
    this.#lastHeardMs = this.#context.clock.monotonicMs()
    this.#feed.bytes(chunk)
    this.#poller?.heard()
  }

  /**
   * Asks the file system whether the device is still there: a read that meets the moment of unplugging can end without an
   * error (the binding reads on for ever), so reading alone does not tell.
   */
  #watch(port: BytePort): void {
    const { clock, counters } = this.#context
    const openedMs = clock.monotonicMs()
    const silenceLimitMs = this.#settings.silenceLimitS * 1000
    let before = { ...counters }
    let looks = 0
    const look = async (): Promise<void> => {
      const present = await port.present()
      if (this.#end.signal.aborted) return
      if (!present) return this.#fail('LINK_LOST', `${port.opened} was unplugged`)
      const silentMs = clock.monotonicMs() - (this.#lastHeardMs ?? openedMs)
      if (silenceLimitMs > 0 && silentMs >= silenceLimitMs)
        return this.#fail('LINK_SILENT', `nothing has come in on ${port.opened} for ${Math.round(silentMs / 1000)} s`)
      if (++looks % LOOKS_PER_JUDGEMENT === 0) {
        this.#garbled = judgeStream(before, counters)
        this.#tellAmiss()
        before = { ...counters }
      }
      lookLater()
    }
    const lookLater = (): void => {
      this.#nextLook = clock.setTimeout(() => {
        look().catch((error: unknown) => this.#fail('LINK_LOST', messageOf(error)))
      }, LOOK_EVERY_MS)
    }
    lookLater()
  }

  #startOutput(port: BytePort): void {
    const { onOpen } = this.#settings
    if (onOpen === undefined) return
    const { clock, log, sourceId } = this.#context
    const heard = (): boolean => this.#lastHeardMs !== undefined
    startOutput(onOpen, { write: (bytes) => this.#write(port, bytes), heard }, clock, this.#end.signal).then(
      (sent) => log.info({ sourceId, sent }, sent ? 'the device was silent and was told to start' : 'the device talks by itself'),
      (error: unknown) => this.#fail('LINK_LOST', `writing to ${port.opened} failed: ${messageOf(error)}`)
    )
  }

  #startPolling(port: BytePort): void {
    if (this.#plan === undefined) return
    this.#poller = new Poller(this.#plan, {
      clock: this.#context.clock,
      write: (bytes) => this.#write(port, bytes),
      amiss: (why) => {
        this.#unanswered = why
        this.#tellAmiss()
      }
    })
    this.#poller
      .run(this.#end.signal)
      .catch((error: unknown) => this.#fail('LINK_LOST', `writing to ${port.opened} failed: ${messageOf(error)}`))
  }

  #tellAmiss(): void {
    this.#context.degraded([this.#garbled, this.#unanswered].filter((why) => why !== '').join('; '))
  }

  #fail(code: string, message: string): void {
    if (!this.#end.signal.aborted) this.#context.failed(new DriverError(code, message, { retriable: true }))
  }

  async #close(): Promise<void> {
    const port = await this.#opening?.catch(() => undefined)
    await port?.close()
    this.#feed.reset()
  }
}
