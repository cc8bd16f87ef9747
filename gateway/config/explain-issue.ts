/** Turns zod's issues into findings that say what is wrong and what would be right. Values of secret fields never appear in them. */
import type { z } from 'zod'
import { expectation } from './expectation.ts'
import { hint, takes } from './hints.ts'
import { type Finding, nearest } from './problem.ts'
import type { JsonSchemaNode } from './schema.ts'
import { discriminator, isMapping, isReferable, knownKeys, nameOf, nodeAt, type Path, valueAt } from './schema-walk.ts'
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
      return value === undefined ? missing(path, node, issue) : finding(`${shown} is not allowed here`, remedyFor(value, node, path))
    case 'invalid_value': {
      if (value === undefined) return missing(path, node, issue)
      return finding(`${shown} is not allowed here`, oneOf(value, issue.values))
    }
    case 'custom':
      return finding(
        value === undefined ? issue.message : withSubject(issue.message, shown),
        remedyOf(issue.params) ?? `write ${explained(node)}`
      )
    case 'invalid_format':
      return finding(`${shown} is not allowed here`, `write ${ownWords(issue) ?? explained(node)}${hint(value, node, path.at(-1))}`)
    case 'too_small':
    case 'too_big':
      return isEmpty(value)
        ? finding(Array.isArray(value) ? 'the list is empty' : 'the text is empty', `write ${explained(node)}`)
        : finding(`${shown} is too ${sizeWord(issue)}`, remedyFor(value, node, path))
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

/** Messages of refinements are whole sentences, or go on from the value (`is …`, `has …`), or from the key where there is none. */
function withSubject(message: string, shown: string): string {
  return shown !== 'a section' && /^(is|has) /.test(message) ? `${shown} ${message}` : message
}

/** A value as it may be told: short, and nothing of a secret or of anything that may come to hold one. */
function show(value: unknown, node: JsonSchemaNode | undefined): string {
  if (value === null) return 'no value'
  if (Array.isArray(value)) return 'a list'
  if (isMapping(value)) return 'a section'
  // A text in place of a section may be the whole of what was to be in it.
  if (node === undefined || isReferable(node) || (typeof value === 'string' && takes(node, 'object') && !takes(node, 'string')))
    return typeof value === 'string' ? 'this text' : `this ${typeof value}`
  if (typeof value === 'number') return String(value)
  // A URL can carry a password.
  const text = (JSON.stringify(value) ?? String(value)).replace(/\/\/[^/]*@/g, '//…@')
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** What may stand there, and what it is for. */
function explained(node: JsonSchemaNode | undefined): string {
  return `${expectation(node)}${node?.description === undefined || node['x-written'] !== undefined ? '' : ` (${node.description})`}`
}

const isEmpty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0)

/** What would be right, and what the value lets guess. */
function remedyFor(value: unknown, node: JsonSchemaNode | undefined, path: Path): string {
  const choice = node === undefined ? undefined : discriminator(node)
  if (choice !== undefined && choice.key === path.at(-1))
    return 'write a name of your choice and a colon first, and indent these lines below it'
  if (choice?.values.includes(value)) return `write {${choice.key}: ${String(value)}}, with the settings that it needs`
  return `write ${expectation(node)}${hint(value, node, path.at(-1))}`
}

/** The value is none of a list. */
function oneOf(value: unknown, allowed: readonly unknown[]): string {
  const list = allowed.map((each) => (typeof each === 'string' && isNumeric(each) ? `"${each}"` : String(each)))
  const same = allowed.find((each) => String(each) === String(value))
  if (same !== undefined) return typeof same === 'string' ? `write "${same}", in quotes` : `write ${String(same)}, without quotes`
  const near = typeof value === 'string' ? nearest(value, allowed.map(String)) : undefined
  return `${near === undefined ? '' : `did you mean ${near}? `}write one of: ${list.join(', ')}`
}

const isNumeric = (text: string): boolean => text.trim() !== '' && !Number.isNaN(Number(text))

function unknownKey({ schema, data }: Context, path: Path, key: string): Finding {
  const around = path.slice(0, -1)
  const node = nodeAt(schema, data, around)
  const value = valueAt(data, around)
  const finding = (what: string, remedy: string): Finding => ({ path, at: 'key', what, remedy })
  if (node === undefined) return finding('unknown key', 'remove it')
  const name = key.slice(0, Math.max(0, key.search(/[:=]/)))
  if (name !== '') return { ...finding('the space after the colon is missing', `write \`${nameOf(name)}: …\``), meant: [...around, name] }
  const home = sectionThatHas(node, value, key)
  const known = knownKeys(node, value)
  const near = nearest(key, freeOf(known, value))
  if (home !== undefined && near === undefined)
    return finding('unknown key', `it belongs to the section ${home}: indent it below \`${home}:\``)
  const list = `known here: ${[...known].sort().join(', ')}`
  const meant = near === undefined ? {} : { meant: [...around, near] }
  return { ...finding('unknown key', near === undefined ? list : `did you mean ${near}? (${list})`), ...meant }
}

const freeOf = (known: readonly string[], value: unknown) => known.filter((name) => !isMapping(value) || !Object.hasOwn(value, name))

/** The section beside it that has this key: one that stands empty there, else the only one. */
function sectionThatHas(node: JsonSchemaNode, value: unknown, key: string): string | undefined {
  const having = Object.entries(node.properties ?? {}).filter(([, section]) => knownKeys(section, {}).includes(key))
  const open = having.find(([name]) => isMapping(value) && value[name] === null)
  return (open ?? (having.length === 1 ? having[0] : undefined))?.[0]
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
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : 'this'
  const remedy = oneOf(value, options)
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
  return [{ path, at: 'value', what: `${shown} is not allowed here`, remedy: remedyFor(valueAt(context.data, path), node, path) }]
}
