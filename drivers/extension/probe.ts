import { Worker } from 'node:worker_threads'
import { type ExtensionComplaint, textOfThrown } from './extension-error.ts'
import type { ExtensionPlace } from './run-messages.ts'

const MAX_HEAP_MB = 256

/**
 * Loads extensions in a thread of their own, one after the other. A module that loops, ends the process or eats memory is found out here, where
 * it ends with its thread; the next is tried in a new one.
 */
export class ExtensionProbe {
  readonly #limitMs: number
  #thread: Worker | undefined
  /** How many came to a good end in this thread. */
  #tried = 0

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** Undefined: loading it came to a good end. */
  async try(place: ExtensionPlace): Promise<ExtensionComplaint | undefined> {
    const shared = this.#tried > 0
    const { complaint, over } = await this.#ask(place)
    if (!over) {
      this.#tried += 1
      return complaint
    }
    await this.close()
    // It may have been the late deed of one that was tried before.
    return shared ? await this.try(place) : complaint
  }

  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    this.#tried = 0
    await thread?.terminate()
  }

  #start(): Worker {
    const thread = startThread()
    // What an extension left running there can end it between two trials as well.
    thread.on('exit', () => {
      if (this.#thread !== thread) return
      this.#thread = undefined
      this.#tried = 0
    })
    return thread
  }

  /** `over`: the thread is of no more use. */
  #ask(place: ExtensionPlace): Promise<{ readonly complaint: ExtensionComplaint | undefined; readonly over: boolean }> {
    const thread = this.#thread ?? this.#start()
    this.#thread = thread
    return new Promise((resolve) => {
      const answer = (complaint: ExtensionComplaint | undefined, over: boolean): void => {
        clearTimeout(limit)
        thread.off('message', onMessage).off('error', onError).off('exit', onExit)
        resolve({ complaint, over })
      }
      const dead = (message: string, remedy: string): void => answer({ code: 'EXTENSION_LOAD_FAILED', message, remedy }, true)
      const limit = setTimeout(
        () =>
          dead(
            `loading it did not end within ${this.#limitMs / 1_000} s`,
            'load nothing from the network and wait for nothing at the top of the module: that belongs into `start` of a driver'
          ),
        this.#limitMs
      )
      const onMessage = ({ complaint }: { readonly complaint?: ExtensionComplaint }): void => answer(complaint, false)
      const onError = (error: unknown): void => dead(`loading it threw ${textOfThrown(error)}`, 'correct it, or ask its author')
      const onExit = (code: number): void =>
        dead(`loading it ended its thread (exit code ${code})`, 'an extension must not call process.exit')
      thread.on('message', onMessage).on('error', onError).on('exit', onExit)
      thread.postMessage(place)
    })
  }
}

function startThread(): Worker {
  const thread = new Worker(new URL(`./probe-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url), {
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB }
  })
  // What is printed during a trial is nobody's; unread, it would fill memory.
  thread.stdout.resume()
  thread.stderr.resume()
  // Between two trials nobody asks, and nobody is harmed.
  thread.on('error', () => undefined)
  return thread
}
