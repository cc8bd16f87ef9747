import type { JsonSchemaNode } from './schema.ts'
import { discriminator, isSecret } from './schema-walk.ts'

/** Bounds that zod gives every integer; they say nothing to a reader. */
const SAFE = Number.MAX_SAFE_INTEGER

/** In words: what may stand at a place of the schema. */
export function expectation(node: JsonSchemaNode | undefined): string {
  if (node === undefined) return 'something else'
  const example = node.examples?.[0] ?? node.default
  const described = kindOf(node)
  return saysEnough(node) || !isShowable(example) ? described : `${described}, for example ${JSON.stringify(example)}`
}

/** An example adds nothing to a list of all that is possible. */
function saysEnough(node: JsonSchemaNode): boolean {
  return node.enum !== undefined || node.type === 'boolean'
}

function isShowable(example: unknown): boolean {
  if (Array.isArray(example)) return example.length > 0 && example.every((item) => typeof item !== 'object')
  return example !== undefined && example !== null && typeof example !== 'object'
}

function kindOf(node: JsonSchemaNode): string {
  if (isSecret(node)) return `a reference: \${NAME} for an environment variable, or {file: /path/to/it}`
  if (node['x-written'] !== undefined) return node['x-written']
  const union = node.oneOf ?? node.anyOf
  const choice = discriminator(node)
  if (choice !== undefined) return `a section with \`${choice.key}:\` (${choice.values.join(', ')}) and its settings`
  if (union !== undefined) return [...new Set(union.map(kindOf))].join(', or ')
  if ('const' in node) return JSON.stringify(node.const)
  if (node.enum !== undefined) return `one of: ${node.enum.join(', ')}`
  if (typeof node.type === 'object') return node.type.map((type) => kindOf({ ...node, type })).join(', or ')
  switch (node.type) {
    case 'boolean':
      return 'true or false'
    case 'integer':
      return `a whole number${boundsOf(node)}`
    case 'number':
      return `a number${boundsOf(node)}`
    case 'array':
      return `a list${(node.minItems ?? 0) > 0 ? ` of at least ${node.minItems}` : ''}, each item ${kindOf(typeof node.items === 'object' ? node.items : {})}`
    case 'object':
      return node.properties === undefined ? 'a section of `name:` entries' : `a section with ${Object.keys(node.properties).join(', ')}`
    case 'null':
      return 'nothing'
    case 'string':
      return 'a text'
    default:
      return 'a value'
  }
}

function boundsOf({ minimum, maximum, exclusiveMinimum }: JsonSchemaNode): string {
  const least = minimum !== undefined && minimum > -SAFE ? minimum : undefined
  const most = maximum !== undefined && maximum < SAFE ? maximum : undefined
  const above = exclusiveMinimum === undefined ? '' : ` above ${exclusiveMinimum}`
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`
  if (least !== undefined) return ` of at least ${least}`
  return most === undefined ? above : `${above}${above === '' ? '' : ' and'} of at most ${most}`
}
