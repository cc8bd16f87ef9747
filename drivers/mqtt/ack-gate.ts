/**
 * What has been received with QoS 1 or 2 and not yet been acknowledged, in order of receipt.
 *
 * Invariants: an acknowledgement leaves only when its message, and every one received before it, is durable (so the order
 * of acknowledgements is the order of receipt, MQTT-4.6.0-2 and -3); after `drop` nothing leaves any more.
 */
export interface Unacknowledged {
  readonly packetId: number
  readonly receivedMonotonicMs: number
  durable: boolean
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
  #nowMonotonicMs = 0
  #overtakenSinceMs: number | undefined

  /** `release` gets each acknowledgement when it may leave. */
  constructor(release: (acknowledgement: Uint8Array) => void) {
    this.#release = release
  }

  /** How many messages are received and not acknowledged. */
  get size(): number {
    return this.#entries.length - this.#head
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
    const entry: Unacknowledged = { packetId, receivedMonotonicMs, durable: false, acknowledgement: undefined }
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

  /** The connection is gone: the broker will send again what was not acknowledged. */
  drop(): void {
    this.#dropped = true
    this.#entries = []
    this.#head = 0
    this.#unwritten = 0
    this.#durableWaiting = 0
    this.#overtakenSinceMs = undefined
  }

  #advance(): void {
    let entry = this.#entries[this.#head]
    while (entry?.durable && entry.acknowledgement !== undefined) {
      this.#head += 1
      this.#durableWaiting -= 1
      this.#overtakenSinceMs = undefined
      this.#release(entry.acknowledgement)
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
