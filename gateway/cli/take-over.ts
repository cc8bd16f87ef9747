import type { Logger } from '../../drivers/driver.ts'
import type { LoadedConfig, LoadResult } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import type { Daemon } from '../daemon/start-daemon.ts'
import type { Problem } from '../state/snapshot.ts'
import type { ServiceNotifier } from '../system-service/notify.ts'

export interface TakeOverParts {
  readonly daemon: Pick<Daemon, 'apply' | 'showProblems' | 'url'>
  readonly logger: Pick<Logger, 'info' | 'error'>
  readonly notifier: Pick<ServiceNotifier, 'reloading' | 'ready'>
  /** Puts in what the command line says instead of the file. */
  readonly withOptions: (config: Config) => Config
}

/** Gives what takes over each edited configuration: one after the other, in the order in which they were read, each in whole. */
export function createTakeOver(parts: TakeOverParts): (result: LoadResult) => Promise<void> {
  let work: Promise<void> = Promise.resolve()
  return (result) => {
    work = work.then(() => takeOver(parts, result))
    return work
  }
}

/** What of a good configuration cannot run, for the log and the page. */
export function incomplete({ problems }: LoadedConfig, logger: Pick<Logger, 'error'>): Problem[] {
  const messages = problems.map(formatProblem)
  if (messages.length > 0) logger.error({ problems: messages }, 'a part of the configuration cannot run; the gateway runs with the rest')
  return messages.map((message) => ({ code: 'CONFIG_INCOMPLETE', message }))
}

/** Never rejects: whatever fails, the gateway goes on. */
async function takeOver({ daemon, logger, notifier, withOptions }: TakeOverParts, result: LoadResult): Promise<void> {
  notifier.reloading()
  try {
    if (result.ok) {
      const waitForRestart = await daemon.apply(withOptions(result.config), result.extensions)
      logger.info({ waitForRestart }, 'the edited configuration is taken over')
      const problems = incomplete(result, logger)
      if (waitForRestart.length > 0) {
        const message = `these sections of the edited configuration take effect at the next start: ${waitForRestart.join(', ')}`
        problems.push({ code: 'CONFIG_RESTART', message })
      }
      if (problems.length > 0) daemon.showProblems(problems)
    } else {
      const messages = result.problems.map(formatProblem)
      logger.error({ problems: messages }, 'the edited configuration is wrong and not taken over; the running one goes on')
      daemon.showProblems(messages.map((message) => ({ code: 'CONFIG_INVALID', message })))
    }
  } catch (error) {
    logger.error({ err: error }, 'the edited configuration could not be taken over')
  }
  notifier.ready(`page at ${daemon.url}`)
}
