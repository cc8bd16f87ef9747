import { isMapping } from '../config/schema-walk.ts'

/**
 * Whether readers of the old JSON Schema can read what the new one lets through, and the other way round: additions of
 * optional fields, new words of explanation, and new values of an enumeration are additive; all else is a new version.
 * Gives the places that are not; empty: additive.
 */
export function nonAdditiveChanges(before: unknown, after: unknown, path = ''): readonly string[] {
  if (!isMapping(before) || !isMapping(after)) return same(before, after) ? [] : [path]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) => changesAt(key, before, after, `${path}/${key}`))
}

const WORDS: ReadonlySet<string> = new Set(['title', 'description', 'examples', '$comment'])

type Node = Readonly<Record<string, unknown>>

function changesAt(key: string, before: Node, after: Node, path: string): readonly string[] {
  const [old, now] = [before[key], after[key]]
  if (WORDS.has(key) && !isMapping(old) && !isMapping(now)) return []
  if (key === 'enum' && Array.isArray(old) && Array.isArray(now)) return old.every((value) => now.includes(value)) ? [] : [path]
  if (key === 'required') return sameMembers(old, now) ? [] : [path]
  if (key === 'properties' && isMapping(old) && isMapping(now))
    return Object.keys(old).flatMap((name) =>
      name in now ? nonAdditiveChanges(old[name], now[name], `${path}/${name}`) : [`${path}/${name}`]
    )
  if (Array.isArray(old) && Array.isArray(now) && old.length === now.length)
    return old.flatMap((value, index) => nonAdditiveChanges(value, now[index], `${path}/${index}`))
  return nonAdditiveChanges(old, now, path)
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function sameMembers(a: unknown, b: unknown): boolean {
  const list = (value: unknown) => (Array.isArray(value) ? value.map(String).sort() : [])
  return same(list(a), list(b))
}
