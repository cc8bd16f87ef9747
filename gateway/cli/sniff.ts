import { readFileSync, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parsePortName } from '../../drivers/byte-port/port-name.ts'
import { listUsbPorts } from '../../drivers/byte-port/usb-ports.ts'
import { describeDetection } from '../../drivers/detect/describe.ts'
import { detectBroker } from '../../drivers/detect/detect-broker.ts'
import { detectFile } from '../../drivers/detect/detect-file.ts'
import { detectPort } from '../../drivers/detect/detect-port.ts'
import type { Detection } from '../../drivers/detect/detection.ts'
import { DriverError } from '../../drivers/driver.ts'
import { messageOf } from '../../drivers/driver-errors.ts'
import { mqttSettingsSchema } from '../../drivers/mqtt/settings.ts'
import { CODECS } from '../../firmware-protocols/registry.ts'
import { type Command, parseOptions, usageError, wholeNumber } from './command.ts'
import { EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './exit-codes.ts'
import { openOutput } from './output.ts'
import { PROCESS_CLOCK } from './process-clock.ts'
import { createSniffProgress } from './sniff-progress.ts'

const PASSWORD_ENV = 'TAGWARD_MQTT_PASSWORD'

const OPTIONS = {
  json: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  seconds: { type: 'string' },
  baud: { type: 'string', multiple: true },
  probe: { type: 'boolean', default: false },
  topic: { type: 'string', multiple: true },
  username: { type: 'string' },
  'password-env': { type: 'string' },
  'password-file': { type: 'string' },
  ca: { type: 'string' }
} as const
/** Which options go with what. */
const FOR_PORTS = ['baud', 'probe'] as const
const FOR_BROKERS = ['topic', 'username', 'password-env', 'password-file', 'ca'] as const

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>['values']

export const sniffCommand: Command = {
  help: `tagward sniff PORT|FILE|mqtt://HOST [--json] [--seconds S] …

Finds out what speaks there, and prints the source to paste into the configuration. It only listens (but see --probe).

PORT is a path such as /dev/ttyUSB0, usb:VVVV:PPPP[:SERIAL], or tcp://HOST:PORT of a serial device server; all usual speeds are tried.
FILE is a recording of the gateway, the bytes of a line as they came, frames in hex or as \`tagward decode\` takes them (one a line), or
what \`mosquitto_sub -v\` printed.

  --json                 print one JSON object (see docs/operations/sniff.md)
  --seconds S            how long to listen: at each speed of a port (default 3), at a broker (default 15)
  --quiet                say nothing on stderr meanwhile

of a port:
  --baud N               try this speed only; may be repeated
  --probe                if nothing is heard, ask: questions that change nothing at any device whose protocol is known

of a broker (mqtt://, mqtts://, ws://, wss://):
  --topic FILTER         subscribe to this instead of #; may be repeated
  --username NAME        user at the broker
  --password-env NAME    environment variable that holds the password (default ${PASSWORD_ENV})
  --password-file FILE   file that holds the password
  --ca FILE              certificate of the authority that the broker's is from, in PEM

Ctrl-C ends it, and what was heard until then is told.
Exit code 0: found; 1: not found, and it was said what was heard instead; 2: wrong arguments, or it could not be opened.`,
  async run(argv) {
    const { values, positionals } = parseOptions(argv, OPTIONS, true)
    const [target, ...others] = positionals
    if (target === undefined || target === '')
      throw usageError(`what to listen to is missing, such as tagward sniff /dev/ttyUSB0${await portsHere()}`)
    if (others.length > 0) throw usageError(`it takes one port, file or broker, and "${others[0]}" is a second one`)
    const seconds = values.seconds === undefined ? undefined : secondsOf(values.seconds)
    const kind = await kindOf(target)
    checkOptions(kind, values)
    const stop = new AbortController()
    const onSignal = (): void => stop.abort()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal)
    try {
      const start = { broker: sniffBroker, file: sniffFile, port: sniffPort }[kind]
      return await print(await start(target, values, seconds, stop.signal), values.json)
    } catch (error) {
      return refused(error, target)
    } finally {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
    }
  }
}

type Kind = 'broker' | 'file' | 'port'
type Start = (target: string, values: Values, listenMs: number | undefined, signal: AbortSignal) => Promise<Detection>

function secondsOf(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0.1 && value <= 86_400)) throw usageError('--seconds takes a number from 0.1 to 86400')
  return value * 1000
}

async function kindOf(target: string): Promise<Kind> {
  if (/^(?:mqtts?|wss?):/i.test(target)) return 'broker'
  const found = await stat(target).catch(() => undefined)
  if (found !== undefined) return kindOfFile(target, found)
  if (parsePortName(target)?.kind === 'path' && !/^(?:\/dev\/|COM\d)/.test(target)) throw nothingThere(target, await portsHere())
  if (parsePortName(target) === undefined) throw nothingThere(target, await portsHere())
  return 'port'
}

