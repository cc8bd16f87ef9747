import { type Clock, DriverError, type TimerHandle } from '../driver.ts'
import { guarded, messageOf } from '../driver-errors.ts'
import { type AdapterLease, codeOf, permission } from './adapter-lease.ts'
import { eachReport, isAdvertisingEvent } from './advertising-reports.ts'
import { SCAN_ENABLE_OPCODES } from './hci-commands.ts'

/** How long a controller may take to answer; the specification has them answer within a second. */
const ANSWER_LIMIT_MS = 2_000
const COMMAND_COMPLETE = 0x0e
const COMMAND_STATUS = 0x0f
const ACL_PACKET = 0x02
const RESET_OPCODE = 0x0c03
/** Longest L2CAP packet that an attribute server sends with the MTU that noble offers. */
const ACL_HELD_MAX = 1024
const ACL_QUEUE_MAX = 256

export interface LinkEvents {
  /**
   * Another program reset the adapter or changed how it scans: ours must be started again. `forgotten`: with all that the adapter was told
   * and all its connections.
   */
  disturbed(why: string, forgotten: boolean): void
  failed(error: DriverError): void
  /** A packet that is not what it says; it is dropped. */
  malformed(): void
}

export interface CommandAnswer {
  /** 0: done. */
  readonly status: number
  /** What follows the status. */
  readonly result: Uint8Array
}

interface Waiting {
  readonly resolve: (answer: CommandAnswer) => void
  readonly limit: TimerHandle
}

/** The bytes between an adapter and noble: guards noble against what it cannot bear, and knows which command was answered. */
export class HciLink {
  readonly #lease: AdapterLease
  readonly #clock: Clock
  readonly #events: LinkEvents
  readonly #waiting = new Map<number, Waiting>()
  /** Commands go one after the other, as controllers want it. */
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(lease: AdapterLease, clock: Clock, events: LinkEvents) {
    this.#lease = lease
    this.#clock = clock
    this.#events = events
    const { _socket } = lease.hci
    _socket.on(
      'data',
      guarded(events, (packet: Buffer) => this.#take(packet))
    )
    _socket.on('error', (error: unknown) => this.#socketError(error))
  }

  get hci() {
    return this.#lease.hci
  }

  get name(): string {
    return `hci${this.#lease.index}`
  }

  isUp(): boolean {
    return this.#lease.hci._socket.isDevUp()
  }

  /** Sends a command when those before it are answered; rejects with `BLE_NO_ANSWER`, or `RUN_ENDED` when the link was closed. */
  command(opcode: number, parameters: readonly number[] = []): Promise<CommandAnswer> {
    const turn = this.#turn.then(() => this.#send(opcode, parameters))
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { limit, resolve } of this.#waiting.values()) {
      limit.cancel()
      resolve({ status: -1, result: new Uint8Array() })
    }
    this.#waiting.clear()
    this.#lease.release()
  }

  #send(opcode: number, parameters: readonly number[]): Promise<CommandAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(ended())
      const limit = this.#clock.setTimeout(() => {
        this.#waiting.delete(opcode)
        reject(
          new DriverError('BLE_NO_ANSWER', `${this.name} does not answer (command ${opcode.toString(16).padStart(4, '0')})`, {
            retriable: true
          })
        )
      }, ANSWER_LIMIT_MS)
      this.#waiting.set(opcode, {
        limit,
        resolve: (answer) => (this.#closed ? reject(ended()) : resolve(answer))
      })
      this.#lease.hci._socket.write(Buffer.from([1, opcode & 0xff, opcode >> 8, parameters.length, ...parameters]))
    })
  }

  #take(packet: Buffer): void {
    if (this.#closed) return
    if (isAdvertisingEvent(packet)) {
      if (eachReport(packet, this.#toNoble) < 0) this.#events.malformed()
      return
    }
    if (packet[0] === 4 && (packet[1] === COMMAND_COMPLETE || packet[1] === COMMAND_STATUS)) this.#answered(packet)
    else if (packet[0] === 1) this.#sawCommand(packet)
    this.#toNoble(packet)
    if (packet[0] === ACL_PACKET) this.#boundAcl(packet)
  }

  /** noble throws at packets that are cut off or senseless, also out of a strap's answer; nothing of it may leave the socket. */
  readonly #toNoble = (packet: Buffer): void => {
    try {
      this.#lease.hci.onSocketData(packet)
    } catch {
      this.#events.malformed()
    }
  }

  #answered(packet: Buffer): void {
    const complete = packet[1] === COMMAND_COMPLETE
    if (packet.length < 7) return
    const opcode = packet.readUInt16LE(complete ? 4 : 5)
    const status = packet[complete ? 6 : 3] ?? 0
    const waiting = this.#waiting.get(opcode)
    if (waiting === undefined) {
      if (opcode === RESET_OPCODE) this.#events.disturbed('another program reset the adapter', true)
      return
    }
    this.#waiting.delete(opcode)
    waiting.limit.cancel()
    waiting.resolve({ status, result: complete ? packet.subarray(7) : new Uint8Array() })
  }

  /** The kernel shows every program on a shared channel the commands of the others, not its own. */
  #sawCommand(packet: Buffer): void {
    if (packet.length < 5 || !SCAN_ENABLE_OPCODES.has(packet.readUInt16LE(1))) return
    if (packet[4] === 0) this.#events.disturbed('another program switched scanning off', false)
    else if (packet[5] === 1) this.#events.disturbed('another program scans without repeated advertisements', false)
  }

  /** noble goes on joining fragments that do not add up to what the first of them said. */
  #boundAcl(packet: Buffer): void {
    const held = this.#lease.hci._handleBuffers
    const handle = packet.length < 3 ? 0 : packet.readUInt16LE(1) & 0x0fff
    if ((held[handle]?.data.length ?? 0) > ACL_HELD_MAX) {
      delete held[handle]
      this.#events.malformed()
    }
    // Answers to a strap that an adapter does not get rid of.
    if (this.hci._aclQueue.length > ACL_QUEUE_MAX) this.hci._aclQueue = []
  }

  #socketError(error: unknown): void {
    if (this.#closed) return
    const code = codeOf(error)
    const forbidden = code === 'EPERM' || code === 'EACCES'
    // What was to be written is lost, and whoever waits for the answer would wait in vain.
    this.#events.failed(
      forbidden
        ? permission(this.#lease.index, error)
        : new DriverError('LINK_LOST', `${this.name} is down or was pulled: ${messageOf(error)}`, { retriable: true, cause: error })
    )
  }
}

function ended(): DriverError {
  return new DriverError('RUN_ENDED', 'the source was stopped', { retriable: true })
}
