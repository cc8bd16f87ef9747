import type { WebsocketSettings } from './settings.ts'

type SubscribeSettings = Pick<WebsocketSettings, 'apiKey' | 'subscribe'>

/** Texts that are sent without waiting for an answer. Sewio: RTLS Studio, WebSockets connector. */
export function plainMessages({ apiKey = '', subscribe }: SubscribeSettings): readonly string[] {
  const sewio = subscribe?.sewio ?? []
  const send = subscribe?.send ?? []
  return [
    ...sewio.map((resource) => JSON.stringify({ headers: { 'X-ApiKey': apiKey }, method: 'subscribe', resource })),
    ...send.map((text) => text.replaceAll('{apiKey}', () => JSON.stringify(apiKey).slice(1, -1)))
  ]
}

interface OmloxAnswer {
  readonly event?: unknown
  readonly topic?: unknown
  readonly code?: unknown
  readonly description?: unknown
}

/** Answers are short; what is longer is data. */
const ANSWER_CHARACTERS_MAX = 4_096

function parseAnswer(text: string): OmloxAnswer {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/**
 * Subscribes to topics of an omlox hub (v2, WebSocket API) one after the other, since an error does not say which topic it is
 * about. A hub that already sends messages of a topic has accepted it.
 */
export class OmloxSubscriber {
  readonly refused: string[] = []
  readonly #pending: { readonly topic: string; readonly text: string }[]
  readonly #count: number
  readonly #send: (text: string) => void

  constructor({ apiKey, subscribe }: SubscribeSettings, send: (text: string) => void) {
    this.#send = send
    this.#pending = (subscribe?.omlox ?? []).map(({ topic, params }) => {
      const all = apiKey === undefined ? params : { ...params, token: apiKey }
      return { topic, text: JSON.stringify({ event: 'subscribe', topic, ...(Object.keys(all).length === 0 ? {} : { params: all }) }) }
    })
    this.#count = this.#pending.length
  }

  get isDone(): boolean {
    return this.#pending.length === 0
  }

  /** Everything that was asked for was refused. */
  get isRefused(): boolean {
    return this.#count > 0 && this.refused.length === this.#count
  }

  begin(): void {
    this.#sendNext()
  }

  /** Looks at a message of the hub for the answer that is waited for. */
  see(text: string): void {
    const [current] = this.#pending
    if (current === undefined) return
    if (text.length > ANSWER_CHARACTERS_MAX) {
      if (text.includes(`"${current.topic}"`)) this.#settle()
      return
    }
    const answer = parseAnswer(text)
    if (answer.event === 'error') {
      const reason = typeof answer.description === 'string' ? answer.description : 'no reason given'
      this.refused.push(`"${current.topic}" (${reason}, ${String(answer.code)})`)
      this.#settle()
    } else if ((answer.event === 'subscribed' || answer.event === 'message') && (answer.topic ?? current.topic) === current.topic)
      this.#settle()
  }

  #settle(): void {
    this.#pending.shift()
    this.#sendNext()
  }

  #sendNext(): void {
    const [next] = this.#pending
    if (next !== undefined) this.#send(next.text)
  }
}
