import { DriverError } from '../driver.ts'

/** What is wrong with an extension, and what its owner can do about it. Travels between threads as its plain fields. */
export interface ExtensionComplaint {
  readonly code: string
  readonly message: string
  readonly remedy: string
}

/** A failure whose cause is third-party code, not ours and not the site's. */
export class ExtensionError extends DriverError {
  readonly remedy: string
  constructor({ code, message, remedy }: ExtensionComplaint, options: { readonly retriable?: boolean; readonly cause?: unknown } = {}) {
    super(code, message, { retriable: options.retriable ?? false, cause: options.cause })
    this.name = 'ExtensionError'
    this.remedy = remedy
  }
}

const LONGEST_TEXT = 500

/** What somebody else's code threw, as a short text: it can be anything, and so can its `message`. */
export function textOfThrown(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
    return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text
  } catch {
    return 'something that cannot be shown'
  }
}

/** `file:line:column` of the place in `file` that threw; undefined when the stack does not go through it. */
export function placeOfThrown(thrown: unknown, file: string): string | undefined {
  const stack = stackOf(thrown)
  const at = stack.indexOf(file)
  if (at < 0) return undefined
  const [place] = /^(?:\?[^:\s)]*)?(:\d+(?::\d+)?)/.exec(stack.slice(at + file.length)) ?? []
  return place === undefined ? undefined : `${file}${place.replace(/^\?[^:]*/, '')}`
}

export function stackOf(thrown: unknown): string {
  try {
    return thrown instanceof Error && typeof thrown.stack === 'string' ? thrown.stack : ''
  } catch {
    return ''
  }
}
