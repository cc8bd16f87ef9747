import type { MqttClient } from 'mqtt'
import { DriverError, type TimerHandle } from '../driver.ts'
import { watchCommits } from './commit-watch.ts'
import type { HeldAckStream } from './held-ack-stream.ts'
import type { MqttRunParts } from './mqtt-run-parts.ts'

const WATCH_INTERVAL_MS = 1_000

/** Looks after a connection that is up, once a second: whether the log still confirms, and that a pause in reading does not end it. */
export class RunWatch {
  readonly #parts: MqttRunParts
  readonly #fail: (error: DriverError) => void
  #timer: TimerHandle | undefined
  #over = false
  #refusedTopics = ''
  #saidDegraded = ''
  #pausedSinceMs: number | undefined
  #lastPingMs = 0
  #storageFailedMs = Number.NEGATIVE_INFINITY
  #deafSinceMs: number | undefined

  constructor(parts: MqttRunParts, fail: (error: DriverError) => void) {
    this.#parts = parts
    this.#fail = fail
  }

  /** `refusedTopics`: in words what the broker did not grant; empty: all was. */
  start(client: MqttClient, stream: HeldAckStream, refusedTopics: string): void {
    this.#refusedTopics = refusedTopics
    this.#tick(client, stream)
  }

  stop(): void {
    this.#over = true
    this.#timer?.cancel()
  }

  /** Reading from the link stopped because too much waits for the log, or goes on again. */
  paused(paused: boolean): void {
    this.#pausedSinceMs = paused ? this.#parts.context.clock.monotonicMs() : undefined
  }

  #tick(client: MqttClient, stream: HeldAckStream): void {
    if (this.#over) return
    const { context, settings } = this.#parts
    const { clock, storageFails } = context
    const nowMs = clock.monotonicMs()
    if (storageFails?.() === true) this.#storageFailedMs = nowMs
    this.#deafSinceMs = stream.gate.size < settings.receiveMaximum ? undefined : (this.#deafSinceMs ?? nowMs)
    const finding = watchCommits(stream.gate, nowMs, { storageFailedMs: this.#storageFailedMs, deafSinceMs: this.#deafSinceMs })
    if (finding.kind === 'lost') {
      this.#fail(new DriverError('LOG_NOT_CONFIRMING', finding.why, { retriable: true }))
      return
    }
    this.#sayDegraded([this.#refusedTopics, finding.why].filter((why) => why !== '').join('; '))
    this.#keepAliveWhilePaused(client)
    this.#timer = clock.setTimeout(() => this.#tick(client, stream), WATCH_INTERVAL_MS)
  }

  #sayDegraded(why: string): void {
    if (why === this.#saidDegraded) return
    this.#saidDegraded = why
    this.#parts.context.degraded(why)
  }

  /** While nothing is read, PINGRESP is not seen either: the client must not take that for a dead link. */
  #keepAliveWhilePaused(client: MqttClient): void {
    if (this.#pausedSinceMs === undefined) return
    const { context, settings } = this.#parts
    const nowMs = context.clock.monotonicMs()
    client.reschedulePing(true)
    if (nowMs - Math.max(this.#lastPingMs, this.#pausedSinceMs) < (settings.keepaliveS * 1000) / 2) return
    this.#lastPingMs = nowMs
    client.sendPing()
  }
}
