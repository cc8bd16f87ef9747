import type { Codec, DecoderMemory } from '../../firmware-protocols/codec.ts'
import type {
  Clock,
  Command,
  Delivery,
  Driver,
  DriverError,
  FrameCounters,
  Logger,
  SendOptions,
  SendOutcome,
  TimerHandle
} from '../driver.ts'
import { asDriverError } from '../driver-errors.ts'
import type { LinkTap } from '../link-tap.ts'
import { Recorder } from '../recording/recorder.ts'
import { type BackoffPolicy, backoffDelays } from './backoff.ts'
import { needsRestart, type ResolvedSource, resolveSource, type SourceConfig } from './source-config.ts'
import {
  decide,
  type Health,
  healthOf,
  INITIAL_SOURCE_STATE,
  type SourceEffect,
  type SourceEvent,
  type SourceFailure
} from './source-machine.ts'
import { openRun, type RunLimits, type SupervisedRun } from './supervised-run.ts'

export interface SupervisionPolicy extends RunLimits {
  readonly backoff: BackoffPolicy
  /** A run that lasted this long starts the back-off from the beginning. */
  readonly stableMs: number
}

export interface HealthChange {
  readonly sourceId: string
  readonly driver: string
  readonly from: Health
  readonly to: Health
  /** Epoch and monotonic milliseconds of the change. */
  readonly at: number
  readonly monotonicMs: number
  /** How long `from` had lasted. */
  readonly heldMs: number
  /** Failures since the source last ran for a stable time. */
  readonly attempts: number
  /** Why it is down. */
  readonly failure?: SourceFailure
  /** Why it is degraded. */
  readonly amiss?: string
}

export interface SourceStatus {
  readonly id: string
  readonly driver: string
  readonly protocol: string | undefined
  readonly namespace: string | undefined
  readonly health: Health
  /** Epoch milliseconds since when it has this health. */
  readonly since: number
  /** The newest failure since the configuration was changed, also when the source has recovered from it. */
  readonly lastError: (SourceFailure & { readonly at: number }) | undefined
  /** Why it is degraded now; empty: it is not. */
  readonly amiss: string
  readonly attempts: number
  /** Milliseconds to the next attempt; null: none is planned. */
  readonly nextAttemptInMs: number | null
  readonly counters: Readonly<FrameCounters>
  /** Epoch milliseconds of the newest delivery; null: none yet. */
  readonly lastDataAt: number | null
}

/** What sources are made of. */
export interface SourceParts {
  readonly drivers: readonly Driver<unknown>[]
  readonly findCodec: (protocol: string) => Codec | undefined
}

export interface SourceEnvironment extends SourceParts {
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly policy: SupervisionPolicy
  /** Told to drivers that name themselves to the other side. */
  readonly gatewayId?: string | undefined
  /** Told to drivers whose senders wait for the log. */
  readonly storageFails?: (() => boolean) | undefined
  /** What the decoders of a source remember over restarts; absent: nothing. */
  readonly memoryOf?: ((sourceId: string) => DecoderMemory | undefined) | undefined
  /** Where recordings go; absent: nothing is recorded. */
  readonly recordingsDir?: string | undefined
  readonly onDelivery: (sourceId: string, delivery: Delivery) => void
  readonly onHealth: (sourceId: string, change: HealthChange) => void
}

const zeroCounters = (): FrameCounters => ({
  bytesIn: 0,
  frames: 0,
  readings: 0,
  ignored: 0,
  incomplete: 0,
  errors: 0,
  discardedBytes: 0,
  dropped: 0
})

/** The same configuration means another driver or codec: an extension was loaded, changed or removed. */
function isMadeOtherwise({ driver, protocol }: SourceConfig, before: SourceParts, after: SourceParts): boolean {
  if (before.drivers === after.drivers && before.findCodec === after.findCodec) return false
  const driverIn = ({ drivers }: SourceParts) => drivers.find(({ kind }) => kind === driver)
  return driverIn(before) !== driverIn(after) || (protocol !== undefined && before.findCodec(protocol) !== after.findCodec(protocol))
}

