import { constants, copyFileSync, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSystemClock } from '../clock/system-clock.ts'
import { createExtensionLoader, installedConfigSchema } from '../config/installed-schema.ts'
import { type LoadedConfig, type LoadOptions, loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { watchConfig } from '../config/watch-config.ts'
import { createLogger } from '../daemon/logger.ts'
import { type Daemon, startDaemon } from '../daemon/start-daemon.ts'
import { StrayExceptions } from '../daemon/stray-exceptions.ts'
import { openServiceNotifier } from '../system-service/notify.ts'
import { createWatchdog } from '../system-service/watchdog.ts'
import { type Command, parseOptions } from './command.ts'
import { EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './exit-codes.ts'
import { startRefusal } from './start-refusal.ts'
import { doneWithin, listenForStop, type StopRequest } from './stop-request.ts'
import { createTakeOver, incomplete } from './take-over.ts'
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
/** After a failure that only a restart mends: while it stops, nothing is kept any more. */
const STOP_AFTER_FAILURE_LIMIT_MS = 3_000

const say = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

/** Settles with the exit code when the gateway has stopped. */
export const runCommand: Command = {
  help: HELP,
  async run(argv) {
    // Before anything takes time: whoever sends a signal during the start means it.
    const stop = listenForStop()
    const { values } = parseOptions(
      argv,
      { config: { type: 'string', default: 'tagward.yaml' }, data: { type: 'string' }, demo: { type: 'boolean', default: false } },
      'the configuration is named by --config FILE'
    )
    const file = resolve(values.config)
    if (values.demo) provideDemoConfig(file)
    const strays = new StrayExceptions()
    const options: LoadOptions = { schema: installedConfigSchema(), loader: createExtensionLoader((module) => strays.watch(module)) }
    const loaded = await loadConfig(file, options)
    if (!loaded.ok) {
      for (const problem of loaded.problems) say(formatProblem(problem))
      return EXIT_USAGE
    }
    const withOptions = (config: Config): Config => (values.data === undefined ? config : { ...config, dataDir: resolve(values.data) })
    return await runGateway({ file, loaded: { ...loaded, config: withOptions(loaded.config) }, withOptions, options, stop, strays })
  }
}

function provideDemoConfig(file: string): void {
  if (existsSync(file)) return
  copyFileSync(fileURLToPath(new URL('config.demo.yaml', ROOT)), file, constants.COPYFILE_EXCL)
  say(`tagward: wrote ${file}, the configuration of the demo site; edit it while the gateway runs`)
}

interface RunParts {
  readonly file: string
  readonly loaded: LoadedConfig
  readonly withOptions: (config: Config) => Config
  readonly options: LoadOptions
  readonly stop: StopRequest
  readonly strays: StrayExceptions
}

async function runGateway({ file, loaded, withOptions, options, stop, strays }: RunParts): Promise<number> {
  const logger = createLogger(loaded.config.logging.level, undefined, loaded.schema)
  strays.tellBy((error, module) =>
    logger.error({ err: error, module }, 'an extension threw where nobody could catch it; the gateway goes on')
  )
  const clock = createSystemClock()
  const notifier = await openServiceNotifier()
  let daemon: Daemon
  try {
    daemon = await startDaemon({
      config: loaded.config,
      extensions: loaded.extensions,
      clock,
      logger,
      version: programVersion(),
      onFatal: (error) => stop.fail(`the log thread died: ${error.message}`)
    })
  } catch (error) {
    clock.close()
    notifier.close()
    const refusal = startRefusal(error, loaded.config.dataDir)
    // A refusal that says what to do needs no stack; anything else does.
    if (refusal === undefined) logger.fatal({ err: error }, 'the gateway cannot start')
    else logger.fatal({ code: refusal.code, reason: refusal.message }, 'the gateway cannot start')
    const code = refusal === undefined ? '' : ` [${refusal.code}]`
    say(`tagward: ${refusal?.message ?? (error instanceof Error ? error.message : String(error))}${code}`)
    return EXIT_FAILURE
  }
  daemon.showProblems(incomplete(loaded, logger))
  const takeOver = createTakeOver({ daemon, logger, notifier, withOptions })
  const onFailure = (error: unknown) => logger.error({ err: error }, 'looking at the configuration failed; the next look comes')
  const watch = watchConfig(file, { ...options, clock, running: loaded, onFailure }, (result) => void takeOver(result))
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
  const limitMs = exitCode === EXIT_OK ? STOP_LIMIT_MS : STOP_AFTER_FAILURE_LIMIT_MS
  if (await doneWithin(limitMs, clock, daemon.stop())) {
    clock.close()
    notifier.close()
    if (!daemon.isHungUp) return exitCode
  } else logger.error({ limitMs }, 'not everything stopped in time; what is in the log is safe')
  // Whoever exits waits for his threads, and those wait for the disk.
  if (daemon.isHungUp) process.kill(process.pid, 'SIGKILL')
  // What did not stop would keep the process alive.
  process.exit(EXIT_FAILURE)
}
