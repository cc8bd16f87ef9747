import { readFileSync } from 'node:fs'
import type { Delivery, DriverRun } from '../../drivers/driver.ts'
import { simulatorDriver } from '../../drivers/simulator/simulator-driver.ts'
import { GatewayError } from '../errors.ts'
import { type Command, parseOptions, usageError, wholeNumber } from './command.ts'
import { EXIT_FAILURE, EXIT_OK } from './exit-codes.ts'
import { openPublisher, type Publisher } from './mqtt-publisher.ts'
import { type Output, openOutput } from './output.ts'
import { createPansNetwork } from './pans-messages.ts'
import { PROCESS_CLOCK } from './process-clock.ts'

export const simulateCommand: Command = {
  help: `tagward simulate [--workers N] [--rate R] [--seed S] [--seconds T] [--mqtt URL [--prefix P]]

Walks the workers of the demo site without a gateway. Prints what their tags say as JSON lines, or publishes it to an MQTT
broker as a Qorvo PANS gateway does (protocol dwm1001-pans-mqtt), to try out a broker and a source before tags are there.

  --workers N            how many workers (default 10)
  --rate R               positions a second of each (default 2)
  --seed S               the same seed gives the same ways (default 1)
  --seconds T            stop after so long, counted from the first position (default: at Ctrl-C)
  --mqtt URL             publish to this broker: mqtt://host:1883, mqtts://host:8883
  --prefix P             first level of the topics (default dwm)
  --username NAME        user at the broker; the password is read from --password-file FILE
                         or the environment variable TAGWARD_MQTT_PASSWORD

Exit code 1: the broker cannot be reached, or the connection broke.`,
  async run(argv) {
    const { values } = parseOptions(argv, {
      workers: { type: 'string', default: '10' },
      rate: { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      mqtt: { type: 'string' },
      prefix: { type: 'string' },
      username: { type: 'string' },
      'password-file': { type: 'string' }
    })
    const url = values.mqtt === undefined ? undefined : brokerUrl(values.mqtt)
    for (const name of ['prefix', 'username', 'password-file'] as const)
      if (url === undefined && values[name] !== undefined) throw usageError(`--${name} goes with --mqtt, which is missing`)
    if (/[+#\0]/.test(values.prefix ?? '')) throw usageError('--prefix takes the beginning of topics, without + and #')
    const settings = simulatorDriver.settings.parse({
      workers: inRange('workers', values.workers, 1, 10_000),
      ratePerSecond: inRange('rate', values.rate, 0.05, 50),
      seed: wholeNumber('seed', values.seed, 0) % 2 ** 32
    })
    const limitMs = values.seconds === undefined ? undefined : inRange('seconds', values.seconds, 0, 1e6) * 1000
    const stop = untilStopped(limitMs)
    const start = (deliver: (delivery: Delivery) => void) => startRun(settings, deliver)
    if (url === undefined) return await printReadings(start, openOutput(process.stdout), stop)
    const password = values['password-file'] === undefined ? process.env['TAGWARD_MQTT_PASSWORD'] : passwordFrom(values['password-file'])
    return await publishReadings(start, { url, username: values.username, password, prefix: values.prefix ?? 'dwm' }, stop)
  }
}

function brokerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '' || !['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(url.protocol))
    throw usageError('--mqtt takes a URL such as mqtt://host:1883')
  if (url.username !== '' || url.password !== '')
    throw usageError('--mqtt takes no user and password: give them by --username and --password-file or TAGWARD_MQTT_PASSWORD')
  return text
}

type Start = (deliver: (delivery: Delivery) => void) => Promise<DriverRun>

function inRange(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= least && value <= most)) throw usageError(`--${name} takes a number from ${least} to ${most}`)
  return value
}

function passwordFrom(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd()
  } catch (cause) {
    throw new GatewayError('CLI_USAGE', `the password file ${file} cannot be read`, { cause })
  }
}

interface Stop {
  /** Resolves at Ctrl-C, at the service manager's wish, or when the time is over. */
  readonly over: Promise<undefined>
  /** The time counts from now on: how long it took to reach a broker is none of it. */
  begin(): void
}

function untilStopped(limitMs: number | undefined): Stop {
  let stop: () => void = () => undefined
  const over = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  return {
    over,
    begin() {
      if (limitMs !== undefined) setTimeout(stop, limitMs)
    }
  }
}

async function startRun(
  settings: ReturnType<typeof simulatorDriver.settings.parse>,
  deliver: (delivery: Delivery) => void
): Promise<DriverRun> {
  const silent = () => undefined
  const run = simulatorDriver.createRun(settings, undefined, {
    sourceId: 'simulate',
    clock: PROCESS_CLOCK,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    sink: { deliver },
    counters: { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 },
    signal: new AbortController().signal,
    degraded: silent,
    failed: silent
  })
  await run.start()
  return run
}

async function printReadings(start: Start, output: Output, stop: Stop): Promise<number> {
  let end: (failure?: unknown) => void = () => undefined
  const readerGone = new Promise<void>((resolve, reject) => {
    end = (failure) => (failure === undefined ? resolve() : reject(failure))
  })
  const run = await start(({ readings, receivedAt }) => {
    if (output.closed) return end()
    // What a slow reader has no time for is left out: the simulator does not wait, as tags do not.
    if (output.congested) return
    output.write(readings.map((reading) => `${JSON.stringify({ receivedAt, ...reading })}\n`).join('')).catch(end)
  })
  stop.begin()
  try {
    await Promise.race([stop.over, readerGone])
  } finally {
    await run.stop()
  }
  return EXIT_OK
}

async function publishReadings(
  start: Start,
  { prefix, ...options }: { url: string; username: string | undefined; password: string | undefined; prefix: string },
  stop: Stop
): Promise<number> {
  const network = createPansNetwork(prefix)
  const publisher = await openPublisher({ ...options, will: network.announcement(false) })
  publisher.publish(network.announcement(true))
  process.stderr.write(`tagward simulate: publishing to ${options.url} under ${prefix}/ …\n`)
  const run = await start(({ readings, receivedAt }) => {
    for (const reading of readings) for (const message of network.messagesOf(reading, receivedAt)) publisher.publish(message)
  })
  stop.begin()
  const why = await Promise.race([stop.over, publisher.broken])
  await run.stop()
  return await finish(publisher, network.announcement(false), why)
}

async function finish(publisher: Publisher, goodbye: Parameters<Publisher['publish']>[0], why: string | undefined): Promise<number> {
  if (why === undefined) {
    publisher.publish(goodbye)
    await publisher.close()
  }
  process.stderr.write(`tagward simulate: ${publisher.published} messages published, ${publisher.confirmed} confirmed\n`)
  if (why === undefined) return EXIT_OK
  process.stderr.write(`tagward simulate: the connection to the broker broke: ${why}\n`)
  return EXIT_FAILURE
}
