import type { JsonSchemaNode } from './schema.ts'

export type Path = readonly PropertyKey[]

/** True for what YAML calls a mapping, once it is a JavaScript value. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What lies in `data` at `path`; undefined when nothing does. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)]
    else if (isMapping(value) && Object.hasOwn(value, step)) value = value[String(step)]
    else return undefined
  }
  return value
}

function fits(node: JsonSchemaNode, value: unknown): boolean {
  if ('const' in node) return node.const === value
  if (typeof node.type === 'object') return node.type.some((type) => fits({ ...node, type }, value))
  if (node.type === 'null') return value === null
  if (node.type === 'object') {
    if (!isMapping(value)) return false
    return Object.entries(node.properties ?? {}).every(([key, child]) => !('const' in child) || child.const === value[key])
  }
  if (node.type === 'array') return Array.isArray(value)
  if (node.type === 'integer' || node.type === 'number') return typeof value === 'number'
  return node.type === undefined || node.type === typeof value
}

/** The node itself, or of a union the branches that `value` can belong to (by its type and by constant properties). */
export function branchesFor(node: JsonSchemaNode, value: unknown): readonly JsonSchemaNode[] {
  const union = node.oneOf ?? node.anyOf
  if (union === undefined) return [node]
  return union.flatMap((branch) => branchesFor(branch, value)).filter((branch) => fits(branch, value))
}

/** The key that tells the branches of a union of sections apart, and its values; undefined where there is none. */
export function discriminator(node: JsonSchemaNode): { readonly key: string; readonly values: readonly unknown[] } | undefined {
  const branches = node.oneOf ?? node.anyOf ?? []
  const key = Object.keys(branches[0]?.properties ?? {}).find((name) =>
    branches.every(({ properties }) => properties?.[name] !== undefined && 'const' in properties[name])
  )
  return key === undefined ? undefined : { key, values: branches.map(({ properties }) => properties?.[key]?.const) }
}

/** Schema of the child of `value` under `key`. */
export function childNode(node: JsonSchemaNode, value: unknown, key: PropertyKey): JsonSchemaNode | undefined {
  for (const branch of branchesFor(node, value)) {
    const properties = branch.properties ?? {}
    if (Object.hasOwn(properties, key)) return properties[String(key)]
    if (Array.isArray(value) && typeof branch.items === 'object') return branch.items
    if (typeof branch.additionalProperties === 'object') return branch.additionalProperties
  }
  return undefined
}

/** Schema of what lies at `path` of `data`; undefined where the schema knows nothing of it. */
export function nodeAt(root: JsonSchemaNode, data: unknown, path: Path): JsonSchemaNode | undefined {
  let node: JsonSchemaNode | undefined = root
  let value = data
  for (const step of path) {
    if (node === undefined) return undefined
    node = childNode(node, value, step)
    value = valueAt(value, [step])
  }
  return node
}

/** Keys that may stand in the mapping `value`. */
export function knownKeys(node: JsonSchemaNode, value: unknown): readonly string[] {
  return branchesFor(node, value).flatMap((branch) => Object.keys(branch.properties ?? {}))
}

export function isSecret(node: JsonSchemaNode | undefined): boolean {
  return node?.writeOnly === true
}

/** True where a value may be given as `${ENV_NAME}` or `{file: …}`. */
export function isReferable(node: JsonSchemaNode | undefined): boolean {
  return isSecret(node) || node?.['x-reference'] === true
}

/** `kafka.brokers[0]`; the empty path is the file itself. Of what is no name only the beginning is told: a value may have got into it. */
export function formatPath(path: Path): string {
  let text = ''
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : `${text === '' ? '' : '.'}${nameOf(String(step))}`
  return text
}

/** A name, or the beginning of what is none. */
export function nameOf(step: string): string {
  const [name = ''] = /^[\p{L}\p{N}_-]*/u.exec(step) ?? []
  return name === step ? name : `${name}…`
}
