import type { ExtensionSet, LoadedExtension } from '../../drivers/extension/load-extensions.ts'
import { type Codec, transportsOf } from '../../firmware-protocols/codec.ts'
import type { ConfigSchema, JsonSchemaNode } from '../config/schema.ts'
import { driverPart, settingsTable } from './config-page.ts'

/** What extensions bring, in the form of docs/config.md. `schema`: with them in it. */
export function extensionPage({ loaded }: ExtensionSet, schema: ConfigSchema): string {
  if (loaded.length === 0) return 'No extension is loaded.\n'
  return `${['# Extensions', ...loaded.map((extension) => partOf(extension, schema))].join('\n\n')}\n`
}

function partOf({ codecs, drivers, file }: LoadedExtension, schema: ConfigSchema): string {
  const options = optionsOf(schema)
  const ofDrivers = drivers.flatMap(({ kind }) => options.filter((option) => option.properties?.['driver']?.const === kind).map(driverPart))
  return [`## ${file}`, ...ofDrivers, ...codecs.map((codec) => codecPart(codec, options))].join('\n\n')
}

function codecPart(codec: Codec, options: readonly JsonSchemaNode[]): string {
  const carriers = options.filter(({ properties }) => properties?.['protocol']?.enum?.includes(codec.protocol) === true)
  const drivers = carriers.map(({ properties }) => `\`${String(properties?.['driver']?.const)}\``).join(', ')
  const settings = carriers[0]?.properties?.[codec.protocol]
  const ids =
    codec.idScope === 'world'
      ? `Ids of its tags are unique in the world (namespace \`${codec.idNamespace}\`).`
      : 'Ids of its tags are those of one system.'
  return [
    `#### protocol: ${codec.protocol}`,
    `${codec.title}. Travels by ${transportsOf(codec).join(', ')}; drivers: ${drivers === '' ? 'none here' : drivers}. ${ids}`,
    settings === undefined ? 'No settings.' : settingsTable(settings)
  ].join('\n\n')
}

function optionsOf({ json }: ConfigSchema): readonly JsonSchemaNode[] {
  const sources = json.properties?.['sources']?.additionalProperties
  return typeof sources === 'object' ? (sources.oneOf ?? []) : []
}
