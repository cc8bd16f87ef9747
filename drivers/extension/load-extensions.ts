import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type Codec, transportsOf } from '../../firmware-protocols/codec.ts'
import type { Driver } from '../driver.ts'
import { type ExtensionComplaint, ExtensionError, textOfThrown } from './extension-error.ts'
import { type FoundExtension, findExtensions } from './find-extension.ts'
import { guardCodec } from './guard-codec.ts'
import { isolateDriver } from './isolated-driver.ts'
import { openExtension } from './open-extension.ts'
import { ExtensionProbe } from './probe.ts'
import type { ExtensionPlace } from './run-messages.ts'

/** An extension that could not be taken in, or whose changed file could not. */
export interface ExtensionFault extends ExtensionComplaint {
  /** The entry of `extensions`, from 0. */
  readonly index: number
  /** Absent: nothing was found. */
  readonly file?: string
  /** What was loaded before the file changed goes on. */
  readonly goesOn: boolean
}

export interface LoadedExtension {
  readonly file: string
  readonly drivers: readonly Driver<unknown>[]
  readonly codecs: readonly Codec[]
}

/** What the entries of `extensions` give, all together. */
export interface ExtensionSet {
  readonly loaded: readonly LoadedExtension[]
  readonly faults: readonly ExtensionFault[]
  readonly drivers: readonly Driver<unknown>[]
  readonly codecs: readonly Codec[]
  /** Every module that was found, good or not, with the entry that names it: a change of one is a change of the set. */
  readonly files: ReadonlyMap<string, number>
}

export const NO_EXTENSIONS: ExtensionSet = { loaded: [], faults: [], drivers: [], codecs: [], files: new Map() }

/** What the program has of its own; names in it cannot be taken. */
export interface BuiltIn {
  readonly drivers: readonly Pick<Driver<unknown>, 'kind' | 'carries' | 'settings'>[]
  readonly codecs: readonly Pick<Codec, 'protocol' | 'transport' | 'alsoOver'>[]
}

export interface ExtensionLoaderOptions {
  readonly builtIn: BuiltIn
  /** How long loading may take. */
  readonly limitMs?: number
  /** Called before a module is let into the main thread. */
  readonly onFound?: ((file: string) => void) | undefined
}

const LOAD_LIMIT_MS = 10_000
const MAX_EXTENSIONS = 64

interface Kept {
  readonly version: string
  readonly outcome: LoadedExtension | ExtensionComplaint
  /** The newest that was good. */
  readonly good: LoadedExtension | undefined
}

/**
 * Loads extensions and keeps them: a file is loaded once, and again when it has changed. Each is tried out in a thread of its own first.
 * Broken ones are left out, one by one, and told; a changed file that is broken leaves what was loaded before in use.
 */
export class ExtensionLoader {
  readonly #builtIn: BuiltIn
  readonly #limitMs: number
  readonly #onFound: (file: string) => void
  readonly #kept = new Map<string, Kept>()
  #last: ExtensionSet = NO_EXTENSIONS
  #turn: Promise<unknown> = Promise.resolve()

  constructor({ builtIn, limitMs = LOAD_LIMIT_MS, onFound = () => undefined }: ExtensionLoaderOptions) {
    this.#builtIn = builtIn
    this.#limitMs = limitMs
    this.#onFound = onFound
  }

  /**
   * `written`: as in the configuration; `directory`: what paths in it count from. The same set as before when nothing has changed.
   * Never rejects.
   */
  load(written: readonly string[], directory: string): Promise<ExtensionSet> {
    const turn = this.#turn.then(() => this.#load(written, directory))
    this.#turn = turn
    return turn
  }

  async #load(written: readonly string[], directory: string): Promise<ExtensionSet> {
    const gathering = new Gathering(this.#builtIn)
    const probe = new ExtensionProbe(this.#limitMs)
    for (const [index, entry] of written.entries()) {
      if (index >= MAX_EXTENSIONS) {
        gathering.fault(index, undefined, {
          code: 'EXTENSION_INVALID',
          message: `there are more than ${MAX_EXTENSIONS} extensions`,
          remedy: 'remove some'
        })
        break
      }
      let found: readonly FoundExtension[]
      try {
        found = await findExtensions(entry, directory)
      } catch (error) {
        gathering.fault(index, undefined, complaintOf(error))
        continue
      }
      for (const each of found) await this.#take(index, each, gathering, probe)
    }
    await probe.close()
    const set = gathering.set()
    if (!isSameSet(set, this.#last)) this.#last = set
    return this.#last
  }

  async #take(index: number, found: FoundExtension, gathering: Gathering, probe: ExtensionProbe): Promise<void> {
    if (gathering.has(found.file)) return
    const { good, outcome } = await this.#loaded(found, probe)
    if ('drivers' in outcome) gathering.add(index, outcome)
    else {
      gathering.fault(index, found.file, outcome, good !== undefined)
      if (good !== undefined) gathering.add(index, good)
    }
  }

  async #loaded({ file, version }: FoundExtension, probe: ExtensionProbe): Promise<Kept> {
    const before = this.#kept.get(file)
    if (before?.version === version) return before
    const place: ExtensionPlace = before === undefined ? { file } : { file, version }
    const outcome = await this.#open(place, probe)
    const kept: Kept = { version, outcome, good: 'drivers' in outcome ? outcome : before?.good }
    this.#kept.set(file, kept)
    return kept
  }

  async #open(place: ExtensionPlace, probe: ExtensionProbe): Promise<LoadedExtension | ExtensionComplaint> {
    try {
      const complaint = await probe.try(place)
      if (complaint !== undefined) return complaint
      this.#onFound(place.file)
      const { codecs = [], drivers = [] } = await withinLimit(openExtension(place), this.#limitMs)
      return {
        file: place.file,
        drivers: drivers.map((driver) => isolateDriver(driver, place)),
        codecs: codecs.map((codec) => guardCodec(codec, place))
      }
    } catch (error) {
      return complaintOf(error)
    }
  }
}

/** One pass over the entries. Names belong to who comes first, and first of all to the program. */
class Gathering {
  readonly #builtIn: BuiltIn
  readonly #loaded: LoadedExtension[] = []
  readonly #faults: ExtensionFault[] = []
  readonly #files = new Map<string, number>()

