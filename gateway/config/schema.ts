/**
 * The one schema of the configuration: types, validation, defaults, the JSON Schema (forms), the reference page, what is
 * secret and what needs a restart all come from it. Sources are a union over the drivers, which are passed in.
 */
import { z } from 'zod'
import type { Driver } from '../../drivers/driver.ts'
import { type Codec, transportsOf } from '../../firmware-protocols/codec.ts'
import { NAMESPACE_PATTERN } from '../events/tag-id.ts'
import { framesSchema } from '../site/georeference/frame-settings.ts'
import { byteSizeSchema } from './field-kinds.ts'
import {
  alertsSchema,
  dataDirSchema,
  extensionsSchema,
  gatewaySchema,
  kafkaSchema,
  loggingSchema,
  logSchema,
  siteSchema,
  webSchema
} from './sections.ts'

/** What the schema needs to know of a driver. Its `settings` must be a zod object without the keys driver, protocol, namespace, enabled, record. */
export type ConfigurableDriver = Pick<Driver<unknown>, 'kind' | 'title' | 'carries' | 'settings' | 'exclusiveClaims'>
/** What the schema needs to know of a protocol. */
export type ConfigurableCodec = Pick<Codec, 'protocol' | 'transport' | 'alsoOver' | 'idScope' | 'idNamespace' | 'settings'>

export interface ConfigCatalogue {
  readonly drivers: readonly ConfigurableDriver[]
  readonly codecs: readonly ConfigurableCodec[]
}

/** Keys of a source that are the gateway's, not the driver's; besides them the protocol's name, under which its settings stand. */
export const SOURCE_KEYS: ReadonlySet<string> = new Set(['driver', 'protocol', 'namespace', 'enabled', 'record'])

const recordSchema = z
  .strictObject({
    maxBytes: byteSizeSchema(2 ** 16, '64 MiB', 'Size of the file at which the recording ends')
  })
  .optional()
  .meta({
    description:
      'Writes what comes over the link, with its timing, to a file of its own in `recordings` of the data directory, from the start on and after each change of the source; `recording` plays it back'
  })

function sourceOption(driver: ConfigurableDriver, codecs: readonly ConfigurableCodec[]) {
  if (!(driver.settings instanceof z.ZodObject)) throw new TypeError(`settings of driver ${driver.kind} are not a zod object`)
  const carried = codecs.filter((codec) => transportsOf(codec).some((transport) => driver.carries.includes(transport)))
  const [first, ...others] = carried.map((codec) => codec.protocol)
  const protocol: Record<string, z.ZodType> =
    first === undefined ? {} : { protocol: z.enum([first, ...others]).meta({ description: 'What the tags speak', examples: [first] }) }
  return driver.settings
    .safeExtend({
      driver: z.literal(driver.kind).meta({ description: driver.title }),
      ...protocol,
      ...protocolSettings(carried),
      namespace: z
        .string()
        .regex(NAMESPACE_PATTERN, '1 to 63 lower-case letters, digits, hyphens and underscores, with a letter or digit first')
        .optional()
        .meta({
          description:
            "What stands before the colon in ids of this source's tags. Without it: the protocol's own where its ids are unique in the world, else the source's name. Sources that see the same tags share one"
        }),
      ...(first === undefined ? {} : { record: recordSchema }),
      enabled: z.boolean().default(true).meta({ description: 'false: configured, but not run' })
    })
    .strict()
    .superRefine((source: Readonly<Record<string, unknown>>, issues) => {
      for (const { protocol: name } of carried)
        if (source[name] !== undefined && source['protocol'] !== name)
          issues.addIssue({
            code: 'custom',
            path: [name],
            message: 'are settings of another protocol than that of this source',
            params: { remedy: `remove them, or write protocol: ${name}` }
          })
    })
    .meta({ title: driver.kind, description: driver.title })
}

/** What the protocols may be told stands under their names, so that it is checked, shown and kept secret like all else. */
function protocolSettings(codecs: readonly ConfigurableCodec[]): Record<string, z.ZodType> {
  return Object.fromEntries(
    codecs.flatMap(({ protocol, settings }) => {
      if (settings === undefined) return []
      if (!(settings instanceof z.ZodObject)) throw new TypeError(`settings of protocol ${protocol} are not a zod object`)
      return [[protocol, settings.optional().meta({ description: `Settings of the protocol ${protocol}` })]]
    })
  )
}

