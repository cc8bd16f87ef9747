import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EVENT_CATALOGUE, jsonSchema } from '../events/catalogue.ts'
import { nonAdditiveChanges } from './additive.ts'
import { generatedFiles, withPart } from './generated-files.ts'

describe('generated files', () => {
  it('are in step with the code', () => {
    for (const { path, part, text } of generatedFiles(readFileSync('config.example.yaml', 'utf8'))) {
      const file = readFileSync(path, 'utf8')
      expect(part === undefined ? text : withPart(file, part, text), `${path}: run node scripts/generate.mjs`).toBe(file)
    }
  })

  it('have a schema file for every event, named by topic and version, and a section in the reference', () => {
    const page = readFileSync('docs/events.md', 'utf8')
    for (const { type, topic, version } of EVENT_CATALOGUE) {
      const schema = JSON.parse(readFileSync(`schemas/${topic}.v${version}.json`, 'utf8')) as Record<string, unknown>
      expect(schema).toMatchObject({ $id: `urn:tagward:event:${topic}:${version}`, title: type, type: 'object' })
      expect(page).toContain(`\n## ${type}\n`)
    }
  })

  it('replace a part and nothing around it', () => {
    const file = 'a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb\n'
    expect(withPart(file, 'x', 'new\nlines')).toBe('a\n<!-- begin: x -->\nnew\nlines\n<!-- end: x -->\nb\n')
    expect(withPart(file, 'y', 'new')).toBe(undefined)
  })
})

describe('additive changes', () => {
  type Schema = { properties: Record<string, unknown>; required: string[] }
  const copy = (index: number) => structuredClone(jsonSchema(EVENT_CATALOGUE[index] ?? ({ type: '' } as never))) as Schema

  it('allow new optional fields, new words and new values of an enumeration', () => {
    const after = copy(3)
    after.properties['extraField'] = { type: 'string' }
    Object.assign(after, { description: 'otherwise' })
    const kind = after.properties['kind'] as { enum: string[] }
    kind.enum = [...kind.enum, 'new-kind']
    expect(nonAdditiveChanges(copy(3), after)).toEqual([])
  })

  it('refuse what breaks readers, wherever it is', () => {
    const breaking: readonly ((schema: Schema) => void)[] = [
      (schema) => delete schema.properties['tag'],
      (schema) => Object.assign(schema.properties, { tag: { type: 'number' } }),
      (schema) => void schema.required.push('slot'),
      (schema) => void schema.required.pop(),
      (schema) => void (schema.properties['kind'] as { enum: string[] }).enum.pop(),
      (schema) => Object.assign(schema, { additionalProperties: true })
    ]
    for (const change of breaking) {
      const after = copy(3)
      change(after)
      expect(nonAdditiveChanges(copy(3), after), change.toString()).not.toEqual([])
    }
  })

  it('find the removal of any field at any depth', () => {
    const places = EVENT_CATALOGUE.flatMap((_, index) => fieldsOf(copy(index)).map((path) => [index, path] as const))
    fc.assert(
      fc.property(fc.constantFrom(...places), ([index, path]) => {
        const after = copy(index)
        const parent = path
          .slice(0, -1)
          .reduce<Record<string, unknown>>((node, step) => node[step] as Record<string, unknown>, after as never)
        delete parent[path.at(-1) ?? '']
        expect(nonAdditiveChanges(copy(index), after)).not.toEqual([])
        expect(nonAdditiveChanges(after, copy(index)).filter((place) => place.endsWith(`/${path.at(-1)}`))).toEqual([])
      })
    )
  })
})

/** Paths of all fields, through nested objects and lists. */
function fieldsOf(node: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, child]) => {
    const here = [...path, key]
    return path.at(-1) === 'properties' ? [here, ...fieldsOf(child, here)] : fieldsOf(child, here)
  })
}
