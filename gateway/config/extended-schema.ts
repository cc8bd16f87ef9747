/**
 * Extensions are named in the configuration and have a part in its schema: they are loaded first, from the text as it stands. What a broken one
 * would have brought is set aside, so that the gateway runs with everything else.
 */
import { textOfThrown } from '../../drivers/extension/extension-error.ts'
import { type ExtensionFault, type ExtensionLoader, type ExtensionSet, NO_EXTENSIONS } from '../../drivers/extension/load-extensions.ts'
import { timeLimited } from '../../drivers/extension/time-limit.ts'
import { NAMESPACE_PATTERN } from '../events/tag-id.ts'
import type { Finding } from './problem.ts'
import { buildConfigSchema, type ConfigSchema, type SourceConfig } from './schema.ts'
import { isMapping } from './schema-walk.ts'

export interface ExtendedSchema {
  readonly schema: ConfigSchema
  readonly extensions: ExtensionSet
}

/** A refinement of a schema takes microseconds. */
const CHECK_LIMIT_MS = 500

/** By the set, so that a configuration that is read again costs nothing. */
const schemas = new WeakMap<ExtensionSet, WeakMap<ConfigSchema, ExtendedSchema>>()

/** `base`: the schema over what the program has of its own; `data`: the file. Never rejects. */
export async function extendSchema(
  base: ConfigSchema,
  loader: ExtensionLoader | undefined,
  data: unknown,
  directory: string
): Promise<ExtendedSchema> {
  const written = isMapping(data) ? data['extensions'] : undefined
  // What is no list of texts is told by the schema.
  if (
    loader === undefined ||
    !Array.isArray(written) ||
    written.length === 0 ||
    !written.every((entry) => typeof entry === 'string' && entry !== '')
  )
    return { schema: base, extensions: NO_EXTENSIONS }
  const set = await loader.load(written, directory)
  const known = schemas.get(set)?.get(base)
  if (known !== undefined) return known
  const extended = built(base, set)
  const bases = schemas.get(set) ?? new WeakMap<ConfigSchema, ExtendedSchema>()
  bases.set(base, extended)
  schemas.set(set, bases)
  return extended
}

/** One after the other: a schema that cannot be joined with the rest costs its extension alone. */
function built(base: ConfigSchema, set: ExtensionSet): ExtendedSchema {
  let schema = base
  const loaded: ExtensionSet['loaded'][number][] = []
  const faults: ExtensionFault[] = [...set.faults]
  for (const extension of set.loaded) {
    const { catalogue } = schema
    try {
      schema = buildConfigSchema({
        drivers: [...catalogue.drivers, ...extension.drivers],
        codecs: [...catalogue.codecs, ...extension.codecs]
      })
      loaded.push(extension)
    } catch (error) {
      const message = `its settings cannot be made part of the configuration: ${textOfThrown(error)}`
      const { file } = extension
      faults.push({
        index: set.files.get(file) ?? 0,
        file,
        code: 'EXTENSION_INVALID',
        message,
        remedy: 'use plain texts, numbers, lists and objects',
        goesOn: false
      })
    }
  }
  return {
    schema,
    extensions: {
      ...set,
      loaded,
      faults,
      drivers: loaded.flatMap(({ drivers }) => drivers),
      codecs: loaded.flatMap(({ codecs }) => codecs)
    }
  }
}

/** Sources that cannot run because of an extension; the rest of the file is checked without them. */
export interface SetAside {
  readonly data: unknown
  readonly sources: ReadonlyMap<string, SourceConfig>
  readonly findings: readonly Finding[]
}

