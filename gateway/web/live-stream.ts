import type { ServerResponse } from 'node:http'
import type { Clock, TimerHandle } from '../../drivers/driver.ts'
import type { GatewayView } from '../state/gateway-view.ts'
import { StateDiffer } from './state-change.ts'

export interface LiveStreamOptions {
  readonly view: GatewayView
  readonly clock: Clock
  readonly maxClients: number
  /**
   * A client that has this much unread, the whole state at its joining aside, is dropped: it joins again, and nothing piles up here.
   */
  readonly maxUnreadBytes: number
}

const TICK_MS = 1000
/** Alarms told at once within one tick; more come with the tick, so a flood cannot flood the pages. */
const ALARMS_PER_TICK = 20

/**
 * Server-sent events to all pages: `state` (whole) on joining, then `change` once a second, which is also the heartbeat, and
 * `alarm` at once. The difference is worked out once, however many look. Nobody looks: nothing runs.
 */
export class LiveStream {
  readonly #options: LiveStreamOptions
  /** Each with the bytes of the whole state while they are unread: a site with many tags and a slow line must not end in joining for ever. */
  readonly #clients = new Map<ServerResponse, number>()
  #differ = new StateDiffer()
  #timer: TimerHandle | undefined
  #unsubscribe: (() => void) | undefined
  #alarmsLeft = ALARMS_PER_TICK
  #dropped = 0

  constructor(options: LiveStreamOptions) {
    this.#options = options
  }

  get clients(): number {
    return this.#clients.size
  }

  /** Clients dropped because they did not read. */
  get dropped(): number {
    return this.#dropped
  }

  get full(): boolean {
    return this.#clients.size >= this.#options.maxClients
  }

  /** Takes over a response whose headers have not been sent. */
  join(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    if (this.#clients.size === 0) this.#start()
    const state = `retry: 1000\n\nevent: state\ndata: ${this.#differ.fullText()}\n\n`
    this.#clients.set(response, Buffer.byteLength(state))
    response.on('close', () => this.#leave(response))
    response.on('error', () => this.#leave(response))
    response.write(state, () => {
      if (this.#clients.has(response)) this.#clients.set(response, 0)
    })
  }

  close(): void {
    for (const client of this.#clients.keys()) client.end()
    this.#clients.clear()
    this.#stop()
  }

  #start(): void {
    const { view } = this.#options
    this.#differ = new StateDiffer()
    this.#differ.update(view.snapshot())
    this.#unsubscribe = view.subscribe((alarm) => {
      if (this.#alarmsLeft === 0) return
      this.#alarmsLeft--
      this.#send('alarm', JSON.stringify(alarm))
    })
    this.#schedule()
  }

  #schedule(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#schedule()
      this.#alarmsLeft = ALARMS_PER_TICK
      this.#send('change', this.#differ.update(this.#options.view.snapshot()))
    }, TICK_MS)
  }

  #stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }

  #leave(client: ServerResponse): void {
    if (this.#clients.delete(client) && this.#clients.size === 0) this.#stop()
  }

  #send(event: string, data: string): void {
    const text = `event: ${event}\ndata: ${data}\n\n`
    for (const [client, stateBytes] of this.#clients) {
      if (client.writableLength <= this.#options.maxUnreadBytes + stateBytes) {
        client.write(text)
        continue
      }
      this.#dropped++
      client.destroy()
      this.#leave(client)
    }
  }
}
