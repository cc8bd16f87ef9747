import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, TimerHandle } from '../driver.ts'
import type { MessageFeed } from '../message-feed.ts'
import { type Answer, LET_GO, REFUSALS, STORED } from './answers.ts'
import type { HttpPushSettings } from './settings.ts'
import { writeAnswer } from './write-answer.ts'

/** What a push needs of the endpoint it came to. */
export interface PushHost {
  readonly settings: HttpPushSettings
  readonly clock: Clock
  readonly feed: MessageFeed
  storageFails(): boolean
  /** A callback of a socket: what it throws becomes the failure of the run. */
  guard<Args extends unknown[]>(callback: (...args: Args) => void): (...args: Args) => void
  /** Counts bytes of a body that is being received. Answers whether there is room for them. */
  hold(bytes: number): boolean
  letGo(bytes: number): void
  /** The sender went away in the middle of a body. */
  cutOff(): void
  answered(answer: Answer): void
  left(push: PushRequest): void
  /** Answers a request whose body has not been read. */
  refuse(request: IncomingMessage, response: ServerResponse, refusal: Answer, bodyIsComing: boolean): void
}

/** One push, from its head to its answer. */
export class PushRequest {
  readonly #host: PushHost
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #path: string
  #chunks: Buffer[] = []
  #bytes = 0
  #phase: 'receiving' | 'waiting' | 'answered' = 'receiving'
  #deadline: TimerHandle | undefined

  constructor(host: PushHost, request: IncomingMessage, response: ServerResponse, path: string) {
    this.#host = host
    this.#request = request
    this.#response = response
    this.#path = path
  }

  /** Reads the body and puts it into the log. */
  receive(): void {
    const { settings, clock } = this.#host
    this.#deadline = clock.setTimeout(() => this.answer(REFUSALS.timeout), settings.bodyTimeoutS * 1_000)
    this.#request.on(
      'data',
      this.#host.guard((chunk: Buffer) => this.#take(chunk))
    )
    this.#request.on(
      'end',
      this.#host.guard(() => this.#store())
    )
    this.#response.on('close', () => this.#gone())
  }

  answer(answer: Answer): void {
    if (this.#phase === 'answered') return
    const wasReceiving = this.#phase === 'receiving'
    this.#leave()
    this.#host.answered(answer)
    if (wasReceiving) this.#host.refuse(this.#request, this.#response, answer, true)
    else writeAnswer(this.#response, answer)
  }

  #take(chunk: Buffer): void {
    if (this.#phase !== 'receiving') return
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
    if (!this.#host.hold(chunk.length)) this.answer(REFUSALS.backlog)
    else if (this.#bytes > this.#host.settings.maxBodyBytes) this.answer(REFUSALS.length)
  }

  #store(): void {
    if (this.#phase !== 'receiving') return
    const body = Buffer.concat(this.#chunks, this.#bytes)
    this.#release()
    this.#phase = 'waiting'
    this.#deadline?.cancel()
    const answer = body.length === 0 ? REFUSALS.empty : this.#handOn(body)
    if (answer !== undefined) {
      this.answer(answer)
      return
    }
    const { clock, settings } = this.#host
    this.#deadline = clock.setTimeout(() => this.answer(REFUSALS.store), settings.storeTimeoutS * 1_000)
  }

  /** The answer; undefined while the log has not stored it. */
  #handOn(body: Uint8Array): Answer | undefined {
    let outcome: Answer | undefined
    let handedOn = false
    const settle = (answer: Answer) => (): void => {
      outcome = answer
      if (handedOn) this.answer(answer)
    }
    const refusal = this.#host.feed.message(
      body,
      { topic: this.#path },
      {
        onDurable: settle(STORED),
        onGivenUp: settle(LET_GO),
        // Most senders send one thing after the other: an alarm may be next.
        pressing: this.#host.storageFails()
      }
    )
    if (refusal !== undefined) return { status: 400, error: refusal.code, why: refusal.why }
    handedOn = true
    return outcome
  }

  /** The sender is gone, or has its answer. */
  #gone(): void {
    if (this.#phase === 'receiving') this.#host.cutOff()
    this.#leave()
  }

  #leave(): void {
    if (this.#phase === 'answered') return
    this.#phase = 'answered'
    this.#deadline?.cancel()
    this.#release()
    this.#host.left(this)
  }

  #release(): void {
    this.#host.letGo(this.#bytes)
    this.#bytes = 0
    this.#chunks = []
  }
}
