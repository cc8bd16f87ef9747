import { execFile } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ExtensionError, placeOfThrown, textOfThrown } from './extension-error.ts'
import { checkExtension, type Extension } from './extension-shape.ts'
import { kit } from './kit.ts'
import type { ExtensionPlace } from './run-messages.ts'

const SYNTAX_CHECK_MS = 5_000

/**
 * Loads a module, lets it make its drivers and codecs, and checks them.
 * @throws ExtensionError EXTENSION_LOAD_FAILED, EXTENSION_API, EXTENSION_INVALID: never anything else.
 */
export async function openExtension(place: ExtensionPlace): Promise<Extension> {
  try {
    const exported = exportedBy(await importModule(place))
    return checkExtension(typeof exported === 'function' ? await exported(kit) : exported)
  } catch (error) {
    throw asExtensionError(error, error instanceof SyntaxError ? await syntaxPlace(place.file) : placeOfThrown(error, place.file))
  }
}

/** The version is part of the name only where a file has changed: Node keeps modules by name, for ever. */
async function importModule({ file, version }: ExtensionPlace): Promise<Readonly<Record<string, unknown>>> {
  const url = pathToFileURL(file).href
  return (await import(version === undefined ? url : `${url}?version=${encodeURIComponent(version)}`)) as Readonly<Record<string, unknown>>
}

/** `export const tagward = …`, a default export, or `module.exports` of CommonJS, itself or with a `tagward`. */
function exportedBy(module: Readonly<Record<string, unknown>>): unknown {
  const whole = module['default'] as Readonly<Record<string, unknown>> | undefined
  const exported = module['tagward'] ?? (typeof whole === 'object' ? (whole?.['tagward'] ?? whole) : whole)
  if (exported !== undefined && exported !== null) return exported
  throw new ExtensionError({
    code: 'EXTENSION_INVALID',
    message: 'the module exports neither `tagward` nor a default',
    remedy: 'write export const tagward = (kit) => ({ api: 1, drivers: […], codecs: […] })'
  })
}

function asExtensionError(error: unknown, place: string | undefined): ExtensionError {
  const at = place === undefined ? '' : ` (${place})`
  // Of another copy of our class too: the module may have brought its own.
  if (error instanceof Error && error.name === 'ExtensionError' && 'code' in error && 'remedy' in error)
    return new ExtensionError({ code: String(error.code), message: `${error.message}${at}`, remedy: String(error.remedy) })
  return new ExtensionError(
    { code: 'EXTENSION_LOAD_FAILED', message: `loading it threw ${textOfThrown(error)}${at}`, remedy: remedyFor(error) },
    { cause: error }
  )
}

/** Where the syntax is wrong: the error itself does not say, a check of the file alone does. Undefined: it is not in this file. */
function syntaxPlace(file: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', file], { timeout: SYNTAX_CHECK_MS, maxBuffer: 1 << 16 }, (_error, _stdout, stderr) => {
      const [, place] = /^((?:file:\/\/)?\S.*:\d+)$/m.exec(stderr) ?? []
      resolve(place?.startsWith('file://') === true ? fileURLToPath(place) : place)
    })
  })
}

function remedyFor(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND')
    return textOfThrown(error).includes("'tagward'")
      ? 'take what is needed from the argument instead of importing it: export const tagward = ({ defineDriver, z }) => …'
      : 'install what it imports beside it'
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return 'extensions are JavaScript (.js, .mjs, .cjs): compile it first'
  if (error instanceof SyntaxError)
    return 'correct the syntax; import and export need a file called .mjs, or a package.json with "type": "module" beside it'
  return 'correct it, or ask its author; `tagward extensions FILE` tries it without a gateway'
}
