import { hash } from 'node:crypto'

const SEPARATOR = Buffer.of(0)

interface KnownMessage {
  readonly digest: string
  /** Connection in which it was received. */
  readonly connection: number
  durable: boolean
}

/**
 * Packet ids of QoS 2 messages that were received and whose PUBREL has not come yet (MQTT 4.3.3, method A on the
 * receiver's side). It outlives a connection as the session does, so that a PUBLISH sent again, because our PUBREC was
 * lost on the way, is not stored a second time.
 *
 * A message is taken for a repeat only when the broker marks it as one (DUP), the packet id is known, and topic and payload
 * are the same: a broker that lost its memory may give an id to another message, and storing twice (marked) is better
 * than not at all. The memory ends with the program; what is sent again after that is stored and marked as redelivered.
 */
export class ExactlyOnce {
  readonly #known = new Map<number, KnownMessage>()
  #connection = 0

  /** A connection was made. Without the old session packet ids begin anew. Answers whether there was one and it is lost. */
  connected(sessionPresent: boolean): boolean {
    const lost = this.#connection > 0 && !sessionPresent
    this.#connection += 1
    if (!sessionPresent) this.#known.clear()
    return lost
  }

  /** A QoS 2 PUBLISH came. Answers what to call when it is durable; undefined: it is stored, or being stored, already. */
  receive(packetId: number, dup: boolean, topic: string, payload: Uint8Array): (() => void) | undefined {
    // In one call: a hash object for each message costs half as much again.
    const digest = hash('sha256', Buffer.concat([Buffer.from(topic), SEPARATOR, payload]), 'base64')
    const before = this.#known.get(packetId)
    if (dup && before?.digest === digest && (before.durable || before.connection === this.#connection)) return undefined
    const message: KnownMessage = { digest, connection: this.#connection, durable: false }
    this.#known.set(packetId, message)
    return () => {
      message.durable = true
    }
  }

  /** PUBREL came: the broker has our PUBREC and may use the id again. */
  completed(packetId: number): void {
    this.#known.delete(packetId)
  }

  get size(): number {
    return this.#known.size
  }
}
