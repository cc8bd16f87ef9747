/** What a wrong value lets guess about the mistake: the end of a remedy. Values are never quoted, for they may be secret. */
import type { JsonSchemaNode } from './schema.ts'
import { isMapping, isSecret, knownKeys } from './schema-walk.ts'
import { inUnitOf } from './units.ts'

export function hint(value: unknown, node: JsonSchemaNode | undefined, key: PropertyKey | undefined): string {
  if (node === undefined) return ''
  if (value === null) return nothing(node)
  if (Array.isArray(value)) return takes(node, 'object') ? '; without dashes or brackets' : ''
  if (isMapping(value))
    return takes(node, 'string') ? '; a colon with a space after it makes a section: remove the space, or put the whole in quotes' : ''
  if (takes(node, 'array')) return '; each item on a line of its own after a dash and a space, or all in brackets, with commas'
  if (typeof value === 'string') return aboutText(value, node, key)
  if (takes(node, 'boolean') && (value === 1 || value === 0)) return `; did you mean ${value === 1}?`
  return takes(node, 'string') && !takes(node, 'integer') && !isSecret(node) ? '; put the value in quotes to make it a text' : ''
}

function nothing(node: JsonSchemaNode): string {
  const text = takes(node, 'string') && !isSecret(node) ? '; a # begins a comment, so put a value that starts with it in quotes' : ''
  return `, or remove the line${text}`
}

function aboutText(value: string, node: JsonSchemaNode, key: PropertyKey | undefined): string {
  if (/^[“”„‘’«»]/.test(value)) return '; the quotes are not plain ones: write " or \''
  if (takes(node, 'boolean')) return aboutTruth(value)
  if (takes(node, 'object') && !takes(node, 'string')) return aboutSection(value, node)
  if (takes(node, 'string') || !(takes(node, 'integer') || takes(node, 'number'))) return ''
  if (value.trim() !== '' && !Number.isNaN(Number(value))) return ', without quotes'
  const number = /^[-+]?\d+(?:\.\d+)?/.exec(value)
  if (number === null) return ''
  const meant = inUnitOf(String(key), value)
  return meant === undefined ? ', the number alone' : `; the value is in ${meant.unit}: write ${meant.value}`
}

function aboutSection(value: string, node: JsonSchemaNode): string {
  const known = knownKeys(node, {})
  const word = /^[A-Za-z]+/.exec(value)?.[0] ?? ''
  const named = known.includes(word) ? `\`${word}: …\`` : '`name: …`'
  return /[\s:=]/.test(value) || known.includes(word) ? `, each as ${named} with a colon and a space after the name` : ''
}

function aboutTruth(value: string): string {
  if (/^(true|false)$/i.test(value)) return ', without quotes'
  if (/^(yes|y|on|ja|oui|si|enabled)$/i.test(value)) return '; did you mean true?'
  return /^(no|n|off|nein|non|disabled)$/i.test(value) ? '; did you mean false?' : ''
}

/** Whether some branch of the schema is of this type. */
export function takes(node: JsonSchemaNode, type: string): boolean {
  const union = node.oneOf ?? node.anyOf
  if (union !== undefined) return union.some((branch) => takes(branch, type))
  return node.type === type || (typeof node.type === 'object' && node.type.includes(type))
}
