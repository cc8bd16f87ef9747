/**
 * Changes the configuration file from the program: comments, order and references stay; what is invalid is never written.
 * A crash at any point leaves the old file or the new one, whole: temporary file beside it, sync, rename, sync of the directory.
 */
import { chmod, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { GatewayError } from '../errors.ts'
import { withFileLock } from './file-lock.ts'
import { etagOf, type LoadedConfig, type LoadOptions, parseConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'
import { readYaml, type YamlDocument } from './yaml-source.ts'

export interface UpdateOptions extends LoadOptions {
  /** Version of the file that the change was made for; the change is refused when the file is another one by now. */
  readonly etag?: string
}

/**
 * Calls `edit` with the file as a YAML document, checks the result and puts it in place.
 * @throws GatewayError CONFIG_INVALID (the result would be refused; `details.problems`), CONFIG_CONFLICT (the file was
 * changed underneath, or another process is writing it), CONFIG_WRITE_FAILED (the disk, the rights).
 */
export async function updateConfig(path: string, edit: (document: YamlDocument) => void, options: UpdateOptions): Promise<LoadedConfig> {
  // A symbolic link stays one: its target is replaced.
  const target = await realpath(path).catch((cause: unknown) => {
    throw new GatewayError('CONFIG_WRITE_FAILED', `${path} cannot be found`, { cause })
  })
  return await withFileLock(target, async () => {
    const before = await readFile(target, 'utf8')
    if (options.etag !== undefined && etagOf(before) !== options.etag) throw conflict(path)
    const yaml = readYaml(before, path)
    if (!yaml.ok) throw invalid(yaml.problems.map(formatProblem))
    const { document, data } = yaml.source
    edit(document)
    const after = isDeepStrictEqual(document.toJS(), data) ? before : textOf(document, before)
    const result = await parseConfig(after, path, options)
    if (!result.ok) throw invalid(result.problems.map(formatProblem))
    if (after !== before) await replaceFile(target, after, async () => etagOf(await readFile(target, 'utf8')) === etagOf(before))
    return result
  })
}

function invalid(problems: readonly string[]): GatewayError {
  return new GatewayError('CONFIG_INVALID', problems.join('\n'), { details: { problems } })
}

function conflict(path: string, cause?: unknown): GatewayError {
  return new GatewayError('CONFIG_CONFLICT', `${path} was changed in the meantime`, { retriable: true, cause })
}

function textOf(document: YamlDocument, before: string): string {
  const text = document.toString(styleOf(before))
  const restored = restoreSpacing(text, before)
  const check = readYaml(restored, '')
  return check.ok && isDeepStrictEqual(check.source.data, document.toJS()) ? restored : text
}

/** Lines that differ from their old selves in spaces only (aligned comments, list indentation) get those back. */
function restoreSpacing(text: string, before: string): string {
  const words = (line: string) => line.trim().replaceAll(/\s+/g, ' ')
  const old = new Map<string, string[]>()
  for (const line of before.split('\n')) old.set(words(line), [...(old.get(words(line)) ?? []), line])
  return text
    .split('\n')
    .map((line) => old.get(words(line))?.shift() ?? line)
    .join('\n')
}

/** The layout habits of a file, so that a change of one line does not become a change of all. */
function styleOf(text: string) {
  const indent = /^( +)(?=[^\s#-])/m.exec(text)?.[1]?.length
  return {
    lineWidth: 0,
    indent: indent !== undefined && indent <= 8 ? indent : 2,
    indentSeq: !/^( *)\S[^\n]*:[ \t]*\n\1- /m.test(text),
    flowCollectionPadding: /[{[] \S/.test(text) && !/[{[][^\s{[]/.test(text)
  }
}

/** Puts `text` in place of a file, keeping mode and owner. `unchanged` is asked at the last moment. */
async function replaceFile(target: string, text: string, unchanged: () => Promise<boolean>): Promise<void> {
  const directory = dirname(target)
  const prefix = `.${basename(target)}.new-`
  const temporary = join(directory, `${prefix}${process.pid}`)
  try {
    for (const name of await readdir(directory)) if (name.startsWith(prefix)) await rm(join(directory, name), { force: true })
    const { mode, uid, gid } = await stat(target)
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      const own = await file.stat()
      if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid)
      await file.sync()
    } finally {
      await file.close()
    }
    await chmod(temporary, mode & 0o7777)
    if (!(await unchanged())) throw conflict(target)
    await rename(temporary, target)
    await syncDirectory(directory)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    if (cause instanceof GatewayError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new GatewayError('CONFIG_WRITE_FAILED', `${target} cannot be written: ${why}`, { retriable: true, cause })
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
