import { isDeepStrictEqual } from 'node:util'
import { framesSchema } from '../site/georeference/frame-settings.ts'
import type { Config, SourceConfig } from './schema.ts'
import { alertsSchema, dataDirSchema, gatewaySchema, kafkaSchema, loggingSchema, logSchema, siteSchema, webSchema } from './sections.ts'

export interface ConfigDiff {
  readonly sources: {
    readonly added: readonly SourceConfig[]
    readonly removed: readonly string[]
    /** As they are now. Also when only `enabled` changed. */
    readonly changed: readonly SourceConfig[]
  }
  readonly kafka: boolean
  readonly log: boolean
  readonly alerts: boolean
  readonly web: boolean
  readonly logging: boolean
  /** Changed sections that take effect at the next start only. */
  readonly restartNeeded: readonly Section[]
}

const SECTIONS = {
  site: siteSchema,
  gateway: gatewaySchema,
  dataDir: dataDirSchema,
  frames: framesSchema,
  kafka: kafkaSchema,
  log: logSchema,
  alerts: alertsSchema,
  web: webSchema,
  logging: loggingSchema
} as const
/** Every section but the sources. */
export type Section = keyof typeof SECTIONS

/** What is to be done to get from one configuration to another. */
export function diffConfig(before: Config, after: Config): ConfigDiff {
  const old = new Map(before.sources.map((source) => [source.id, source]))
  const kept = new Set(after.sources.map((source) => source.id))
  const differs = (section: Section) => !isDeepStrictEqual(before[section], after[section])
  return {
    sources: {
      added: after.sources.filter((source) => !old.has(source.id)),
      removed: before.sources.filter((source) => !kept.has(source.id)).map((source) => source.id),
      changed: after.sources.filter((source) => old.has(source.id) && !isDeepStrictEqual(old.get(source.id), source))
    },
    kafka: differs('kafka'),
    log: differs('log'),
    alerts: differs('alerts'),
    web: differs('web'),
    logging: differs('logging'),
    restartNeeded: (Object.keys(SECTIONS) as Section[]).filter(
      (section) => SECTIONS[section].meta()?.['x-restart'] === true && differs(section)
    )
  }
}

/** What runs when a gateway that was started with `started` has taken over `edited`: sections that wait for a restart are as at the start. */
export function configInForce(started: Config, edited: Config): Config {
  const { restartNeeded } = diffConfig(started, edited)
  return { ...edited, ...Object.fromEntries(restartNeeded.map((section) => [section, started[section]])) }
}
