import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type ExtensionLoader, type ExtensionSet, NO_EXTENSIONS } from '../../drivers/extension/load-extensions.ts'
import { extendSchema, faultFindings } from '../config/extended-schema.ts'
import { createExtensionLoader, installedConfigSchema } from '../config/installed-schema.ts'
import { type ConfigProblem, formatProblem, problemAt } from '../config/problem.ts'
import type { ConfigSchema } from '../config/schema.ts'
import { isMapping } from '../config/schema-walk.ts'
import { readYaml } from '../config/yaml-source.ts'
import { StrayExceptions } from '../daemon/stray-exceptions.ts'
import { usageError } from './command.ts'

/** Where a command takes extensions from. */
export const EXTENSION_OPTIONS = { config: { type: 'string' }, extension: { type: 'string', multiple: true } } as const

export interface OpenedExtensions {
  readonly extensions: ExtensionSet
  readonly schema: ConfigSchema
  readonly problems: readonly ConfigProblem[]
}

const USUAL_CONFIG = 'tagward.yaml'

/** The extensions that the options name; without options those of the usual configuration, where there is one. */
export async function openExtensions(options: {
  readonly config?: string | undefined
  readonly extension?: readonly string[] | undefined
}): Promise<OpenedExtensions> {
  if (options.extension !== undefined)
    return await load({ extensions: options.extension }, process.cwd(), (_, finding) =>
      problemAt('--extension', { line: 1, column: 1 }, finding)
    )
  const file = options.config ?? (existsSync(USUAL_CONFIG) ? USUAL_CONFIG : undefined)
  if (file === undefined) return { extensions: NO_EXTENSIONS, schema: installedConfigSchema(), problems: [] }
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) throw usageError(`${file} cannot be read`)
  const yaml = readYaml(text, file)
  // Somebody who decodes has not asked for the mistakes of a configuration; who names one has.
  if (!yaml.ok) {
    if (options.config !== undefined) throw usageError(yaml.problems.map(formatProblem).join('\n'))
    return { extensions: NO_EXTENSIONS, schema: installedConfigSchema(), problems: [] }
  }
  const { source } = yaml
  return await load(source.data, dirname(resolve(file)), (path, finding) => problemAt(file, source.locate({ path, at: 'value' }), finding))
}

/** For a command that ends: what extensions leave running is told on stderr. */
export function guardedLoader(): ExtensionLoader {
  const strays = new StrayExceptions()
  return createExtensionLoader((module) => strays.watch(module))
}

type Finding = ReturnType<typeof faultFindings>[number]

async function load(
  data: unknown,
  directory: string,
  place: (path: Finding['path'], finding: Finding) => ConfigProblem
): Promise<OpenedExtensions> {
  const only = isMapping(data) ? { extensions: data['extensions'] } : {}
  const { extensions, schema } = await extendSchema(installedConfigSchema(), guardedLoader(), only, directory)
  return { extensions, schema, problems: faultFindings(extensions.faults).map((finding) => place(finding.path, finding)) }
}

export function sayFaults(problems: readonly ConfigProblem[]): void {
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
}
