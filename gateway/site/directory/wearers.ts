/** Who the directory's word is from. */
export type Authority = 'central' | 'site'

/** A tag was bound to a person, or this person's binding ended. */
export interface WearingChange {
  /** From when it holds, epoch milliseconds. */
  readonly at: number
  readonly by: Authority
  readonly kind: 'bound' | 'unbound'
  readonly person: string
}

/** So many changes of a tag are remembered; what is older than the oldest of them has no wearer. */
export const MAX_WEARING_CHANGES = 16

/**
 * The conflict rule, as an order in which the last word wins: the change that holds from later on; at one instant the site's, since there the tag was
 * seen; of one authority the binding over its end, then by name, so that the order of arrival decides nothing.
 */
export function compareChanges(a: WearingChange, b: WearingChange): number {
  if (a.at !== b.at) return a.at - b.at
  if (a.by !== b.by) return a.by === 'central' ? -1 : 1
  if (a.kind !== b.kind) return a.kind === 'unbound' ? -1 : 1
  return a.person < b.person ? -1 : a.person > b.person ? 1 : 0
}

/** Puts a change where it belongs; false: it is known, or older than all that is remembered. `changes` is sorted, and stays bounded. */
export function addChange(changes: WearingChange[], change: WearingChange): boolean {
  let place = changes.length
  for (; place > 0; place--) {
    const before = changes[place - 1]
    const order = before === undefined ? -1 : compareChanges(before, change)
    if (order === 0) return false
    if (order < 0) break
  }
  if (changes.length >= MAX_WEARING_CHANGES) {
    if (place === 0) return false
    changes.shift()
    place -= 1
  }
  changes.splice(place, 0, change)
  return true
}

/**
 * Who wore the tag at a time, epoch milliseconds; undefined: nobody that is known of. The end of a binding concerns only the person it names: who
 * has been given the tag since keeps it.
 */
export function wearerAt(changes: readonly WearingChange[], timeMs: number): string | undefined {
  let wearer: string | undefined
  for (let place = 0; place < changes.length; place++) {
    const change = changes[place]
    if (change === undefined || change.at > timeMs) break
    if (change.kind === 'bound') wearer = change.person
    else if (wearer === change.person) wearer = undefined
  }
  return wearer
}