/** Does what the source machine decides, for one source. */
export class SupervisedSource {
  #env: SourceEnvironment
  readonly #counters = zeroCounters()
  readonly #queue: SourceEvent[] = []
  #config: SourceConfig
  #resolved: ResolvedSource | undefined
  #state = INITIAL_SOURCE_STATE
  #working = false
  #run: SupervisedRun | undefined
  #delays: Generator<number, never, void>
  #retry: { readonly timer: TimerHandle; readonly dueMs: number } | undefined
  #stability: TimerHandle | undefined
  #since: { readonly at: number; readonly monotonicMs: number }
  #lastFailureAt = 0
  #lastDataAt: number | null = null
  readonly #whenOff: (() => void)[] = []
  #recorder: Recorder | undefined

  constructor(config: SourceConfig, env: SourceEnvironment) {
    this.#env = env
    this.#config = config
    this.#delays = backoffDelays(env.policy.backoff, env.random)
    this.#since = { at: env.clock.wallMs(), monotonicMs: env.clock.monotonicMs() }
  }

  /** Puts the first configuration into effect. */
  begin(): void {
    this.#dispatch({ kind: 'configure', enabled: this.#config.enabled })
  }

  /** Takes over a configuration; a new run is opened only if it must be. `parts`: in place of those that there were. */
  configure(config: SourceConfig, parts: SourceParts = this.#env): void {
    const restart = needsRestart(this.#config, config) || isMadeOtherwise(config, this.#env, parts)
    this.#config = config
    this.#env = { ...this.#env, drivers: parts.drivers, findCodec: parts.findCodec }
    if (!restart) return
    this.#resolved = undefined
    this.#endRecording()
    this.#dispatch({ kind: 'configure', enabled: config.enabled })
  }

  /** Resolves when no run is left, after the stop limit at the latest. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#whenOff.push(resolve)
      this.#dispatch({ kind: 'configure', enabled: false })
    })
    await this.#recorder?.close()
  }

  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome> {
    if (this.#state.phase === 'running' && this.#run !== undefined) return this.#run.send(target, command, options)
    return Promise.resolve({ stage: 'failed', code: 'SOURCE_DOWN', why: `source "${this.#config.id}" is not up` })
  }

  status(): SourceStatus {
    const { lastFailure } = this.#state
    return {
      id: this.#config.id,
      driver: this.#config.driver,
      protocol: this.#config.protocol,
      namespace: this.#config.namespace,
      health: healthOf(this.#state),
      since: this.#since.at,
      lastError: lastFailure === undefined ? undefined : { ...lastFailure, at: this.#lastFailureAt },
      amiss: this.#state.amiss,
      attempts: this.#state.failures,
      nextAttemptInMs: this.#retry === undefined ? null : Math.max(0, this.#retry.dueMs - this.#env.clock.monotonicMs()),
      counters: { ...this.#counters },
      lastDataAt: this.#lastDataAt
    }
  }

  /** Events that arise while effects are performed wait their turn. */
  #dispatch(event: SourceEvent): void {
    this.#queue.push(event)
    if (this.#working) return
    this.#working = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next)
    } finally {
      this.#working = false
    }
    if (this.#state.phase === 'off') for (const resolve of this.#whenOff.splice(0)) resolve()
  }

  #step(event: SourceEvent): void {
    const before = healthOf(this.#state)
    const { state, effects } = decide(this.#state, event)
    if (state.lastFailure !== this.#state.lastFailure) this.#lastFailureAt = this.#env.clock.wallMs()
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    const after = healthOf(state)
    if (after !== before) this.#reportHealth(before, after)
  }

  #perform(effect: SourceEffect): void {
    switch (effect.kind) {
      case 'open':
        this.#open(effect.run)
        break
      case 'close':
        this.#stability?.cancel()
        if (this.#run === undefined) this.#dispatch({ kind: 'closed', run: effect.run })
        else this.#run.close()
        break
      case 'watch-stability':
        this.#stability = this.#env.clock.setTimeout(() => this.#dispatch({ kind: 'stable', run: effect.run }), this.#env.policy.stableMs)
        break
      case 'wait':
        this.#wait()
        break
      case 'cancel-wait':
        this.#retry?.timer.cancel()
        this.#retry = undefined
        break
      case 'reset-backoff':
        this.#delays = backoffDelays(this.#env.policy.backoff, this.#env.random)
        break
    }
  }

  #open(run: number): void {
    const { clock, log, policy } = this.#env
    this.#run = undefined
    try {
      this.#resolved ??= resolveSource(this.#config, this.#env.drivers, this.#env.findCodec, this.#env.memoryOf?.(this.#config.id))
      this.#run = openRun(
        {
          sourceId: this.#config.id,
          ...this.#resolved,
          clock,
          log,
          counters: this.#counters,
          limits: policy,
          gatewayId: this.#env.gatewayId,
          storageFails: this.#env.storageFails,
          tap: this.#tap()
        },
        {
          started: () => this.#dispatch({ kind: 'started', run }),
          failed: (error) => this.#fail(run, error),
          degraded: (why) => this.#dispatch({ kind: 'degraded', run, why }),
          delivered: (delivery) => {
            this.#lastDataAt = delivery.receivedAt
            this.#env.onDelivery(this.#config.id, delivery)
          },
          closed: () => this.#dispatch({ kind: 'closed', run })
        }
      )
    } catch (error) {
      this.#fail(run, asDriverError(error))
    }
  }

  /** One recording for all runs until the configuration changes: a link that is lost and found again is part of it. */
  #tap(): LinkTap | undefined {
    const { driver, id, protocol, record } = this.#config
    const { clock, log, recordingsDir } = this.#env
    if (record === undefined || recordingsDir === undefined || protocol === undefined) return undefined
    this.#recorder ??= new Recorder({
      directory: recordingsDir,
      header: { source: id, driver, protocol },
      maxBytes: record.maxBytes,
      clock,
      log
    })
    return this.#recorder
  }

  #endRecording(): void {
    const recorder = this.#recorder
    this.#recorder = undefined
    recorder?.close().catch((error: unknown) => {
      this.#env.log.warn({ sourceId: this.#config.id, error: String(error) }, 'the recording could not be ended well')
    })
  }

  #fail(run: number, { code, message, retriable }: DriverError): void {
    this.#dispatch({ kind: 'failed', run, failure: { code, message, retriable } })
  }

  #wait(): void {
    const { clock } = this.#env
    const delayMs = this.#delays.next().value
    const timer = clock.setTimeout(() => {
      this.#retry = undefined
      this.#dispatch({ kind: 'retry-due' })
    }, delayMs)
    this.#retry = { timer, dueMs: clock.monotonicMs() + delayMs }
  }

  #reportHealth(from: Health, to: Health): void {
    const { clock, log } = this.#env
    const { amiss, failures, lastFailure } = this.#state
    const at = clock.wallMs()
    const monotonicMs = clock.monotonicMs()
    const change: HealthChange = {
      sourceId: this.#config.id,
      driver: this.#config.driver,
      from,
      to,
      at,
      monotonicMs,
      heldMs: monotonicMs - this.#since.monotonicMs,
      attempts: failures,
      ...(to === 'down' && lastFailure !== undefined ? { failure: lastFailure } : {}),
      ...(to === 'degraded' ? { amiss } : {})
    }
    this.#since = { at, monotonicMs }
    const { sourceId } = change
    if (to === 'down') log.warn({ sourceId, ...lastFailure }, 'source is down')
    else if (to === 'degraded') log.warn({ sourceId, amiss }, 'source is degraded')
    else log.info({ sourceId, from, to }, 'source changed its health')
    try {
      this.#env.onHealth(sourceId, change)
    } catch (error) {
      log.error({ sourceId, error: String(error) }, 'a change of health could not be told')
    }
  }
}
