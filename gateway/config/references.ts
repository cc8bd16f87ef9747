/**
 * Values by reference: `${ENV_NAME}` anywhere in a text, and `{file: path}`. Only fields that the schema marks may have
 * them, so that nothing secret ends up in a field that is logged or shown.
 */
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Finding } from './problem.ts'
import type { JsonSchemaNode } from './schema.ts'
import { childNode, isMapping, isReferable, isSecret, type Path } from './schema-walk.ts'

export interface ReferenceContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Directory that relative paths count from. */
  readonly directory: string
}

export interface Resolved {
  /** A copy of the data with references replaced; a failed one is replaced by an empty text. */
  readonly data: unknown
  readonly findings: readonly Finding[]
  /** Files that were read, absolute: a change of one is a change of the configuration. */
  readonly files: readonly string[]
}

const ENV_SAMPLE = '$' + '{NAME}'
const MAX_FILE_BYTES = 1 << 18
/** `$${` stands for a literal `${`. */
const REFERENCE = /\$(\$\{)|\$\{([^}]*)(\}?)/g
const PLAIN_REFERENCE = /(?<!\$)\$\{[A-Za-z_][A-Za-z0-9_]*\}/
const ESCAPED_REFERENCE = /\$(\$\{[A-Za-z_][A-Za-z0-9_]*\})/g
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export async function resolveReferences(schema: JsonSchemaNode, data: unknown, context: ReferenceContext): Promise<Resolved> {
  const findings: Finding[] = []
  const files: string[] = []

  async function walk(node: JsonSchemaNode | undefined, value: unknown, path: Path): Promise<unknown> {
    if (isReferable(node)) return await fromReference(node, value, path)
    if (typeof value === 'string') return plain(value, path)
    if (Array.isArray(value))
      return await Promise.all(value.map((item, index) => walk(node && childNode(node, value, index), item, [...path, index])))
    if (!isMapping(value)) return value
    const entries: [string, unknown][] = []
    for (const [key, child] of Object.entries(value))
      entries.push([key, await walk(node && childNode(node, value, key), child, [...path, key])])
    return Object.fromEntries(entries)
  }

  async function fromReference(node: JsonSchemaNode | undefined, value: unknown, path: Path): Promise<unknown> {
    if (isMapping(value)) return await fromFile(node, value, path)
    if (isLiteralSecret(node, value)) {
      findings.push({ path, at: 'value', what: 'a secret must not stand in the configuration itself', remedy: secretRemedy(path) })
      return ''
    }
    if (typeof value !== 'string') return value
    const text = fromEnvironment(value, path)
    return isPemPath(node, text) ? await fromFile(node, { file: text }, path, 'the file that this names') : text
  }

  /** A field that may be shown: a reference in it is a mistake. */
  function plain(text: string, path: Path): string {
    if (PLAIN_REFERENCE.test(text))
      findings.push({
        path,
        at: 'value',
        what: `references such as ${ENV_SAMPLE} are only for secrets and certificates`,
        remedy: `write the value itself (a literal ${ENV_SAMPLE} is written $${ENV_SAMPLE})`
      })
    return text.replaceAll(ESCAPED_REFERENCE, '$1')
  }

  function fromEnvironment(text: string, path: Path): string {
    return text.replaceAll(REFERENCE, (_, literal: string | undefined, name: string, closed: string) => {
      if (literal !== undefined) return literal
      const value = ENV_NAME.test(name) && closed === '}' ? context.env[name] : undefined
      if (value !== undefined && value !== '') return value
      if (!ENV_NAME.test(name) || closed !== '}')
        findings.push({
          path,
          at: 'value',
          what: 'this is no reference to an environment variable',
          remedy: `write ${ENV_SAMPLE} with letters, digits and underscores (a literal \${ is written $\${)`
        })
      else
        findings.push({
          path,
          at: 'value',
          what: `the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'}`,
          remedy:
            'set it for the service (Environment= or EnvironmentFile= of the systemd unit), or write {file: /path} to take the value from a file'
        })
      return ''
    })
  }

  /** `shown`: in place of the path, where what looks like one may be key material without its PEM header. */
  async function fromFile(
    node: JsonSchemaNode | undefined,
    value: Readonly<Record<string, unknown>>,
    path: Path,
    shown?: string
  ): Promise<unknown> {
    const { file, ...others } = value
    if (typeof file !== 'string' || file === '' || Object.keys(others).length > 0) {
      findings.push({
        path,
        at: 'value',
        what: 'this is no reference to a file',
        remedy: isSecret(node) ? secretRemedy(path) : `write {file: /path/to/the/file}, a text, or ${ENV_SAMPLE}`
      })
      return ''
    }
    const absolute = resolve(context.directory, file)
    files.push(absolute)
    const [text, failure] = await readSmallFile(absolute)
    if (text === '')
      findings.push({
        path,
        at: 'value',
        what: `${shown ?? `the file ${absolute}`} ${failure}`,
        remedy: 'put the value there, readable by the user that the gateway runs as'
      })
    return text
  }

  return { data: await walk(schema, data, []), findings, files }
}

/** A secret written out: this file is shown, copied and mailed. Lists and missing values are mistakes of another kind. */
function isLiteralSecret(node: JsonSchemaNode | undefined, value: unknown): boolean {
  if (!isSecret(node) || value === null || typeof value === 'object') return false
  return typeof value !== 'string' || !(isWhollyReferred(value) || isPemPath(node, value))
}

/** Nothing stands beside the references; one that is written wrongly is told as such. */
function isWhollyReferred(text: string): boolean {
  return text !== '' && text.replaceAll(/(?<!\$)\$\{[^}]*\}?/g, '') === ''
}

/** Both ways of writing it, with a name that can be taken as it is. */
function secretRemedy(path: Path): string {
  const words = path.filter((step) => step !== 'sources').map((step) => String(step).replaceAll(/[^A-Za-z0-9]+/g, '_'))
  const name = words
    .join('_')
    .replace(/^(?=\d)/, '_')
    .toUpperCase()
  const file = words.join('-').replaceAll('_', '-').toLowerCase()
  return `write \${${name}} and set ${name} for the service (EnvironmentFile= of the systemd unit), or write {file: /etc/tagward/${file}} and put it into that file`
}

function isPemPath(node: JsonSchemaNode | undefined, text: string): boolean {
  return node?.['x-pem'] === true && text !== '' && text.length < 4096 && !text.includes('\n') && !text.includes('-----BEGIN ')
}

/** The text, and why it is empty. One line end at the end does not belong to the value. */
async function readSmallFile(path: string): Promise<[text: string, failure: string]> {
  try {
    const status = await stat(path)
    if (!status.isFile()) return ['', 'is not a regular file']
    if (status.size > MAX_FILE_BYTES) return ['', 'is larger than 256 KiB']
    return [(await readFile(path, 'utf8')).replace(/\r?\n$/, ''), 'is empty']
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return ['', 'does not exist']
    return ['', code === 'EACCES' ? 'may not be read by this user' : `cannot be read (${code ?? 'unknown error'})`]
  }
}
