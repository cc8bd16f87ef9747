/** What an import would change, before it does. */
import { isDeepStrictEqual } from 'node:util'
import { keyOf, type SiteKind, type SiteRecords } from './site-model.ts'

export interface FieldChange {
  readonly field: string
  /** Undefined: not there. */
  readonly before: unknown
  readonly after: unknown
}

export interface SiteDiff<K extends SiteKind> {
  readonly kind: K
  readonly added: readonly SiteRecords[K][]
  readonly removed: readonly SiteRecords[K][]
  readonly changed: readonly { readonly key: string; readonly after: SiteRecords[K]; readonly fields: readonly FieldChange[] }[]
  readonly unchanged: number
}

/**
 * `replace`: what the import lacks is removed; `merge`: it stays. Order does not count. Applied by `applyDiff`, the result holds the same records as the
 * import (replace), or as both (merge).
 */
export function diffRecords<K extends SiteKind>(
  kind: K,
  before: readonly SiteRecords[K][],
  after: readonly SiteRecords[K][],
  mode: 'replace' | 'merge'
): SiteDiff<K> {
  const old = new Map(before.map((record) => [keyOf(record), record]))
  const kept = new Set(after.map(keyOf))
  const added = after.filter((record) => !old.has(keyOf(record)))
  const changed = after.flatMap((record) => {
    const key = keyOf(record)
    const known = old.get(key)
    const fields = known === undefined ? [] : changesOf(known, record)
    return fields.length === 0 ? [] : [{ key, after: record, fields }]
  })
  const removed = mode === 'merge' ? [] : before.filter((record) => !kept.has(keyOf(record)))
  return { kind, added, removed, changed, unchanged: after.length - added.length - changed.length }
}

function changesOf(before: object, after: object): readonly FieldChange[] {
  const [old, now]: readonly Readonly<Record<string, unknown>>[] = [{ ...before }, { ...after }]
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return fields
    .filter((field) => !isDeepStrictEqual(old?.[field], now?.[field]))
    .map((field) => ({ field, before: old?.[field], after: now?.[field] }))
}

export function applyDiff<K extends SiteKind>(before: readonly SiteRecords[K][], diff: SiteDiff<K>): readonly SiteRecords[K][] {
  const gone = new Set(diff.removed.map(keyOf))
  const changed = new Map(diff.changed.map(({ key, after }) => [key, after]))
  return [...before.filter((record) => !gone.has(keyOf(record))).map((record) => changed.get(keyOf(record)) ?? record), ...diff.added]
}

/** For people, one line each: + added, - removed, ~ changed, and a count of all. */
export function describeDiff<K extends SiteKind>({ kind, added, removed, changed, unchanged }: SiteDiff<K>): readonly string[] {
  const show = (value: unknown) => {
    const text = value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)
    return text.length > 60 ? `${text.slice(0, 60)}…` : text
  }
  return [
    ...added.map((record) => `+ ${kind} ${keyOf(record)}`),
    ...removed.map((record) => `- ${kind} ${keyOf(record)}`),
    ...changed.map(({ key, fields }) => {
      const parts = fields.map(({ field, before, after }) => `${field} ${show(before)} → ${show(after)}`)
      return `~ ${kind} ${key}: ${parts.join(', ')}`
    }),
    `${kind}: ${added.length} added, ${removed.length} removed, ${changed.length} changed, ${unchanged} as before`
  ]
}
