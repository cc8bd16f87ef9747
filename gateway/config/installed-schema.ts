import { DRIVERS } from '../../drivers/catalogue.ts'
import { CODECS } from '../../firmware-protocols/registry.ts'
import { buildConfigSchema, type ConfigSchema } from './schema.ts'

let schema: ConfigSchema | undefined

/** The schema over the drivers and protocols that this program has. */
export function installedConfigSchema(): ConfigSchema {
  schema ??= buildConfigSchema({ drivers: DRIVERS, codecs: CODECS })
  return schema
}
