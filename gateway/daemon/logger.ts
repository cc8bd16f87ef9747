import { type DestinationStream, type Logger, pino } from 'pino'

/** Names under which secrets may come by, at any depth up to three. */
const SECRET_NAMES = ['password', 'passphrase', 'secret', 'token', 'key', 'ca', 'cert', 'sasl', 'tls', 'authorization']

/** JSON lines for the journal, secrets replaced. `level` can be changed later (`logger.level = …`). */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const paths = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths, censor: '[secret]' },
    serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err }
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