const nothingThere = (target: string, ports: string): Error =>
  usageError(`"${target}" is neither a file, nor a port, nor the URL of a broker${ports}`)

function kindOfFile(target: string, found: Stats): Kind {
  if (found.isCharacterDevice()) return 'port'
  if (found.isFile()) return 'file'
  throw usageError(`"${target}" is ${found.isDirectory() ? 'a directory' : 'neither a port nor a file'}`)
}

/** Which ports are plugged in, for whoever named none. */
async function portsHere(): Promise<string> {
  const ports = await listUsbPorts()
  return ports.length === 0 ? '' : `; there are: ${ports.map(({ path }) => path).join(', ')}`
}

function checkOptions(kind: Kind, values: Values): void {
  for (const name of kind === 'port' ? FOR_BROKERS : kind === 'broker' ? FOR_PORTS : [...FOR_BROKERS, ...FOR_PORTS]) {
    const value = values[name]
    if (value !== undefined && value !== false)
      throw usageError(`--${name} goes with a ${(FOR_PORTS as readonly string[]).includes(name) ? 'port' : 'broker'}`)
  }
  if (kind === 'file' && values.seconds !== undefined) throw usageError('--seconds goes with a port or a broker')
  if (values['password-env'] !== undefined && values['password-file'] !== undefined)
    throw usageError('--password-env and --password-file are two ways to one password: give one')
}

const sniffPort: Start = async (port, values, listenMs, signal) => {
  const baudRates = values.baud?.map((text) => wholeNumber('baud', text, 50))
  const onProgress = createSniffProgress(values.quiet, process.stderr)
  return await detectPort({ port, codecs: CODECS, clock: PROCESS_CLOCK, signal, baudRates, listenMs, ask: values.probe, onProgress })
}

const sniffFile: Start = async (file, values, _listenMs, signal) =>
  await detectFile({ file, codecs: CODECS, signal, onProgress: createSniffProgress(values.quiet, process.stderr) })

const sniffBroker: Start = async (url, values, listenMs, signal) => {
  const { topic: topics, username, ca } = values
  const parsed = mqttSettingsSchema.safeParse({ url, topics: topics ?? ['#'], ...(ca === undefined ? {} : { tls: {} }) })
  if (!parsed.success)
    throw usageError(
      parsed.error.issues
        .map(({ path, message }) => `${path[0] === 'topics' ? '--topic' : path[0] === 'tls' ? '--ca' : 'the URL'} ${message}`)
        .join('; ')
    )
  const { password, passwordReference } = passwordOf(values)
  return await detectBroker({
    url,
    topics,
    username,
    password,
    ca: ca === undefined ? undefined : textOf(ca, 'certificate'),
    access: { passwordReference, caFile: ca === undefined ? undefined : resolve(ca) },
    codecs: CODECS,
    clock: PROCESS_CLOCK,
    signal,
    listenMs,
    onProgress: createSniffProgress(values.quiet, process.stderr)
  })
}

interface Password {
  readonly password?: string
  readonly passwordReference?: string | { readonly file: string }
}

/** The password itself, and how a configuration refers to it. */
function passwordOf(values: Values): Password {
  const file = values['password-file']
  const named = values['password-env']
  if (values.username === undefined) {
    if (file !== undefined || named !== undefined) throw usageError('a password goes with --username, which is missing')
    return {}
  }
  if (file !== undefined) return { password: textOf(file, 'password').trimEnd(), passwordReference: { file: resolve(file) } }
  const variable = named ?? PASSWORD_ENV
  const password = process.env[variable]
  if (password === undefined && named !== undefined) throw usageError(`the environment variable ${named} is not set`)
  return password === undefined ? {} : { password, passwordReference: `\${${variable}}` }
}

function textOf(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usageError(`the ${what} file ${file} cannot be read: ${messageOf(error)}`)
  }
}

async function print(detection: Detection, json: boolean): Promise<number> {
  const output = openOutput(process.stdout)
  if (json) await output.write(`${JSON.stringify(detection, null, 2)}\n`)
  else {
    const { configYaml } = detection
    const lines = describeDetection(detection)
    const paste = configYaml === undefined ? '' : `\nFor the configuration:\n\n${configYaml}`
    await output.write(`${lines.join('\n')}\n${paste}`)
  }
  return detection.outcome === 'detected' ? EXIT_OK : EXIT_FAILURE
}

/** What cannot be listened to is told in one line, as a mistake in the arguments is. */
function refused(error: unknown, target: string): number {
  if (error instanceof DriverError) process.stderr.write(`tagward sniff: ${error.message} [${error.code}]\n`)
  else if (error instanceof Error && 'code' in error && 'syscall' in error)
    process.stderr.write(`tagward sniff: ${target} cannot be read: ${error.message}\n`)
  else throw error
  return EXIT_USAGE
}
