import { DRIVERS } from '../../drivers/catalogue.ts'
import { ExtensionLoader } from '../../drivers/extension/load-extensions.ts'
import { CODECS } from '../../firmware-protocols/registry.ts'
import { buildConfigSchema, type ConfigSchema } from './schema.ts'

let schema: ConfigSchema | undefined

/** The schema over the drivers and protocols that this program has. */
export function installedConfigSchema(): ConfigSchema {
  schema ??= buildConfigSchema({ drivers: DRIVERS, codecs: CODECS })
  return schema
}

/**
 * Loads extensions beside them. One for a run of the program: it keeps what it has loaded. `onFound` is called before a module is let into the
 * main thread.
 */
export function createExtensionLoader(onFound?: (file: string) => void): ExtensionLoader {
  return new ExtensionLoader({ builtIn: { drivers: DRIVERS, codecs: CODECS }, onFound })
}
