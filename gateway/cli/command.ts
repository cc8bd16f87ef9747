import { parseArgs } from 'node:util'
import { nearest } from '../config/problem.ts'
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

/**
 * Options as `node:util` reads them; a mistake becomes a usage error that names it and what would be right.
 * `others`: whether there may be some besides the options; in words: where what stands there belongs instead.
 */
export function parseOptions<const T extends Readonly<Record<string, OptionShape>>>(
  argv: readonly string[],
  options: T,
  others: boolean | string = false
): Parsed<T> {
  const { tokens } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false, tokens: true })
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind === 'option') checkOption(token, options, seen)
    else if (token.kind === 'positional' && others !== true)
      throw usageError(`"${token.value}" is not expected here${others === false ? '' : `; ${others}`}`)
  }
  return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function checkOption(
  { name, rawName, value, inlineValue }: OptionToken,
  options: Readonly<Record<string, OptionShape>>,
  seen: Set<string>
): void {
  const shape = Object.hasOwn(options, name) ? options[name] : undefined
  if (shape === undefined) throw unknownOption(name, rawName, Object.keys(options))
  if (shape.type === 'boolean') {
    if (value !== undefined) throw usageError(`${rawName} takes no value`)
    return
  }
  if (value === undefined || value === '') throw usageError(`${rawName} needs a value`)
  if (inlineValue !== true && /^-./.test(value))
    throw usageError(`${rawName} needs a value; if ${value} is meant, write --${name}=${value}`)
  if (seen.has(name) && shape.multiple !== true) throw usageError(`${rawName} is given twice`)
  seen.add(name)
}

function unknownOption(name: string, rawName: string, known: readonly string[]): GatewayError {
  const near = nearest(name, known)
  const list = known.length === 0 ? 'it takes none' : `there are: ${known.map((each) => `--${each}`).join(', ')}`
  return usageError(`there is no option ${rawName}; ${near === undefined ? list : `did you mean --${near}?`}`)
}

/** For a word that must be one of a list. */
export function notOneOf(what: string, word: string, known: readonly string[]): GatewayError {
  const near = nearest(word, known)
  return usageError(`there is no ${what} "${word}"; ${near === undefined ? `there are: ${known.join(', ')}` : `did you mean ${near}?`}`)
}

/** A whole number in an option. */
export function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
    throw usageError(`--${name} takes a whole number of at least ${least}`)
  return value
}
