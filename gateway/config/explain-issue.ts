/** Turns zod's issues into findings that say what is wrong and what would be right. Values of secret fields never appear in them. */
import type { z } from 'zod'
import { expectation } from './expectation.ts'
import { type Finding, nearest } from './problem.ts'
import type { JsonSchemaNode } from './schema.ts'
import { isMapping, isReferable, knownKeys, nodeAt, type Path, valueAt } from './schema-walk.ts'
import { MAX_PROBLEMS } from './yaml-source.ts'

type Issue = z.core.$ZodIssue

interface Context {
  readonly schema: JsonSchemaNode
  readonly data: unknown
}

export function explainIssue(context: Context, issue: Issue, parent: Path = []): readonly Finding[] {
  const path = [...parent, ...issue.path]
  const finding = (what: string, remedy: string, at: Finding['at'] = 'value'): readonly Finding[] => [{ path, at, what, remedy }]
  const value = valueAt(context.data, path)
  const node = nodeAt(context.schema, context.data, path)
  const shown = show(value, node)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.slice(0, MAX_PROBLEMS).map((key) => unknownKey(context, [...path, key], key))
    case 'invalid_key':
      return finding('this name cannot be used', `write ${issue.issues[0]?.message ?? 'another one'}`, 'key')
    case 'invalid_union':
      if (value === undefined) return missing(path, node, issue)
      return issue.errors.length === 0 ? wrongChoice(issue, path, value) : fromBestBranch(context, issue, path, shown, node)
    case 'invalid_type':
      return value === undefined
        ? missing(path, node, issue)
        : finding(`${shown} is not allowed here`, `write ${expectation(node)}${hint(value, node)}`)
    case 'invalid_value': {
      if (value === undefined) return missing(path, node, issue)
      const near = typeof value === 'string' ? nearest(value, issue.values.map(String)) : undefined
      return finding(`${shown} is not allowed here`, `${near === undefined ? '' : `did you mean ${near}? `}write ${expectation(node)}`)
    }
    case 'custom':
      return finding(withSubject(issue.message, shown), remedyOf(issue.params) ?? `write ${explained(node)}`)
    case 'invalid_format':
      return finding(`${shown} is not allowed here`, `write ${ownWords(issue) ?? explained(node)}`)
    case 'too_small':
    case 'too_big':
      return finding(`${shown} is too ${sizeWord(issue)}`, `write ${expectation(node)}`)
    default:
      return finding(`${shown} is not allowed here`, `write ${expectation(node)}`)
  }
}

function sizeWord(issue: { code: 'too_small' | 'too_big'; origin: string }): string {
  const length = issue.origin === 'string' || issue.origin === 'array'
  if (issue.code === 'too_small') return length ? 'short' : 'small'
  return length ? 'long' : 'large'
}

/** Text given with `.regex(…, text)` says what is allowed; zod's own default does not. */
function ownWords(issue: Issue): string | undefined {
  return issue.message.startsWith('Invalid ') ? undefined : issue.message
}

function remedyOf(params: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const remedy = params?.['remedy']
  return typeof remedy === 'string' ? remedy : undefined
}

/** Messages of refinements are whole sentences, or go on from the value (`is …`, `has …`). */
function withSubject(message: string, shown: string): string {
  return shown !== 'a section' && /^(is|has) /.test(message) ? `${shown} ${message}` : message
}

/** A value as it may be told: short, and nothing of a secret or of anything that may come to hold one. */
function show(value: unknown, node: JsonSchemaNode | undefined): string {
  if (value === null) return 'no value'
  if (Array.isArray(value)) return 'a list'
  if (isMapping(value)) return 'a section'
  if (node === undefined || isReferable(node)) return typeof value === 'string' ? 'this text' : `this ${typeof value}`
  // A URL can carry a password.
  const text = (JSON.stringify(value) ?? String(value)).replace(/\/\/[^/]*@/g, '//…@')
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** What may stand there, and what it is for. */
function explained(node: JsonSchemaNode | undefined): string {
  return `${expectation(node)}${node?.description === undefined ? '' : ` (${node.description})`}`
}

function hint(value: unknown, node: JsonSchemaNode | undefined): string {
  if (value === null) return ', or remove the line'
  if (node?.type === 'string' && typeof value !== 'object') return '; put the value in quotes to make it a text'
  if (typeof value === 'string' && node?.type !== undefined && /number|integer|boolean/.test(String(node.type))) return ', without quotes'
  return ''
}

function unknownKey({ schema, data }: Context, path: Path, key: string): Finding {
  const around = path.slice(0, -1)
  const node = nodeAt(schema, data, around)
  const value = valueAt(data, around)
  const known = node === undefined ? [] : knownKeys(node, value)
  const free = known.filter((name) => !isMapping(value) || !Object.hasOwn(value, name))
  const near = nearest(key, free)
  const list = `known here: ${[...known].sort().join(', ')}`
  return { path, at: 'key', what: 'unknown key', remedy: near === undefined ? list : `did you mean ${near}? (${list})` }
}

function missing(path: Path, node: JsonSchemaNode | undefined, issue: Issue): readonly Finding[] {
  const key = String(path.at(-1) ?? '')
  const options =
    issue.code === 'invalid_union' && 'options' in issue ? `one of: ${[...(issue.options as Iterable<unknown>)].join(', ')}` : undefined
  return [{ path, at: 'value', what: 'is missing', remedy: `add \`${key}:\` with ${options ?? explained(node)}` }]
}

/** The key that tells the kinds of a union apart has a value of none of them. */
function wrongChoice(issue: Issue & { code: 'invalid_union' }, path: Path, value: unknown): readonly Finding[] {
  const options = 'options' in issue && issue.options !== undefined ? [...(issue.options as Iterable<unknown>)].map(String) : []
  const near = typeof value === 'string' ? nearest(value, options) : undefined
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : 'this'
  const remedy = `${near === undefined ? '' : `did you mean ${near}? `}write one of: ${options.join(', ')}`
  return [{ path, at: 'value', what: `${shown} is not allowed here`, remedy }]
}

/** The branch that went furthest into the value is the one that was meant. */
function fromBestBranch(
  context: Context,
  issue: Issue & { code: 'invalid_union' },
  path: Path,
  shown: string,
  node: JsonSchemaNode | undefined
): readonly Finding[] {
  const meant = issue.errors.find((errors) => errors.every((error) => error.path.length > 0 || error.code !== 'invalid_type'))
  const reachable = meant?.filter((error) => error.path.length > 0 || (error.code !== 'invalid_value' && error.code !== 'invalid_type'))
  if (reachable !== undefined && reachable.length > 0) return reachable.flatMap((error) => explainIssue(context, error, path))
  return [{ path, at: 'value', what: `${shown} is not allowed here`, remedy: `write ${expectation(node)}` }]
}
