/**
 * A limit on how long somebody else's synchronous code may hold the thread. Nothing in JavaScript can interrupt a loop from within its
 * thread, but V8 can, and `node:vm` lets it: whatever runs when the time is up is ended with an exception that no `catch` in it sees.
 * So nothing of ours may run inside, lest it be left half done.
 */
import { type Context, createContext, Script } from 'node:vm'
import { ExtensionError } from './extension-error.ts'

interface Stage {
  readonly script: Script
  readonly context: Context
}

/** A realm of its own costs about a millisecond and half a megabyte: made when first needed, and used for all. */
let stage: Stage | undefined

/**
 * What `work` gives, or throws. After `limitMs` it is ended and `EXTENSION_HANGS` thrown, retriable; `what` names it in the message.
 * Costs some tens of microseconds a call.
 */
export function timeLimited<T>(limitMs: number, what: string, work: () => T): T {
  stage ??= { script: new Script('work()'), context: createContext({ work: undefined }) }
  const { context, script } = stage
  const outer: unknown = context['work']
  let outcome: { readonly value: T } | undefined
  context['work'] = (): void => {
    outcome = { value: work() }
  }
  try {
    script.runInContext(context, { timeout: limitMs })
  } catch (error) {
    if (!isTimeout(error)) throw error
    throw new ExtensionError(
      {
        code: 'EXTENSION_HANGS',
        message: `${what} did not end within ${limitMs} ms and was broken off`,
        remedy: 'it is a defect of the extension: report it to its author'
      },
      { retriable: true }
    )
  } finally {
    context['work'] = outer
  }
  return (outcome as unknown as { readonly value: T }).value
}

/** The error is made in the other realm, so it is no `Error` of ours. */
function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}
