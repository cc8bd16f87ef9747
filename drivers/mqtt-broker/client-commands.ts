import { topicMatcher } from './access.ts'
import { publishPacket } from './publish-packet.ts'

/** Filters of one client that are granted. */
const SUBSCRIPTIONS_MAX = 32
/** Commands of one client that may await their PUBACK; a client that confirms nothing gets no more. */
const UNCONFIRMED_MAX = 32
const LAST_ID = 65_535

interface Subscription {
  readonly matches: (topic: string) => boolean
  readonly qos: number
}

/**
 * What one client has subscribed to, and the commands that went to it. Nothing else is ever sent to clients, so packet ids are of our own.
 * A command is not sent again over the same connection (MQTT-4.4.0-1 is about new ones): whoever gave it repeats it.
 */
export class ClientCommands {
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #unconfirmed = new Map<number, (confirmed: boolean) => void>()
  #lastId = 0

  /** False: it has too many. */
  subscribe(filter: string, qos: number): boolean {
    if (!this.#subscriptions.has(filter) && this.#subscriptions.size >= SUBSCRIPTIONS_MAX) return false
    this.#subscriptions.set(filter, { matches: topicMatcher([filter]), qos })
    return true
  }

  unsubscribe(filter: string): void {
    this.#subscriptions.delete(filter)
  }

  /**
   * Hands the packet to `write` if the client wants what goes to this topic. Resolves to whether the client has confirmed it: with QoS 0
   * it never does, nor when its connection ends before. Undefined: it is not sent.
   */
  send(topic: string, payload: Uint8Array, write: (packet: Buffer) => void): Promise<boolean> | undefined {
    const qos = this.#qosFor(topic)
    if (qos === undefined || this.#unconfirmed.size >= UNCONFIRMED_MAX) return undefined
    if (qos === 0) {
      write(publishPacket(topic, payload, undefined))
      return Promise.resolve(false)
    }
    const id = this.#nextId()
    return new Promise((resolve) => {
      this.#unconfirmed.set(id, resolve)
      write(publishPacket(topic, payload, id))
    })
  }

  confirmed(id: number): void {
    this.#unconfirmed.get(id)?.(true)
    this.#unconfirmed.delete(id)
  }

  /** The connection is over. */
  end(): void {
    for (const resolve of this.#unconfirmed.values()) resolve(false)
    this.#unconfirmed.clear()
    this.#subscriptions.clear()
  }

  #qosFor(topic: string): number | undefined {
    let best: number | undefined
    for (const { matches, qos } of this.#subscriptions.values()) if (matches(topic)) best = Math.max(best ?? 0, qos)
    return best
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % LAST_ID) + 1
    while (this.#unconfirmed.has(this.#lastId))
    return this.#lastId
  }
}
