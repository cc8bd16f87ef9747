import type { ConfigSchema, JsonSchemaNode } from './schema.ts'
import { isReferable, isSecret } from './schema-walk.ts'

/** A text from a file, as secrets and certificates may be given. */
const FILE_REFERENCE = {
  type: 'object',
  description: 'The content of a file; a relative path counts from the directory of the configuration file',
  properties: { file: { type: 'string', minLength: 1 } },
  required: ['file'],
  additionalProperties: false
}

/** A secret is never written out: its text is nothing but references. */
const ENV_REFERENCE = '^(\\$\\{[A-Za-z_][A-Za-z0-9_]*\\})+$'

/** The JSON Schema of the file as it may be written: for editors and forms. */
export function publishedJsonSchema(schema: ConfigSchema): object {
  const { $schema, ...rest } = withReferences(schema.json) as Record<string, unknown>
  return { $schema, $id: 'urn:tagward:config:1', title: 'Configuration of a Tagward gateway', ...rest }
}

function withReferences(node: JsonSchemaNode): JsonSchemaNode | object {
  if (isReferable(node)) {
    const { type, minLength, pattern, description, ...marks } = node
    const text = isSecret(node) && node['x-pem'] !== true ? { type, pattern: ENV_REFERENCE } : { type, minLength }
    return { description, ...marks, anyOf: [text, FILE_REFERENCE] }
  }
  const { properties, items, anyOf, oneOf, additionalProperties } = node
  return {
    ...node,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, withReferences(child)])) }),
    ...(typeof items === 'object' && { items: withReferences(items) }),
    ...(anyOf && { anyOf: anyOf.map(withReferences) }),
    ...(oneOf && { oneOf: oneOf.map(withReferences) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: withReferences(additionalProperties) })
  }
}
