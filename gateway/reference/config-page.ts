import type { ConfigSchema, JsonSchemaNode } from '../config/schema.ts'
import { SOURCE_KEYS } from '../config/schema.ts'
import { isReferable, isSecret } from '../config/schema-walk.ts'
import { kindOfNode, row } from './schema-table.ts'

const HEAD = ['| Key | Kind | Default | Meaning |', '| --- | --- | --- | --- |']

/** The reference part of docs/config.md. */
export function configReference({ json }: ConfigSchema): string {
  const { sources, ...sections } = json.properties ?? {}
  const plain: string[] = []
  const parts: string[] = []
  for (const [name, node] of Object.entries(sections)) {
    const item = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined
    if (item?.properties !== undefined)
      parts.push(`### ${name}\n\n${about(node)}\n\n${[...HEAD, ...rowsOf(item, `${name}.<name>.`)].join('\n')}`)
    else if (node.properties === undefined) plain.push(settingRow(name, node, json))
    else parts.push(`### ${name}\n\n${about(node)}\n\n${[...HEAD, ...rowsOf(node, `${name}.`)].join('\n')}`)
  }
  const options = typeof sources?.additionalProperties === 'object' ? (sources.additionalProperties.oneOf ?? []) : []
  return [
    '### Top level',
    [...HEAD, ...plain].join('\n'),
    '### sources',
    `${sources?.description ?? ''}. A name has 1 to 63 lower-case letters, digits, hyphens and underscores. These keys are the same for all drivers:`,
    sharedSourceKeys(options),
    ...options.map(driverPart),
    ...parts
  ].join('\n\n')
}

function about(node: JsonSchemaNode): string {
  const when = node['x-restart'] === true ? ' A change takes effect at the next start.' : ' A change takes effect at once.'
  return `${node.description ?? ''}.${when}`
}

function settingRow(path: string, node: JsonSchemaNode, parent: JsonSchemaNode): string {
  const required = parent.required?.includes(path.slice(path.lastIndexOf('.') + 1)) === true
  const fallback = node.default === undefined || typeof node.default === 'object' ? '' : `\`${String(node.default)}\``
  const meaning = [
    node.description,
    isSecret(node) ? '*Secret.*' : isReferable(node) ? '*May be given by reference.*' : '',
    node['x-restart'] === true && !path.includes('.') ? 'Takes effect at the next start.' : ''
  ]
  return row([`\`${path}\``, kindOfNode(node), required ? '**required**' : fallback, meaning.filter((text) => text).join('. ')])
}

function rowsOf(node: JsonSchemaNode, path: string): readonly string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const item = typeof child.items === 'object' ? child.items : undefined
    const inner = [child, item, ...(child.anyOf ?? []), ...(item?.anyOf ?? [])].find((candidate) => candidate?.properties !== undefined)
    const own = settingRow(`${path}${name}`, child, node)
    const nested = inner === undefined ? [] : rowsOf(inner, `${path}${name}${item === undefined ? '' : '[]'}.`)
    return [own, ...nested]
  })
}

/** The settings of a section, as a table. */
export function settingsTable(node: JsonSchemaNode): string {
  return [...HEAD, ...rowsOf(node, '')].join('\n')
}

function sharedSourceKeys(options: readonly JsonSchemaNode[]): string {
  const first = options.find((option) => option.properties?.['protocol'] !== undefined) ?? options[0]
  const shared: Record<string, JsonSchemaNode> = {}
  for (const key of SOURCE_KEYS) {
    const node = first?.properties?.[key]
    if (node === undefined) continue
    if (key === 'driver')
      shared[key] = { enum: options.map((option) => option.properties?.['driver']?.const), description: 'How the data arrive' }
    else if (key === 'protocol')
      shared[key] = { type: 'string', description: 'What the tags speak; see the driver. Not for drivers that make readings themselves' }
    else shared[key] = node
  }
  return [...HEAD, ...rowsOf({ properties: shared, required: ['driver'] }, '')].join('\n')
}

/** A driver with its settings, as a part of a page. */
export function driverPart(option: JsonSchemaNode): string {
  const { properties = {} } = option
  const driver = String(properties['driver']?.const)
  const protocols = properties['protocol']?.enum?.map((name) => `\`${String(name)}\``).join(', ')
  const own = Object.fromEntries(Object.entries(properties).filter(([key]) => !SOURCE_KEYS.has(key)))
  const rows = rowsOf({ ...option, properties: own }, '')
  return `#### driver: ${driver}\n\n${option.description ?? ''}. ${protocols === undefined ? 'Takes no protocol.' : `Protocols: ${protocols}.`}\n\n${[...HEAD, ...rows].join('\n')}`
}
