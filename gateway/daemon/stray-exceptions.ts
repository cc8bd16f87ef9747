import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stackOf, textOfThrown } from '../../drivers/extension/extension-error.ts'

const OWN_CODE = fileURLToPath(new URL('../../', import.meta.url))
const EXIT_FAILURE = 1

/** Told of an exception that began in `file`, which is of an extension. */
export type TellStray = (error: unknown, file: string) => void

/**
 * What a module of an extension leaves running in the main thread (a timer, a promise that nobody awaits) can throw when nobody is there to
 * catch, which would end the gateway. Where the innermost code of such an exception is that of an extension, it costs nothing; any other
 * ends the program, as it would without this.
 */
export class StrayExceptions {
  readonly #folders = new Set<string>()
  #tell: TellStray = (error, file) => void process.stderr.write(`${file}: threw where nobody could catch it: ${textOfThrown(error)}\n`)

  /** In place of telling it on stderr. */
  tellBy(tell: TellStray): void {
    this.#tell = tell
  }

  /** Exceptions that begin in this module, or beside it, are its own from now on. */
  watch(file: string): void {
    if (this.#folders.size === 0) process.on('uncaughtException', (error) => this.take(error))
    this.#folders.add(`${dirname(file)}/`)
  }

  take(error: unknown): void {
    const file = innermostFile(error)
    const isTheirs = file !== undefined && !file.startsWith(OWN_CODE) && [...this.#folders].some((folder) => isWithin(folder, file))
    if (isTheirs) this.#tell(error, file)
    else {
      process.stderr.write(`${stackOf(error) || textOfThrown(error)}\n`)
      process.exit(EXIT_FAILURE)
    }
  }
}

/** Packages beside a module are not its own code: they may be those of the gateway. */
function isWithin(folder: string, file: string): boolean {
  return file.startsWith(folder) && !file.slice(folder.length).startsWith('node_modules/')
}

/** The file of the first line of the stack that is not Node's own. */
export function innermostFile(error: unknown): string | undefined {
  for (const line of stackOf(error).split('\n')) {
    const [, place] = /^\s+at (?:.*\()?((?:file:\/\/)?\/[^):?]+)/.exec(line) ?? []
    if (place !== undefined) return place.startsWith('file://') ? fileURLToPath(place) : place
  }
  return undefined
}
