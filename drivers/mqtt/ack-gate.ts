/**
 * What has been received with QoS 1 or 2 and not yet been acknowledged, in order of receipt.
 *
 * Invariants: an acknowledgement leaves only when its message, and every one received before it, is durable (so the order
 * of acknowledgements is the order of receipt, MQTT-4.6.0-2 and -3), or when its message is settled out of turn; after `drop`
 * nothing leaves any more.
 */
export interface Unacknowledged {
  readonly packetId: number
  readonly receivedMonotonicMs: number
  durable: boolean
  /** Its acknowledgement leaves as soon as the client has written it, whatever came before. */
  outOfTurn: boolean
  acknowledgement: Uint8Array | undefined
}

/** The client acknowledged something else than what it handed on: a defect; nothing may be acknowledged after it. */
export class AckOrderError extends Error {
  constructor(expected: number | undefined, got: number) {
    super(`acknowledgement of packet ${got} where ${expected === undefined ? 'none' : `that of packet ${expected}`} was due`)
    this.name = 'AckOrderError'
  }
}

const COMPACT_AT = 4096

export class AckGate {
  readonly #release: (acknowledgement: Uint8Array) => void
  #entries: Unacknowledged[] = []
  /** Index of the oldest entry, and of the first whose acknowledgement the client has not written yet. */
  #head = 0
  #unwritten = 0
  #dropped = false
  /** Entries that are durable and still here. */
  #durableWaiting = 0
  /** Entries behind the oldest whose acknowledgements have left before it. */
  #leftEarly = 0
  #nowMonotonicMs = 0
  #overtakenSinceMs: number | undefined

  /** `release` gets each acknowledgement when it may leave. */
  constructor(release: (acknowledgement: Uint8Array) => void) {
    this.#release = release
  }

  /** How many messages are received and not acknowledged. */
  get size(): number {
    return this.#entries.length - this.#head - this.#leftEarly
  }

  get oldest(): Unacknowledged | undefined {
    return this.#entries[this.#head]
  }

  /**
   * Since when a message that came later has been durable while the oldest is not. The log commits a lane in order, so
   * this passes within a moment, or the log has given the oldest up.
   */
  get overtakenSinceMs(): number | undefined {
    return this.#overtakenSinceMs
  }

  /** A message has been received; its acknowledgement is due after those of all received before. */
  expect(packetId: number, receivedMonotonicMs: number): Unacknowledged {
    const entry: Unacknowledged = { packetId, receivedMonotonicMs, durable: false, outOfTurn: false, acknowledgement: undefined }
    if (!this.#dropped) this.#entries.push(entry)
    return entry
  }

  /** The client has written the next acknowledgement. Throws AckOrderError. */
  hold(packetId: number, acknowledgement: Uint8Array): void {
    if (this.#dropped) return
    const entry = this.#entries[this.#unwritten]
    if (entry?.packetId !== packetId) throw new AckOrderError(entry?.packetId, packetId)
    entry.acknowledgement = acknowledgement
    this.#unwritten += 1
    if (entry.outOfTurn) this.#leaveEarly(entry)
    this.#advance()
  }

  /** The log has committed what the message said. */
  confirm(entry: Unacknowledged, nowMonotonicMs: number): void {
    if (entry.durable || this.#dropped) return
    entry.durable = true
    this.#durableWaiting += 1
    this.#nowMonotonicMs = nowMonotonicMs
    this.#advance()
  }

  /**
   * Nothing more will become of the message, and while the storage fails those before it may wait for long: its acknowledgement
   * does not wait for theirs, so that the broker goes on sending.
   */
  settle(entry: Unacknowledged, nowMonotonicMs: number): void {
    if (entry.durable || this.#dropped) return
    entry.durable = true
    entry.outOfTurn = true
    this.#nowMonotonicMs = nowMonotonicMs
    if (entry.acknowledgement === undefined) return
    this.#leaveEarly(entry)
    this.#advance()
  }

  /** The connection is gone: the broker will send again what was not acknowledged. */
  drop(): void {
    this.#dropped = true
    this.#entries = []
    this.#head = 0
    this.#unwritten = 0
    this.#durableWaiting = 0
    this.#leftEarly = 0
    this.#overtakenSinceMs = undefined
  }

  #leaveEarly({ acknowledgement }: Unacknowledged): void {
    if (acknowledgement === undefined) return
    this.#leftEarly += 1
    this.#release(acknowledgement)
    // The oldest may wait for hours while others pass it.
    if (this.#leftEarly >= COMPACT_AT) this.#forgetThoseThatLeft()
  }

  #forgetThoseThatLeft(): void {
    const stays = ({ outOfTurn, acknowledgement }: Unacknowledged): boolean => !outOfTurn || acknowledgement === undefined
    const written = this.#entries.slice(this.#head, this.#unwritten).filter(stays)
    this.#entries = [...written, ...this.#entries.slice(this.#unwritten)]
    this.#unwritten = written.length
    this.#head = 0
    this.#leftEarly = 0
  }

  #advance(): void {
    let entry = this.#entries[this.#head]
    while (entry?.durable && entry.acknowledgement !== undefined) {
      this.#head += 1
      this.#overtakenSinceMs = undefined
      if (entry.outOfTurn) this.#leftEarly -= 1
      else {
        this.#durableWaiting -= 1
        this.#release(entry.acknowledgement)
      }
      entry = this.#entries[this.#head]
    }
    if (entry?.durable === false && this.#durableWaiting > 0) this.#overtakenSinceMs ??= this.#nowMonotonicMs
    if (this.#head === this.#entries.length || this.#head >= COMPACT_AT) {
      this.#entries.splice(0, this.#head)
      this.#unwritten -= this.#head
      this.#head = 0
    }
  }
}
