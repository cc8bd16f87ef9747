/**
 * People, who wears which tag, and zones, as central and the site say: a state machine without clock or disk. The same changes give the same directory,
 * in whatever order and however often they come, since each entry follows one order of changes (`compareChanges`, `compareWords`): the later holds; at
 * one instant the site's word, for there the tag was seen. What overrules or is overruled by the other side's word is told.
 */
import type { z } from 'zod'
import type { directoryChanged } from '../../events/business-events.ts'
import { type Authority, addChange, type WearingChange, wearerAt } from './wearers.ts'

/** Data of `DirectoryChanged`. */
export type Told = z.infer<typeof directoryChanged.data>
/** A change as it comes, before it is known whom it overrules. */
export type Change = Omit<Told, 'conflict' | 'overruled'>

/** One word about an entry: the last one holds. */
export interface Word {
  readonly at: number
  readonly by: Authority
  readonly change: Told['change']
}

/** `known`: it came before, or is older than all that is remembered of a tag. `refused`: the directory is as it was, and why. */
export type Outcome =
  | { readonly kind: 'taken'; readonly told: Told; readonly entry: string }
  | { readonly kind: 'known' }
  | { readonly kind: 'refused'; readonly what: string; readonly remedy: string }

/** More people, tags or zones than any site has. */
const MAX_ENTRIES = 50_000
/** A change that holds from later than this comes from a clock that is wrong, and would overrule all others until then. */
const MAX_AHEAD_MS = 366 * 86_400_000

export class Directory {
  readonly #words = new Map<string, Word>()
  readonly #wearers = new Map<string, WearingChange[]>()

  /** @param nowMs wall clock, epoch milliseconds */
  apply(change: Change, nowMs: number): Outcome {
    if (!Number.isSafeInteger(change.at) || change.at < 0 || change.at > nowMs + MAX_AHEAD_MS)
      return refused(`the change is to hold from ${change.at} on`, 'give the time in epoch milliseconds, at most a year ahead')
    const what = change.change
    return what.kind === 'bound' || what.kind === 'unbound'
      ? this.#wear(change, { at: change.at, by: change.by, kind: what.kind, person: what.person }, what.tag)
      : this.#say(change)
  }

  /** Who wore a tag at a time; undefined: nobody that is known of. */
  wearer(tag: string, timeMs: number): string | undefined {
    const changes = this.#wearers.get(tag)
    return changes === undefined ? undefined : wearerAt(changes, timeMs)
  }

  /** Whom central gave the tag last, whatever the site has done since. */
  centralWearer(tag: string): string | undefined {
    const changes = this.#wearers.get(tag)?.filter(({ by }) => by === 'central')
    return changes === undefined ? undefined : wearerAt(changes, Number.POSITIVE_INFINITY)
  }

  wearers(): IterableIterator<readonly [tag: string, changes: readonly WearingChange[]]> {
    return this.#wearers.entries()
  }

  /** Entries of people and zones, removed ones included. */
  words(): IterableIterator<readonly [entry: string, word: Word]> {
    return this.#words.entries()
  }

  /** JSON text of an entry, to be kept on disk under its name. */
  save(entry: string): string | undefined {
    const kept = entry.startsWith(WEARERS) ? this.#wearers.get(entry.slice(WEARERS.length)) : this.#words.get(entry)
    return kept === undefined ? undefined : JSON.stringify(kept)
  }

  /** Takes up an entry that `save` gave. */
  restore(entry: string, text: string): void {
    if (entry.startsWith(WEARERS)) this.#wearers.set(entry.slice(WEARERS.length), JSON.parse(text) as WearingChange[])
    else this.#words.set(entry, JSON.parse(text) as Word)
  }

  #wear(change: Change, wearing: WearingChange, tag: string): Outcome {
    const known = this.#wearers.get(tag)
    if (known === undefined && this.#wearers.size >= MAX_ENTRIES) return full('tags')
    const changes = known ?? []
    const before = [...changes]
    if (!addChange(changes, wearing)) return { kind: 'known' }
    this.#wearers.set(tag, changes)
    return { kind: 'taken', entry: WEARERS + tag, told: { ...change, ...wearingConflict(before, changes, wearing) } }
  }

