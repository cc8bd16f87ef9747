/**
 * Keeps sources running. Drivers declare what failed and whether trying again can help; everything else is decided here,
 * once for all of them: when to try again, when to give up waiting, what is `up` and what is `down`.
 */
import type { Command, SendOptions, SendOutcome } from '../driver.ts'
import { DriverError } from '../driver.ts'
import type { SourceConfig } from './source-config.ts'
import {
  type SourceEnvironment,
  type SourceParts,
  type SourceStatus,
  SupervisedSource,
  type SupervisionPolicy
} from './supervised-source.ts'

export const SUPERVISION_POLICY: SupervisionPolicy = {
  startLimitMs: 30_000,
  stopLimitMs: 5_000,
  stableMs: 60_000,
  // The cap is low: while a source waits, people on the site are not seen, and an attempt costs next to nothing.
  backoff: { firstMs: 500, factor: 2, capMs: 10_000, jitter: 0.5 }
}

export interface SupervisorOptions extends Omit<SourceEnvironment, 'policy'> {
  readonly policy?: SupervisionPolicy
}

export interface Supervisor {
  /**
   * Makes the running sources those given: new ones are started, missing ones stopped, changed ones restarted; the others
   * are not touched. Throws `SOURCE_DUPLICATE`, before anything is changed, when two have one id. `parts`: drivers and codecs from now on;
   * sources that use one that is another now are restarted.
   */
  apply(sources: readonly SourceConfig[], parts?: SourceParts): void
  /** In the order in which they are configured. */
  statuses(): SourceStatus[]
  /** Never rejects; settles within `options.timeoutMs`. */
  send(sourceId: string, target: string, command: Command, options: SendOptions): Promise<SendOutcome>
  /** Resolves when every run is stopped, after the stop limit at the latest. */
  close(): Promise<void>
}

export function createSupervisor({ policy = SUPERVISION_POLICY, ...environment }: SupervisorOptions): Supervisor {
  let env: SourceEnvironment = { ...environment, policy }
  let sources = new Map<string, SupervisedSource>()
  const ending = new Set<Promise<void>>()
  let closed = false

  const end = (source: SupervisedSource): void => {
    const ended = source.end().finally(() => ending.delete(ended))
    ending.add(ended)
  }

  return {
    apply(configs, parts) {
      if (closed) return
      const wanted = new Map(configs.map((config) => [config.id, config]))
      if (wanted.size !== configs.length) throw new DriverError('SOURCE_DUPLICATE', 'two sources have the same id', { retriable: false })
      if (parts !== undefined) env = { ...env, drivers: parts.drivers, findCodec: parts.findCodec }
      const before = sources
      sources = new Map()
      for (const [id, source] of before) if (!wanted.has(id)) end(source)
      for (const config of configs) {
        const existing = before.get(config.id)
        const source = existing ?? new SupervisedSource(config, env)
        sources.set(config.id, source)
        if (existing === undefined) source.begin()
        else existing.configure(config, env)
      }
    },
    statuses: () => [...sources.values()].map((source) => source.status()),
    send(sourceId, target, command, options) {
      const source = sources.get(sourceId)
      if (source !== undefined) return source.send(target, command, options)
      return Promise.resolve({ stage: 'failed', code: 'SOURCE_UNKNOWN', why: `there is no source "${sourceId}"` })
    },
    async close() {
      closed = true
      for (const source of sources.values()) end(source)
      sources = new Map()
      await Promise.all(ending)
    }
  }
}
