import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ExtensionError } from './extension-error.ts'
import { checkRights } from './file-rights.ts'

/** A module to load. */
export interface FoundExtension {
  /** Absolute, without symbolic links. */
  readonly file: string
  /** Changes with the file: its age and size. */
  readonly version: string
}

const MODULE = /\.(?:js|mjs|cjs)$/
const OWN_PACKAGE = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * The modules that an entry of `extensions` names: a file, a folder (a package, or every module and package in it), or an installed package,
 * looked for from `directory` upwards and then beside Tagward itself.
 * @throws ExtensionError EXTENSION_NOT_FOUND, EXTENSION_UNSAFE.
 */
export async function findExtensions(written: string, directory: string): Promise<readonly FoundExtension[]> {
  const path = isPath(written) ? resolve(directory, written) : await packageFolder(written, directory)
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw notFound(
      error.code === 'ENOENT' ? `there is no ${path}` : `${path} cannot be looked at (${error.code ?? 'unknown error'})`,
      'name a file or folder, relative to the configuration file, or an installed package'
    )
  })
  const files = status.isDirectory() ? await modulesIn(path) : [path]
  return await Promise.all(files.map(looked))
}

/** As everywhere: what begins with a dot or a slash, or ends like a module, is a path; anything else is the name of a package. */
function isPath(written: string): boolean {
  return /^(?:\.{1,2}(?:[/\\]|$)|[/\\]|[A-Za-z]:[/\\])/.test(written) || MODULE.test(written)
}

async function looked(path: string): Promise<FoundExtension> {
  const file = await realpath(path).catch(() => {
    throw notFound(`there is no ${path}`, 'build the package, or correct its package.json')
  })
  const { isFile, mtimeNs, size } = await stat(file, { bigint: true }).then((status) => ({
    isFile: status.isFile(),
    mtimeNs: status.mtimeNs,
    size: status.size
  }))
  if (!isFile) throw notFound(`${file} is no file`, 'name a JavaScript module')
  await checkRights(file)
  return { file, version: `${mtimeNs}-${size}` }
}

async function modulesIn(folder: string): Promise<readonly string[]> {
  const whole = await packageEntry(folder)
  if (whole !== undefined) return [whole]
  const files: string[] = []
  for (const entry of (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    if (MODULE.test(entry.name) && !/\.test\.[cm]?js$/.test(entry.name)) files.push(path)
    else if (entry.isDirectory()) {
      const inner = await packageEntry(path)
      if (inner !== undefined) files.push(inner)
    }
  }
  if (files.length > 0) return files
  throw notFound(`there is neither a JavaScript module nor a package in ${folder}`, 'put the extension there, or name its file')
}

async function packageFolder(name: string, directory: string): Promise<string> {
  for (const start of [directory, OWN_PACKAGE])
    for (let at = start; ; at = dirname(at)) {
      const folder = join(at, 'node_modules', name)
      if ((await stat(folder).catch(() => undefined))?.isDirectory()) return folder
      if (at === dirname(at)) break
    }
  throw notFound(
    `the package "${name}" is not installed`,
    `install it where the configuration is (npm install --prefix ${directory} ${name}); a file is written with ./ before it`
  )
}

/** The module that a package's manifest names; undefined where there is no manifest. */
async function packageEntry(folder: string): Promise<string | undefined> {
  const file = join(folder, 'package.json')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  let manifest: Readonly<Record<string, unknown>>
  try {
    manifest = JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    throw notFound(`${file} is no JSON`, 'correct it')
  }
  const named = entryOf(manifest['exports']) ?? manifest['main'] ?? 'index.js'
  if (typeof named === 'string') return join(folder, named)
  throw notFound(`${file} does not say which module the package is`, 'add "exports": "./index.js"')
}

/** Of `exports`: what `import` of the package itself takes, by Node's conditions. */
function entryOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports
  if (typeof exports !== 'object' || exports === null) return undefined
  const conditions = exports as Readonly<Record<string, unknown>>
  for (const [condition, target] of Object.entries(conditions)) {
    if (!['.', 'node', 'import', 'module-sync', 'default'].includes(condition)) continue
    const entry = entryOf(target)
    if (entry !== undefined) return entry
  }
  return undefined
}

function notFound(message: string, remedy: string): ExtensionError {
  return new ExtensionError({ code: 'EXTENSION_NOT_FOUND', message, remedy })
}
