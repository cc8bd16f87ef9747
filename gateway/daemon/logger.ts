import { type DestinationStream, type Logger, pino } from 'pino'
import { installedConfigSchema } from '../config/installed-schema.ts'
import { secretFieldNames } from '../config/redact-config.ts'
import type { ConfigSchema } from '../config/schema.ts'

/** Names under which secrets may come by from elsewhere, and the sections of the configuration that are about nothing else. */
const SECRET_NAMES = ['password', 'passphrase', 'secret', 'token', 'authorization', 'sasl', 'tls', 'keys']
/** Private keys lie in `tls`, those of tags in `keys`; elsewhere a key is that of an event, and what an installer looks for. */
const HARMLESS_ALONE = 'key'
/** A whole configuration is not deeper: config, sources, one of them, settings, a list in them, an item of it. */
const DEPTHS = [0, 1, 2, 3, 4, 5, 6].map((depth) => '*.'.repeat(depth))

function redactedPaths(schema: ConfigSchema): string[] {
  const ofConfig = secretFieldNames(schema).filter((name) => name !== HARMLESS_ALONE)
  return [...new Set([...SECRET_NAMES, ...ofConfig])].flatMap((name) => DEPTHS.map((depth) => depth + name))
}

/**
 * JSON lines for the journal, secrets replaced: by their names in `schema`, which extensions may have added to. `level` can be changed later
 * (`logger.level = …`).
 */
export function createLogger(level: string, destination?: DestinationStream, schema: ConfigSchema = installedConfigSchema()): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths(schema), censor: '[secret]' },
    serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err }
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
