import { readFileSync } from 'node:fs'
import { parseOptions } from '../cli/command.ts'
import { GatewayError } from '../errors.ts'
import type { KafkaSaslSettings, KafkaSettings } from '../forward/kafka-settings.ts'
import { runVerify, type VerifyOptions } from './verify.ts'

export const VERIFY_HELP = `tagward verify --brokers B --prefix P [--gateway G] [--sent FILE]

Reads the topics P.… to their end and proves that nothing is missing. Prints one JSON object.

  --brokers HOST:PORT[,…]   brokers of the Kafka cluster
  --prefix P                prefix of the topics, as in the configuration
  --gateway G               judge only this gateway (default: all that are found)
  --from-first              begin with the first number found, not with 1: the gateway came to this Kafka in mid-life
  --sent FILE               JSON lines of what a publisher had acknowledged: each must be on the topics
  --timeout SECONDS         give up after this long without progress (default 30)
  --tls                     use TLS;  --ca FILE, --cert FILE, --key FILE: PEM files, each implies --tls
  --sasl MECHANISM          plain, scram-sha-256 or scram-sha-512; with --username NAME and the password in
                            --password-file FILE or the environment variable TAGWARD_KAFKA_PASSWORD

Exit code 0: nothing lost, never logged, misordered or repeated past the high-water rule. 1: something is; the object
says what. 2: the topics could not be read, or the arguments are wrong.
`

export interface CommandOutput {
  out(text: string): void
  err(text: string): void
}

const OPTIONS = {
  brokers: { type: 'string' },
  prefix: { type: 'string' },
  gateway: { type: 'string' },
  'from-first': { type: 'boolean' },
  sent: { type: 'string' },
  timeout: { type: 'string' },
  tls: { type: 'boolean' },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  sasl: { type: 'string' },
  username: { type: 'string' },
  'password-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' }
} as const

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>['values']

function usage(message: string, cause?: unknown): GatewayError {
  return new GatewayError('CLI_USAGE', message, { cause })
}

function fileText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usage(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

function tlsOf({ tls, ca, cert, key }: Values): KafkaSettings['tls'] {
  if ((cert === undefined) !== (key === undefined)) throw usage('--cert and --key go together')
  if (ca === undefined && cert === undefined && key === undefined) return tls === true
  return {
    ...(ca === undefined ? {} : { ca: fileText(ca) }),
    ...(cert === undefined ? {} : { cert: fileText(cert) }),
    ...(key === undefined ? {} : { key: fileText(key) })
  }
}

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

function saslOf(values: Values): KafkaSaslSettings | undefined {
  const { sasl: mechanism, username } = values
  if (mechanism === undefined) {
    if (username !== undefined || values['password-file'] !== undefined) throw usage('--username and --password-file need --sasl as well')
    return undefined
  }
  const known = MECHANISMS.find((each) => each === mechanism)
  if (known === undefined) throw usage(`--sasl ${mechanism}: it is one of ${MECHANISMS.join(', ')}`)
  const file = values['password-file']
  const password = file === undefined ? process.env['TAGWARD_KAFKA_PASSWORD'] : fileText(file).trimEnd()
  if (username === undefined || password === undefined)
    throw usage('--sasl needs --username and a password (--password-file or TAGWARD_KAFKA_PASSWORD)')
  return { mechanism: known, username, password }
}

function isBroker(text: string): boolean {
  const port = /^(?:\[[^\s[\]]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text)?.[1]
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535
}

function optionsOf(values: Values): VerifyOptions {
  const brokers = (values.brokers ?? '')
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '')
  if (brokers.length === 0) throw usage('--brokers is missing')
  for (const broker of brokers) if (!isBroker(broker)) throw usage(`--brokers ${broker}: a broker is HOST:PORT, such as kafka1:9092`)
  if (!values.prefix) throw usage('--prefix is missing')
  if (!/^[a-zA-Z0-9._-]+$/.test(values.prefix))
    throw usage('--prefix takes letters, digits, dots, underscores and hyphens, as in the configuration')
  const timeoutS = Number(values.timeout ?? '30')
  if (!(timeoutS > 0)) throw usage(`--timeout ${values.timeout}: it is a number of seconds`)
  return {
    brokers,
    prefix: values.prefix,
    gateway: values.gateway,
    fromFirst: values['from-first'],
    sentFile: values.sent,
    stallLimitMs: timeoutS * 1000,
    tls: tlsOf(values),
    sasl: saslOf(values)
  }
}

const PROCESS_OUTPUT: CommandOutput = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text)
}

/** `tagward verify`: gives the exit code. The report, and nothing else, goes to `out`. */
export async function verifyCommand(argv: readonly string[], output: CommandOutput = PROCESS_OUTPUT): Promise<number> {
  try {
    const { values } = parseOptions(argv, OPTIONS)
    if (values.help === true) {
      output.out(VERIFY_HELP)
      return 0
    }
    const report = await runVerify(optionsOf(values))
    output.out(`${JSON.stringify(report)}\n`)
    return report.ok ? 0 : 1
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    output.err(`tagward verify: ${error.message}${error.code === 'CLI_USAGE' ? ' (see tagward verify --help)' : ''}\n`)
    return 2
  }
}
