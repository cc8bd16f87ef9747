import { constants, copyFileSync, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import { createSystemClock } from '../clock/system-clock.ts'
import { installedConfigSchema } from '../config/installed-schema.ts'
import { type LoadedConfig, type LoadOptions, loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { watchConfig } from '../config/watch-config.ts'
import { createLogger } from '../daemon/logger.ts'
import { type Daemon, startDaemon } from '../daemon/start-daemon.ts'
import { openServiceNotifier } from '../system-service/notify.ts'
import { createWatchdog } from '../system-service/watchdog.ts'
import { type Command, parseOptions } from './command.ts'
import { EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './exit-codes.ts'
import { programVersion } from './version.ts'

const HELP = `tagward run [--config FILE] [--data DIR] [--demo]

Runs the gateway until it is told to stop.

  --config FILE   the configuration (default: tagward.yaml)
  --data DIR      where log and id are kept, instead of the configuration's dataDir
  --demo          when there is no configuration yet, begin with that of the demo site

SIGHUP reads the configuration anew; SIGINT and SIGTERM stop in good order.
Ends with 0 when told to stop, 1 when something failed, 2 for a wrong command or configuration.`

const ROOT = new URL('../../../', import.meta.url)
const STOP_LIMIT_MS = 20_000

const say = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

/** Settles with the exit code when the gateway has stopped. */
export const runCommand: Command = {
  help: HELP,
  async run(argv) {
    const { values } = parseOptions(argv, {
      config: { type: 'string', default: 'tagward.yaml' },
      data: { type: 'string' },
      demo: { type: 'boolean', default: false }
    })
    const file = resolve(values.config)
    if (values.demo) provideDemoConfig(file)
    const options: LoadOptions = { schema: installedConfigSchema() }
    const loaded = await loadConfig(file, options)
    if (!loaded.ok) {
      for (const problem of loaded.problems) say(formatProblem(problem))
      return EXIT_USAGE
    }
    return await runGateway(file, withData(loaded, values.data), values.data, options)
  }
}

function provideDemoConfig(file: string): void {
  if (existsSync(file)) return
  copyFileSync(fileURLToPath(new URL('config.demo.yaml', ROOT)), file, constants.COPYFILE_EXCL)
  say(`tagward: wrote ${file}, the configuration of the demo site; edit it while the gateway runs`)
}

function withData(loaded: LoadedConfig, data: string | undefined): LoadedConfig {
  return data === undefined ? loaded : { ...loaded, config: { ...loaded.config, dataDir: resolve(data) } }
}

async function runGateway(file: string, loaded: LoadedConfig, data: string | undefined, options: LoadOptions): Promise<number> {
  // Before anything takes time: whoever sends a signal during the start means it.
  const stop = stopRequest()
  const logger = createLogger(loaded.config.logging.level)
  const clock = createSystemClock()
  const notifier = await openServiceNotifier()
  let daemon: Daemon
  try {
    daemon = await startDaemon({
      config: loaded.config,
      clock,
      logger,
      version: programVersion(),
      onFatal: (error) => stop.fail(`the log thread died: ${error.message}`)
    })
  } catch (error) {
    clock.close()
    notifier.close()
    const code = (error as { code?: unknown }).code
    logger.fatal({ err: error }, 'the gateway cannot start')
    say(`tagward: ${error instanceof Error ? error.message : String(error)}${typeof code === 'string' ? ` [${code}]` : ''}`)
    return EXIT_FAILURE
  }
  const watch = watchConfig(file, { ...options, clock, running: loaded }, (result) => {
    if (result.ok) void applyConfig(daemon, withData(result, data), logger)
    else {
      const messages = result.problems.map(formatProblem)
      logger.error({ problems: messages }, 'the edited configuration is wrong and not taken over; the running one goes on')
      daemon.showProblems(messages.map((message) => ({ code: 'CONFIG_INVALID', message })))
    }
  })
  const watchdog =
    notifier.watchdogMs === undefined
      ? undefined
      : createWatchdog(
          clock,
          notifier.watchdogMs / 3,
          [{ name: 'log', progress: () => daemon.logHeartbeats() }],
          () => notifier.watchdog(),
          (names) => logger.error({ stalled: names }, 'no progress: the watchdog is not fed')
        )
  notifier.ready(`page at ${daemon.url}`)
  logger.info(
    { gatewayId: daemon.gatewayId, site: loaded.config.site, url: daemon.url, dataDir: loaded.config.dataDir },
    'the gateway runs'
  )
  say(`tagward: the page is at ${daemon.url}`)

  const { reason, exitCode } = await stop.made
  logger.info({ reason }, 'stopping')
  notifier.stopping()
  watch.close()
  watchdog?.close()
  const stopped = await withLimit(daemon.stop())
  if (!stopped) logger.error({ limitMs: STOP_LIMIT_MS }, 'not everything stopped in time; what is in the log is safe')
  clock.close()
  notifier.close()
  return stopped ? exitCode : EXIT_FAILURE
}

async function applyConfig(daemon: Daemon, result: LoadedConfig, logger: Logger): Promise<void> {
  try {
    const restart = await daemon.apply(result.config)
    logger.info({ waitForRestart: restart }, 'the edited configuration is taken over')
    if (restart.length > 0) {
      const message = `these sections of the edited configuration take effect at the next start: ${restart.join(', ')}`
      daemon.showProblems([{ code: 'CONFIG_RESTART', message }])
    }
  } catch (error) {
    logger.error({ err: error }, 'the edited configuration could not be taken over')
  }
}

interface StopRequest {
  readonly reason: string
  readonly exitCode: number
}

/** Settles with the first reason to stop: a signal, or a failure that only a restart mends. */
function stopRequest(): { readonly made: Promise<StopRequest>; fail(reason: string): void } {
  let make: (request: StopRequest) => void = () => undefined
  const made = new Promise<StopRequest>((resolveRequest) => {
    make = resolveRequest
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => make({ reason: signal, exitCode: EXIT_OK }))
  return { made, fail: (reason) => make({ reason, exitCode: EXIT_FAILURE }) }
}

/** False when it took too long. */
async function withLimit(work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<false>((resolveLimit) => {
    timer = setTimeout(() => resolveLimit(false), STOP_LIMIT_MS)
  })
  const done = await Promise.race([work.then(() => true as const), limit])
  clearTimeout(timer)
  return done
}
