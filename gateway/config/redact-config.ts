import type { Config, ConfigSchema, JsonSchemaNode } from './schema.ts'
import { childNode, isMapping, isSecret } from './schema-walk.ts'

export const REDACTED = '[redacted]'

/** A copy that may be shown and logged: every secret replaced, in the shape of the file (`sources` by name). */
export function redactConfig(config: Config, schema: ConfigSchema): Readonly<Record<string, unknown>> {
  const sources = Object.fromEntries(
    config.sources.map(({ id, driver, protocol, namespace, enabled, settings, protocolSettings, record, unavailable }) => [
      id,
      {
        driver,
        protocol,
        namespace,
        enabled,
        record,
        unavailable: unavailable?.message,
        ...settings,
        ...(protocol === undefined || protocolSettings === undefined ? {} : { [protocol]: protocolSettings })
      }
    ])
  )
  return redact(schema.json, { ...config, sources }) as Readonly<Record<string, unknown>>
}

function redact(node: JsonSchemaNode | undefined, value: unknown): unknown {
  if (value === undefined) return undefined
  if (isSecret(node)) return REDACTED
  if (Array.isArray(value)) return value.map((item, index) => redact(node && childNode(node, value, index), item))
  if (!isMapping(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, redact(node && childNode(node, value, key), child)]))
}

/** Names of all secret fields, for the redaction list of the program's log. */
export function secretFieldNames(schema: ConfigSchema): readonly string[] {
  const names = new Set<string>()
  const collect = (node: JsonSchemaNode) => {
    for (const [name, child] of Object.entries(node.properties ?? {})) {
      if (isSecret(child)) names.add(name)
      collect(child)
    }
    for (const branch of [...(node.oneOf ?? []), ...(node.anyOf ?? [])]) collect(branch)
    if (typeof node.additionalProperties === 'object') collect(node.additionalProperties)
    if (typeof node.items === 'object') collect(node.items)
  }
  collect(schema.json)
  return [...names].sort()
}
