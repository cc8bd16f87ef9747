import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { ExtensionLoader, ExtensionSet } from '../../drivers/extension/load-extensions.ts'
import { explainIssue } from './explain-issue.ts'
import { extendSchema, faultFindings, setThrowingAside, setUnknownAside } from './extended-schema.ts'
import { type ConfigProblem, type Finding, problemAt } from './problem.ts'
import { resolveReferences } from './references.ts'
import { type Config, type ConfigSchema, type ParsedRoot, SOURCE_KEYS, type SourceConfig } from './schema.ts'
import { isMapping, type Path } from './schema-walk.ts'
import { sharedClaims } from './shared-claims.ts'
import { MAX_PROBLEMS, readYaml, type YamlSource } from './yaml-source.ts'

export interface LoadedConfig {
  readonly ok: true
  readonly config: Config
  /** Hash of the file's text: names this version of it. */
  readonly etag: string
  /** Absolute paths of the files that secrets and certificates were read from, and of extensions. */
  readonly referencedFiles: readonly string[]
  /** The schema that it was checked by, extensions included. */
  readonly schema: ConfigSchema
  readonly extensions: ExtensionSet
  /** What is wrong with extensions, and which sources cannot run for it. The gateway runs with the rest. */
  readonly problems: readonly ConfigProblem[]
}

export interface RefusedConfig {
  readonly ok: false
  /** At least one, in the order of the file. */
  readonly problems: readonly ConfigProblem[]
  readonly etag: string | undefined
}

export type LoadResult = LoadedConfig | RefusedConfig

export interface LoadOptions {
  /** Over what the program has of its own. */
  readonly schema: ConfigSchema
  /** Loads the extensions that the file names; absent: none are. */
  readonly loader?: ExtensionLoader
  readonly env?: Readonly<Record<string, string | undefined>>
}

export function etagOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/** Reads and validates a configuration file. Never throws for what is in the file, or for its absence. */
export async function loadConfig(path: string, options: LoadOptions): Promise<LoadResult> {
  const file = await readConfigFile(path)
  if (!file.ok) return { ok: false, etag: file.etag, problems: [file.problem] }
  return await parseConfig(file.text, path, options)
}

export type ConfigFile =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly etag: string | undefined; readonly problem: ConfigProblem }

/** The text of a configuration file, or why there is none. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const [what, remedy] = UNREADABLE[code] ?? [`the file cannot be read (${code})`, 'check the path and the disk']
    return { ok: false, etag: undefined, problem: { file: path, line: 1, column: 1, path: '', what, remedy } }
  }
  const text = bytes.toString('utf8')
  const foreign = Buffer.from(text, 'utf8').equals(bytes) && !text.includes('\0') ? -1 : text.search(/[\uFFFD\0]/)
  if (foreign < 0) return { ok: true, text }
  const before = text.slice(0, foreign).split('\n')
  const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  const finding: Finding = { path: [], at: 'value', what: 'the file is not UTF-8 text', remedy: 'save it as UTF-8' }
  return { ok: false, etag: etagOf(text), problem: problemAt(path, place, finding) }
}

const UNREADABLE: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  ENOENT: ['the file does not exist', 'create it (config.example.yaml is a start), or name another one'],
  EACCES: ['the file may not be read by this user', 'give the user that the gateway runs as the right to read it'],
  EISDIR: ['this is a directory', 'name the file in it']
}

/** Validates the text of a configuration file. `path` names it in messages; relative paths in it count from its directory. */
export async function parseConfig(text: string, path: string, options: LoadOptions): Promise<LoadResult> {
  const { env = process.env } = options
  const etag = etagOf(text)
  const yaml = readYaml(text, path)
  if (!yaml.ok) return { ok: false, problems: yaml.problems, etag }
  const { source } = yaml
  const directory = dirname(resolve(path))
  const extended = await extendSchema(options.schema, options.loader, source.data, directory)
  const { extensions, schema } = extended
  const known = setUnknownAside(source.data, extended)
  const resolved = await resolveReferences(schema.json, known.data, { env, directory })
  const checkable = setThrowingAside(resolved.data, extended)
  const parsed = schema.zod.safeParse(checkable.data)
  const context = { schema: schema.json, data: checkable.data }
  const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => explainIssue(context, issue)).slice(0, MAX_PROBLEMS)
  // What a missing secret or a misspelt key leads to further on is no mistake of its own.
  const told = new Set(
    [...resolved.findings.map(({ path }) => path), ...issues.flatMap(({ meant }) => (meant === undefined ? [] : [meant]))].map(keyOf)
  )
  const findings = [...resolved.findings, ...issues.filter((finding) => !told.has(keyOf(finding.path)))]
  if (!parsed.success || findings.length > 0) return { ok: false, problems: inOrder(source, findings), etag }
  const unavailable = new Map([...known.sources, ...checkable.sources])
  const config = assemble(parsed.data, schema, directory, inFileOrder(source.data, unavailable))
  const shared = sharedClaims(config.sources, schema.catalogue, (claim) => source.locate({ path: claim, at: 'value' }).line)
  if (shared.length > 0) return { ok: false, problems: inOrder(source, shared), etag }
  const problems = inOrder(source, [...faultFindings(extensions.faults), ...known.findings, ...checkable.findings])
  return { ok: true, config, etag, referencedFiles: [...resolved.files, ...extensions.files.keys()], schema, extensions, problems }
}

/** Names of all sources as they stand in the file, with those that cannot run. */
function inFileOrder(
  data: unknown,
  unavailable: ReadonlyMap<string, SourceConfig>
): readonly (readonly [string, SourceConfig | undefined])[] {
  const written = isMapping(data) ? data['sources'] : undefined
  return isMapping(written) ? Object.keys(written).map((id) => [id, unavailable.get(id)]) : []
}

const keyOf = (path: Path): string => JSON.stringify(path.map(String))

function inOrder(source: YamlSource, findings: readonly Finding[]): readonly ConfigProblem[] {
  return findings
    .map((finding) => problemAt(source.file, source.locate(finding), finding))
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
}

function assemble(
  { sources, dataDir, kafka, ...sections }: ParsedRoot,
  schema: ConfigSchema,
  directory: string,
  ids: readonly (readonly [string, SourceConfig | undefined])[]
): Config {
  return {
    ...sections,
    kafka,
    dataDir: resolve(directory, dataDir),
    sources: ids.map(([id, unavailable]) => unavailable ?? assembleSource(id, sources[id] ?? {}, schema))
  }
}

function assembleSource(id: string, source: Readonly<Record<string, unknown>>, schema: ConfigSchema): SourceConfig {
  const codec = schema.catalogue.codecs.find((candidate) => candidate.protocol === source['protocol'])
  const worldWide = codec?.idScope === 'world' ? codec.idNamespace : undefined
  return {
    id,
    driver: String(source['driver']),
    protocol: codec?.protocol,
    namespace: typeof source['namespace'] === 'string' ? source['namespace'] : (worldWide ?? id),
    enabled: source['enabled'] !== false,
    settings: Object.fromEntries(Object.entries(source).filter(([key]) => !SOURCE_KEYS.has(key) && key !== codec?.protocol)),
    ...(codec === undefined || source[codec.protocol] === undefined ? {} : { protocolSettings: source[codec.protocol] }),
    ...(source['record'] === undefined ? {} : { record: source['record'] as { readonly maxBytes: number } })
  }
}
