import type { RemoteInfo, Socket } from 'node:dgram'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { CommandDesk } from '../command-desk.ts'
import {
  type Command,
  type DriverContext,
  DriverError,
  type DriverRun,
  type SendOptions,
  type SendOutcome,
  type TimerHandle
} from '../driver.ts'
import { guarded, messageOf } from '../driver-errors.ts'
import { createMessageFeed, type MessageFeed } from '../message-feed.ts'
import { RateGate } from '../rate-gate.ts'
import { createRunEnd, pause, type RunEnd } from '../run-end.ts'
import { judgeStream } from '../stream-judge.ts'
import { KernelDrops } from './kernel-drops.ts'
import { type InterfaceList, Memberships } from './memberships.ts'
import { bindTarget, openSocket } from './open-socket.ts'
import { Senders } from './sender-filter.ts'
import type { UdpSettings } from './settings.ts'
import { type TagAddress, TagAddresses } from './tag-addresses.ts'

/** How often a run looks after its group, the system's drops and silence. */
const LOOK_EVERY_MS = 1_000
/** Looks between two judgements of what comes in. */
const LOOKS_PER_JUDGEMENT = 10
/** Datagrams are lost, so a command is sent again until it is answered; a tag does what it was told once. */
const REPEAT_AFTER_MS: readonly number[] = [500, 1_000, 2_000]
const REPEAT_EVERY_MS = 4_000
const JUDGED_S = (LOOK_EVERY_MS * LOOKS_PER_JUDGEMENT) / 1_000

/** One bound socket, from opening to its end. */
export class UdpRun implements DriverRun {
  readonly #settings: UdpSettings
  readonly #context: DriverContext
  readonly #feed: MessageFeed
  readonly #end: RunEnd
  readonly #desk: CommandDesk
  /** Only where the protocol carries commands. */
  readonly #tags: TagAddresses | undefined
  readonly #senders: Senders
  readonly #gate: RateGate
  readonly #memberships: Memberships | undefined
  readonly #drops: KernelDrops
  #opening: Promise<Socket> | undefined
  #socket: Socket | undefined
  #nextLook: TimerHandle | undefined
  #stopped: Promise<void> | undefined
  #lastHeardMs = 0
  #overRate = 0
  #unread = 0
  #notJoined = ''
  #before: DriverContext['counters']

  constructor(settings: UdpSettings, codec: Codec, context: DriverContext, interfaces: InterfaceList) {
    this.#settings = settings
    this.#context = context
    this.#desk = new CommandDesk(codec, context)
    this.#tags = this.#desk.hasCommands ? new TagAddresses() : undefined
    const sink = this.#tags?.before(this.#desk.sink) ?? this.#desk.sink
    this.#feed = createMessageFeed(codec, { ...context, sink }, { impliedTag: settings.tag })
    this.#end = createRunEnd(context)
    this.#senders = new Senders(settings.from)
    this.#gate = new RateGate(settings.maxRatePerS)
    const { multicast, port } = settings
    this.#memberships = multicast && new Memberships(multicast.group, multicast.interface, interfaces)
    this.#drops = new KernelDrops(bindTarget(settings), port)
    this.#before = { ...context.counters }
  }

