import { parseArgs } from 'node:util'
import { GatewayError } from '../errors.ts'

export interface Command {
  readonly help: string
  /** Gives the exit code. `argv` is what follows the command's name. */
  run(argv: readonly string[]): Promise<number>
}

export function usageError(message: string): GatewayError {
  return new GatewayError('CLI_USAGE', message)
}

interface OptionShape {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  readonly default?: string | boolean
}
type Parsed<T extends Readonly<Record<string, OptionShape>>> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: boolean; strict: true }>
>

/** Options as `node:util` reads them; a mistake becomes a usage error. */
export function parseOptions<const T extends Readonly<Record<string, OptionShape>>>(
  argv: readonly string[],
  options: T,
  allowPositionals = false
): Parsed<T> {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals, strict: true })
  } catch (error) {
    // The library's advice on `--` helps nobody here.
    const message = error instanceof Error ? error.message : String(error)
    throw usageError(message.split('. ')[0] ?? message)
  }
}

/** A whole number in an option. */
export function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
    throw usageError(`--${name} takes a whole number of at least ${least}`)
  return value
}