  #say(change: Change): Outcome {
    const entry = entryOf(change.change)
    const before = this.#words.get(entry)
    if (before === undefined && this.#words.size >= MAX_ENTRIES) return full('people and zones')
    const { at, by } = change
    const word: Word = { at, by, change: change.change }
    const order = before === undefined ? 1 : compareWords(word, before)
    if (order === 0) return { kind: 'known' }
    if (order > 0) this.#words.set(entry, word)
    return { kind: 'taken', entry, told: { ...change, ...wordConflict(before, word, order) } }
  }
}

const WEARERS = 'wearers/'

function entryOf(change: Told['change']): string {
  if (change.kind === 'person') return `person/${change.person}`
  if (change.kind === 'zone') return `zone/${change.zone}`
  if (change.kind === 'zone-status') return `zone-status/${change.zone}`
  return WEARERS + change.tag
}

/** The order in which the last word holds; of one authority and instant the greater text, so that the order of arrival decides nothing. */
function compareWords(a: Word, b: Word): number {
  if (a.at !== b.at) return a.at - b.at
  if (a.by !== b.by) return a.by === 'central' ? -1 : 1
  const [one, other] = [sortedText(a.change), sortedText(b.change)]
  return one < other ? -1 : one > other ? 1 : 0
}

/** The same for equal values, in whatever order their members stand. */
function sortedText(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member
  )
}

type Conflict = Pick<Told, 'conflict' | 'overruled'>

function wordConflict(before: Word | undefined, word: Word, order: number): Conflict {
  if (before === undefined) return {}
  const differs = sortedText(before.change) !== sortedText(word.change)
  const rule =
    before.at === word.at
      ? before.by === word.by
        ? 'of two at one instant the same one holds everywhere'
        : 'at one instant the word of the site holds'
      : 'the later change holds'
  if (order < 0) return { overruled: true, conflict: `overruled by ${before.by}, from ${iso(before.at)}: ${rule}` }
  return differs && before.by !== word.by ? { conflict: `overrules ${before.by}, from ${iso(before.at)}: ${rule}` } : {}
}

/** Of a binding: whether it says anything else than before at its own time, and who takes the tag over from it. */
function wearingConflict(before: readonly WearingChange[], after: readonly WearingChange[], change: WearingChange): Conflict {
  const { at, by } = change
  const meant = change.kind === 'bound' ? change.person : undefined
  const is = wearerAt(after, at)
  const other = after.find((each) => each.at === at && each.by !== by && wearerAt([each], at) !== meant)
  if (change.kind === 'bound' && is !== meant) {
    const winner = other === undefined ? `${is ?? 'nobody'}` : `${other.by}: ${is ?? 'nobody'}`
    return {
      overruled: true,
      conflict: `overruled by ${winner}, from ${iso(at)}: ${other === undefined ? 'of two at one instant the same one holds everywhere' : 'at one instant the word of the site holds'}`
    }
  }
  const parts: string[] = []
  const was = wearerAt(before, at)
  const overruled = lastWord(before, at)
  if (was !== is && overruled !== undefined && overruled.by !== by)
    parts.push(
      `overrules ${overruled.by}: ${was ?? 'nobody'}, from ${iso(overruled.at)}: ${overruled.at === at ? 'at one instant the word of the site holds' : 'the later change holds'}`
    )
  const later = after.find((each) => each.at > at && each.by !== by && each.kind === 'bound' && each.person !== is)
  if (later !== undefined) parts.push(`overruled by ${later.by}: ${later.person}, from ${iso(later.at)} on: the later change holds`)
  return parts.length === 0 ? {} : { conflict: parts.join('; ') }
}

/** The change that said last who the wearer was. */
function lastWord(changes: readonly WearingChange[], at: number): WearingChange | undefined {
  let last: WearingChange | undefined
  for (const change of changes) {
    if (change.at > at) break
    const wearer = last?.kind === 'bound' ? last.person : undefined
    if (change.kind === 'bound' || wearer === change.person) last = change
  }
  return last
}

const iso = (ms: number): string => new Date(ms).toISOString()
const refused = (what: string, remedy: string): Outcome => ({ kind: 'refused', what, remedy })
const full = (of: string): Outcome =>
  refused(`the directory is full: it holds ${MAX_ENTRIES} ${of}`, 'remove those that are no longer on the site')
