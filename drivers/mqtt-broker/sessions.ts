import { ExactlyOnce } from '../mqtt/exactly-once.ts'

/** Clients of which something is remembered; beyond it the one that was away longest is forgotten. */
const REMEMBERED_MAX = 4_096

/**
 * What outlives a connection: the QoS 2 messages of a client that keeps its session (MQTT 4.3.3). Subscriptions do not, since nothing is
 * forwarded. Forgetting costs no message: what is sent again is stored again, marked as redelivered.
 */
export class Sessions {
  readonly #byClient = new Map<string, ExactlyOnce>()

  /** A client was let in. `clean`: it begins anew. */
  connected(clientId: string, clean: boolean): ExactlyOnce {
    const known = this.#byClient.get(clientId)
    this.#byClient.delete(clientId)
    const session = clean ? undefined : known
    const exactlyOnce = session ?? new ExactlyOnce()
    exactlyOnce.connected(session !== undefined)
    if (clean) return exactlyOnce
    this.#byClient.set(clientId, exactlyOnce)
    const [oldest] = this.#byClient.keys()
    if (this.#byClient.size > REMEMBERED_MAX && oldest !== undefined) this.#byClient.delete(oldest)
    return exactlyOnce
  }

  get size(): number {
    return this.#byClient.size
  }
}