  constructor(builtIn: BuiltIn) {
    this.#builtIn = builtIn
  }

  has(file: string): boolean {
    return this.#files.has(file)
  }

  fault(index: number, file: string | undefined, { code, message, remedy }: ExtensionComplaint, goesOn = false): void {
    if (file !== undefined) this.#files.set(file, index)
    this.#faults.push({ index, ...(file === undefined ? {} : { file }), code, message, remedy, goesOn })
  }

  add(index: number, extension: LoadedExtension): void {
    this.#files.set(extension.file, index)
    const clash = this.#clashOf(extension)
    if (clash === undefined) this.#loaded.push(extension)
    else this.fault(index, extension.file, clash)
  }

  set(): ExtensionSet {
    return {
      loaded: this.#loaded,
      faults: this.#faults,
      drivers: this.#loaded.flatMap(({ drivers }) => drivers),
      codecs: this.#loaded.flatMap(({ codecs }) => codecs),
      files: this.#files
    }
  }

  #clashOf({ codecs, drivers }: LoadedExtension): ExtensionComplaint | undefined {
    const kinds = this.#owners(
      ({ drivers: all }) => all.map(({ kind }) => kind),
      this.#builtIn.drivers.map(({ kind }) => kind)
    )
    const protocols = this.#owners(
      ({ codecs: all }) => all.map(({ protocol }) => protocol),
      this.#builtIn.codecs.map(({ protocol }) => protocol)
    )
    for (const { kind } of drivers) {
      const owner = kinds.get(kind)
      if (owner !== undefined) return clash(`the driver "${kind}"`, owner)
      kinds.set(kind, 'the same extension')
    }
    for (const { protocol } of codecs) {
      const owner = protocols.get(protocol)
      if (owner !== undefined) return clash(`the protocol "${protocol}"`, owner)
      protocols.set(protocol, 'the same extension')
    }
    return this.#settingClash({ codecs, drivers })
  }

  #owners(names: (extension: LoadedExtension) => readonly string[], ofProgram: readonly string[]): Map<string, string> {
    const owners = new Map(ofProgram.map((name) => [name, 'Tagward itself']))
    for (const extension of this.#loaded) for (const name of names(extension)) owners.set(name, extension.file)
    return owners
  }

  /** In a source, settings of the protocol stand under its name beside those of the driver. */
  #settingClash({ codecs, drivers }: Omit<LoadedExtension, 'file'>): ExtensionComplaint | undefined {
    const allDrivers = [...this.#builtIn.drivers, ...this.#loaded.flatMap((extension) => extension.drivers), ...drivers]
    const allCodecs = [...this.#builtIn.codecs, ...this.#loaded.flatMap((extension) => extension.codecs), ...codecs]
    for (const { carries, kind, settings } of allDrivers)
      for (const codec of allCodecs)
        if (
          transportsOf(codec).some((transport) => carries.includes(transport)) &&
          settings instanceof z.ZodObject &&
          codec.protocol in settings.shape
        )
          return clash(`the protocol "${codec.protocol}"`, `a setting of the driver "${kind}" that can carry it`)
    return undefined
  }
}

function clash(what: string, owner: string): ExtensionComplaint {
  return {
    code: 'EXTENSION_CLASH',
    message: `${what} exists already: it is of ${owner}`,
    remedy: 'give it another name, or remove one of the two extensions'
  }
}

function complaintOf(error: unknown): ExtensionComplaint {
  if (error instanceof ExtensionError) return { code: error.code, message: error.message, remedy: error.remedy }
  return { code: 'EXTENSION_LOAD_FAILED', message: textOfThrown(error), remedy: 'correct it, or ask its author' }
}

/** In its trial it came to an end; here it may see that it is elsewhere. */
async function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new ExtensionError({
            code: 'EXTENSION_LOAD_FAILED',
            message: `loading it did not end within ${limitMs / 1_000} s`,
            remedy: 'ask its author'
          })
        ),
      limitMs
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function isSameSet(a: ExtensionSet, b: ExtensionSet): boolean {
  return (
    a.loaded.length === b.loaded.length &&
    a.loaded.every((extension, index) => extension === b.loaded[index]) &&
    isDeepStrictEqual(a.files, b.files) &&
    isDeepStrictEqual(a.faults, b.faults)
  )
}
