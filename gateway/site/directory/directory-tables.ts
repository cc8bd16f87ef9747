/** The directory as records of the site model, for tables; and what an import changes, as changes made on the site. */
import type { SiteDiff } from '../site-diff.ts'
import type { Binding, Person } from '../site-model.ts'
import type { Change, Directory } from './directory.ts'
import type { WearingChange } from './wearers.ts'

export interface Origin {
  /** From when it holds where the records do not say so, epoch milliseconds. */
  readonly at: number
  readonly who?: string
}

/** Sorted by id. */
export function personRecords(directory: Directory): readonly Person[] {
  const records: Person[] = []
  for (const [, { change }] of directory.words()) {
    if (change.kind !== 'person' || change.removed === true) continue
    const { person: id, name, personKind: kind = 'worker', group } = change
    records.push({ id, ...(name === undefined ? {} : { name }), kind, ...(group === undefined ? {} : { group }) })
  }
  return records.sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Who wore what from when to when, as far as is remembered; sorted by tag and beginning. */
export function bindingRecords(directory: Directory): readonly Binding[] {
  const tags = [...directory.wearers()].sort(([a], [b]) => (a < b ? -1 : 1))
  return tags.flatMap(([tag, changes]) => bindingsOf(tag, changes))
}

function bindingsOf(tag: string, changes: readonly WearingChange[]): readonly Binding[] {
  const records: Binding[] = []
  let open: { readonly person: string; readonly from: number } | undefined
  const close = (to: number): void => {
    if (open !== undefined && open.from < to) records.push({ tag, ...open, to })
    open = undefined
  }
  for (const { kind, person, at } of changes) {
    if (kind === 'bound' && open?.person === person) continue
    if (kind === 'unbound' && open?.person !== person) continue
    close(at)
    if (kind === 'bound') open = { person, from: at }
  }
  if (open !== undefined) records.push({ tag, ...open })
  return records
}

export function personChanges({ added, changed, removed }: SiteDiff<'person'>, { at, who }: Origin): readonly Change[] {
  const said = [...added, ...changed.map(({ after }) => after)].map(
    ({ id, name, kind, group }): Change => ({ by: 'site', who, at, change: { kind: 'person', person: id, name, personKind: kind, group } })
  )
  return [...said, ...removed.map(({ id }): Change => ({ by: 'site', who, at, change: { kind: 'person', person: id, removed: true } }))]
}

/** A binding that is taken out of the table ends now, if it has not ended yet: what was told of its wearer stays told. */
export function bindingChanges({ added, changed, removed }: SiteDiff<'binding'>, { at, who }: Origin): readonly Change[] {
  const bound = ({ tag, person, from }: Binding): Change => ({ by: 'site', who, at: from, change: { kind: 'bound', tag, person } })
  const ended = ({ tag, person }: Binding, to: number): Change => ({ by: 'site', who, at: to, change: { kind: 'unbound', tag, person } })
  return [
    ...[...added, ...changed.map(({ after }) => after)].flatMap((each) =>
      each.to === undefined ? [bound(each)] : [bound(each), ended(each, each.to)]
    ),
    ...removed.flatMap((each) => (each.to === undefined || each.to > at ? [ended(each, Math.max(at, each.from + 1))] : []))
  ]
}