function sourcesSchema({ drivers, codecs }: ConfigCatalogue) {
  const [first, ...others] = drivers.map((driver) => sourceOption(driver, codecs))
  if (first === undefined) throw new TypeError('no drivers')
  return z
    .record(
      z.string().regex(NAMESPACE_PATTERN, '1 to 63 lower-case letters, digits, hyphens and underscores, with a letter or digit first'),
      z.discriminatedUnion('driver', [first, ...others])
    )
    .default({})
    .meta({ description: 'Where readings come from: a name of your choice, then driver and settings' })
}

function rootSchema(catalogue: ConfigCatalogue) {
  return z.strictObject({
    site: siteSchema,
    gateway: gatewaySchema,
    dataDir: dataDirSchema,
    extensions: extensionsSchema,
    sources: sourcesSchema(catalogue),
    frames: framesSchema,
    kafka: kafkaSchema.optional(),
    log: logSchema,
    alerts: alertsSchema,
    web: webSchema,
    logging: loggingSchema
  })
}

export type RootSchema = ReturnType<typeof rootSchema>
/** What the schema gives, before sources are split and paths resolved. */
export type ParsedRoot = z.output<RootSchema>

/** One configured source. */
export interface SourceConfig {
  readonly id: string
  readonly driver: string
  readonly protocol: string | undefined
  /** Filled in by the default rule when the file has none. */
  readonly namespace: string
  readonly enabled: boolean
  /** What the driver's own schema gave. */
  readonly settings: Readonly<Record<string, unknown>>
  /** What the protocol's schema gave; absent where none were written. */
  readonly protocolSettings?: unknown
  readonly record?: { readonly maxBytes: number }
  /** Why it cannot run with the program as it is: what it needs is of an extension that could not be loaded. */
  readonly unavailable?: { readonly code: string; readonly message: string }
}

export type FramesConfig = z.output<typeof framesSchema>
export type KafkaConfig = z.output<typeof kafkaSchema>
export type LogConfig = z.output<typeof logSchema>
export type AlertsConfig = z.output<typeof alertsSchema>
export type WebConfig = z.output<typeof webSchema>

/** A whole configuration: valid, defaults filled in, references resolved. Never log or write it: see `redactConfig`. */
export interface Config {
  readonly site: string
  readonly gateway: { readonly id?: string | undefined; readonly name?: string | undefined }
  /** Absolute. */
  readonly dataDir: string
  /** As written. */
  readonly extensions: readonly string[]
  /** In the order of the file. */
  readonly sources: readonly SourceConfig[]
  /** Valid ties, by name; `tieFrame` makes them. */
  readonly frames: FramesConfig
  /** Absent: offline. */
  readonly kafka: KafkaConfig | undefined
  readonly log: LogConfig
  readonly alerts: AlertsConfig
  readonly web: WebConfig
  readonly logging: z.output<typeof loggingSchema>
}

export interface ConfigSchema {
  readonly zod: RootSchema
  /** Of the file as written, references aside; see `publishedJsonSchema`. */
  readonly json: JsonSchemaNode
  readonly catalogue: ConfigCatalogue
}

/** The part of JSON Schema that our schemas come out in, with our own marks. */
export interface JsonSchemaNode {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchemaNode
  readonly propertyNames?: JsonSchemaNode
  readonly items?: boolean | JsonSchemaNode
  readonly prefixItems?: readonly JsonSchemaNode[]
  readonly anyOf?: readonly JsonSchemaNode[]
  readonly oneOf?: readonly JsonSchemaNode[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly writeOnly?: boolean
  readonly 'x-reference'?: boolean
  readonly 'x-pem'?: boolean
  readonly 'x-restart'?: boolean
  readonly 'x-written'?: string
}

export function buildConfigSchema(catalogue: ConfigCatalogue): ConfigSchema {
  const zod = rootSchema(catalogue)
  const json = z.toJSONSchema(zod, { io: 'input', unrepresentable: 'any' }) as JsonSchemaNode
  return { zod, json, catalogue }
}