/** Sources whose driver or protocol nobody knows, while some extension could not be loaded that may have brought it. */
export function setUnknownAside(data: unknown, { extensions, schema }: ExtendedSchema): SetAside {
  const missing = extensions.faults.filter(({ goesOn }) => !goesOn)
  if (missing.length === 0) return { data, sources: new Map(), findings: [] }
  const kinds = new Set<unknown>(schema.catalogue.drivers.map(({ kind }) => kind))
  const protocols = new Set<unknown>(schema.catalogue.codecs.map(({ protocol }) => protocol))
  const names = missing.map(({ file, index }) => file ?? writtenAt(data, index)).join(', ')
  return setAside(data, (_, { driver, protocol }) => {
    const unknown =
      typeof driver === 'string' && !kinds.has(driver)
        ? (['driver', driver] as const)
        : typeof protocol === 'string' && !protocols.has(protocol)
          ? (['protocol', protocol] as const)
          : undefined
    if (unknown === undefined) return undefined
    const [key, name] = unknown
    return {
      key,
      what: `there is no ${key} "${name}"; it may be of an extension that could not be loaded (${names})`,
      remedy: `mend the extension, or correct the name of the ${key}`
    }
  })
}

/** Sources whose settings an extension checks with code that throws or does not end. `data`: with references replaced. */
export function setThrowingAside(data: unknown, { extensions, schema }: ExtendedSchema): SetAside {
  if (extensions.loaded.length === 0) return { data, sources: new Map(), findings: [] }
  const kinds = new Set<unknown>(extensions.drivers.map(({ kind }) => kind))
  const protocols = new Set<unknown>(extensions.codecs.map(({ protocol }) => protocol))
  const { sources } = schema.zod.shape
  return setAside(data, (id, source) => {
    if (!kinds.has(source['driver']) && !protocols.has(source['protocol'])) return undefined
    try {
      timeLimited(CHECK_LIMIT_MS, 'the check of the settings', () => sources.safeParse({ [id]: source }))
      return undefined
    } catch (error) {
      return {
        key: 'driver',
        what: `the check of these settings, which is of an extension, failed: ${textOfThrown(error)}`,
        remedy: 'report it to the author of the extension'
      }
    }
  })
}

type Reason = { readonly key: string; readonly what: string; readonly remedy: string }

function setAside(data: unknown, reasonOf: (id: string, source: Readonly<Record<string, unknown>>) => Reason | undefined): SetAside {
  const sources = new Map<string, SourceConfig>()
  const findings: Finding[] = []
  const written = isMapping(data) ? data['sources'] : undefined
  if (!isMapping(data) || !isMapping(written)) return { data, sources, findings }
  const left: Record<string, unknown> = {}
  for (const [id, source] of Object.entries(written)) {
    const reason = isMapping(source) && NAMESPACE_PATTERN.test(id) ? reasonOf(id, source) : undefined
    if (reason === undefined || !isMapping(source)) {
      left[id] = source
      continue
    }
    const { key, remedy, what } = reason
    findings.push({ path: ['sources', id, key], at: 'value', what, remedy })
    sources.set(id, unavailableSource(id, source, `${what}; ${remedy}`))
  }
  return { data: sources.size === 0 ? data : { ...data, sources: left }, sources, findings }
}

/** Its settings are nobody's: not even what is secret in them is known. */
function unavailableSource(
  id: string,
  { driver, enabled, namespace, protocol }: Readonly<Record<string, unknown>>,
  message: string
): SourceConfig {
  return {
    id,
    driver: typeof driver === 'string' ? driver.slice(0, 60) : '',
    protocol: typeof protocol === 'string' ? protocol.slice(0, 60) : undefined,
    namespace: typeof namespace === 'string' && NAMESPACE_PATTERN.test(namespace) ? namespace : id,
    enabled: enabled !== false,
    settings: {},
    unavailable: { code: 'EXTENSION_UNAVAILABLE', message }
  }
}

function writtenAt(data: unknown, index: number): string {
  const written = isMapping(data) ? data['extensions'] : undefined
  return Array.isArray(written) ? String(written[index]) : ''
}

/** Each fault at its place in the file. */
export function faultFindings(faults: readonly ExtensionFault[]): readonly Finding[] {
  return faults.map(({ code, file, goesOn, index, message, remedy }) => ({
    path: ['extensions', index],
    at: 'value',
    what: `${goesOn ? 'the changed file is not taken over, and what was loaded before goes on' : 'cannot be loaded'}: ${file === undefined ? '' : `${file}: `}${message} [${code}]`,
    remedy
  }))
}