  async start(): Promise<void> {
    this.#end.check()
    const target = bindTarget(this.#settings)
    this.#opening = openSocket(target, this.#settings)
    const socket = await this.#opening
    this.#end.check()
    socket.on('error', (error) => this.#fail('LINK_LOST', `UDP port ${this.#settings.port} failed: ${error.message}`))
    socket.on(
      'message',
      guarded(this.#context, (bytes: Uint8Array, sender: RemoteInfo) => this.#take(bytes, sender))
    )
    const missing = this.#join(socket)
    if (missing !== undefined) throw new DriverError('LINK_OPEN_FAILED', missing, { retriable: true })
    // Found now, so that drops are counted from the beginning.
    this.#count(await this.#drops.take())
    this.#end.check()
    const { log, sourceId } = this.#context
    const { receiveBufferBytes, port } = this.#settings
    log.info(
      { sourceId, port, address: target.address, wantedBytes: receiveBufferBytes, bufferBytes: socket.getRecvBufferSize() },
      'UDP port is open'
    )
    this.#lastHeardMs = this.#context.clock.monotonicMs()
    this.#socket = socket
    this.#watch(socket)
  }

  stop(): Promise<void> {
    this.#end.end()
    this.#nextLook?.cancel()
    this.#stopped ??= this.#close()
    return this.#stopped
  }

  /** `accepted` when the system has taken the first datagram; no link confirms that it came in. */
  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome> {
    const socket = this.#socket
    if (socket === undefined) return Promise.resolve({ stage: 'failed', code: 'SOURCE_DOWN', why: 'the port is not open' })
    return this.#desk.send(target, command, options, this.#end.signal, async ({ answerId, bytes }, reached, settled) => {
      for (let sent = 0; ; sent++) {
        // Looked up each time: the tag may have been heard from elsewhere meanwhile.
        await sendTo(socket, bytes, this.#addressOf(target))
        reached('accepted')
        if (answerId === undefined) return
        await pause(this.#context.clock, REPEAT_AFTER_MS[sent] ?? REPEAT_EVERY_MS, settled)
        if (settled.aborted) return
      }
    })
  }

  #addressOf(tag: string): TagAddress {
    const found = this.#tags?.addressOf(tag)
    if (found !== undefined) return found
    throw new DriverError('TAG_UNREACHABLE', `${tag} was not heard on UDP port ${this.#settings.port} yet, so its address is not known`, {
      retriable: true
    })
  }

  #take(bytes: Uint8Array, sender: RemoteInfo): void {
    if (this.#end.signal.aborted) return
    const { clock, counters } = this.#context
    const address = this.#senders.lookUp(sender.address)
    if (address === null) {
      counters.ignored++
      return
    }
    const nowMs = clock.monotonicMs()
    this.#lastHeardMs = nowMs
    if (!this.#gate.passes(nowMs)) {
      this.#overRate++
      counters.dropped++
      return
    }
    this.#tags?.comesFrom(sender)
    this.#feed.message(bytes, { address })
  }

  /** Answers why the group cannot be joined at all. */
  #join(socket: Socket): string | undefined {
    if (this.#memberships === undefined) return undefined
    const { interfaces, problems } = this.#memberships.refresh(socket)
    this.#notJoined = problems.length === 0 ? '' : `the group could not be joined on ${problems.join(', ')}`
    if (interfaces.length > 0) return undefined
    return this.#notJoined === '' ? `the group cannot be joined: ${this.#memberships.describe()}` : this.#notJoined
  }

  #watch(socket: Socket): void {
    let looks = 0
    const look = async (): Promise<void> => {
      this.#count(await this.#drops.take())
      if (this.#end.signal.aborted) return
      const missing = this.#join(socket)
      if (missing !== undefined) return this.#fail('LINK_LOST', missing)
      const silentMs = this.#context.clock.monotonicMs() - this.#lastHeardMs
      const { port, silenceLimitS } = this.#settings
      if (silenceLimitS > 0 && silentMs >= silenceLimitS * 1_000)
        return this.#fail('LINK_SILENT', `nothing has come in on UDP port ${port} for ${Math.round(silentMs / 1_000)} s`)
      if (++looks % LOOKS_PER_JUDGEMENT === 0) this.#judge()
      lookLater()
    }
    const lookLater = (): void => {
      this.#nextLook = this.#context.clock.setTimeout(() => {
        look().catch((error: unknown) => this.#fail('LINK_LOST', messageOf(error)))
      }, LOOK_EVERY_MS)
    }
    lookLater()
  }

  #count(unread: number): void {
    this.#unread += unread
    this.#context.counters.dropped += unread
  }

  #judge(): void {
    const { counters } = this.#context
    const amiss = [this.#notJoined, judgeStream(this.#before, counters, 'the protocol, and who else sends to this port')]
    if (this.#overRate > 0)
      amiss.push(`${this.#overRate} datagrams of the last ${JUDGED_S} s came faster than maxRatePerS and were dropped`)
    if (this.#unread > 0)
      amiss.push(`the system dropped ${this.#unread} datagrams in ${JUDGED_S} s because the receive buffer was full (net.core.rmem_max)`)
    this.#overRate = 0
    this.#unread = 0
    this.#before = { ...counters }
    this.#context.degraded(amiss.filter((why) => why !== '').join('; '))
  }

  #fail(code: string, message: string): void {
    if (!this.#end.signal.aborted) this.#context.failed(new DriverError(code, message, { retriable: true }))
  }

  async #close(): Promise<void> {
    const socket = await this.#opening?.catch(() => undefined)
    if (socket === undefined) return
    this.#count(await this.#drops.take())
    await new Promise<void>((resolve) => socket.close(resolve))
  }
}

function sendTo(socket: Socket, bytes: Uint8Array, { address, port }: TagAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, port, address, (error) => {
      if (error === null) resolve()
      else reject(new DriverError('LINK_LOST', `nothing can be sent to ${address}: ${error.message}`, { retriable: true, cause: error }))
    })
  })
}
