import type { JsonSchemaNode } from '../config/schema.ts'

/** One row of a Markdown table. */
export function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '\\<')).join(' | ')} |`
}

/** In a few words: what a value of this schema looks like. */
export function kindOfNode(node: JsonSchemaNode): string {
  const union = node.anyOf ?? node.oneOf
  if (union !== undefined) return [...new Set(union.map(kindOfNode))].join(' or ')
  const { type } = node
  if (typeof type === 'object') return type.map((each) => kindOfNode({ ...node, type: each })).join(' or ')
  if ('const' in node) return `\`${String(node.const)}\``
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (node.type === 'array') return listKind(node)
  if (node.type === 'object') return node.properties === undefined ? 'map' : 'object'
  if (node.type === 'integer') return `whole number${range(node)}`
  if (node.type === 'number') return `number${range(node)}`
  if (node.type === 'string') return 'text'
  if (node.type === 'boolean') return '`true` or `false`'
  return type === 'null' ? '`null`' : (type ?? 'anything')
}

function listKind({ items, prefixItems }: JsonSchemaNode): string {
  if (prefixItems !== undefined) return `list of ${prefixItems.length}, each ${[...new Set(prefixItems.map(kindOfNode))].join(' or ')}`
  return typeof items === 'object' ? `list of ${kindOfNode(items)}` : 'list'
}

function range({ minimum, maximum, exclusiveMinimum }: JsonSchemaNode): string {
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined
  if (least !== undefined && most !== undefined) return `, ${least} to ${most}`
  if (least !== undefined) return `, at least ${least}`
  const above = exclusiveMinimum === undefined ? '' : `, above ${exclusiveMinimum}`
  return most === undefined ? above : `${above}, at most ${most}`
}
