import type { Expectation } from './sent-entry.ts'
import type { WireEvent } from './wire-event.ts'

type Path = readonly string[]

/** Expectations that look at the same places of an event. There are few of them, however long the file is. */
interface Shape {
  readonly number: number
  readonly by: Expectation['by']
  readonly type: string | undefined
  readonly paths: readonly Path[]
}

/** Counts per demanded content: acknowledged, found, found without a mark that it may be a repeat. */
interface Tally {
  acknowledged: number
  found: number
  unmarked: number
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON with sorted members, so that equal values have equal texts. */
function canonicalText(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`).join(',')}}`
}

/** An object asks for its members only; an array, like any other value, is compared as a whole. */
function pathsOf(value: unknown, path: Path): Path[] {
  if (!isObject(value)) return [path]
  const names = Object.keys(value).sort()
  return names.length === 0 ? [path] : names.flatMap((name) => pathsOf(value[name], [...path, name]))
}

/** Puts the texts of all leaves in `texts`, in the order of `pathsOf`, and gives one name for all their places. Runs for every line. */
function collectLeaves(value: unknown, place: string, texts: string[]): string {
  if (!isObject(value)) {
    texts.push(canonicalText(value))
    return place
  }
  const names = Object.keys(value).sort()
  if (names.length === 0) texts.push('{}')
  let places = `${place}{`
  for (const name of names) places += collectLeaves(value[name], `${name.length}:${name}`, texts)
  return `${places}}`
}

function textAt(data: unknown, path: Path): string | undefined {
  let value = data
  for (const name of path) {
    if (!isObject(value)) return undefined
    value = value[name]
  }
  if (value === undefined) return undefined
  return isObject(value) ? '{}' : canonicalText(value)
}

/** 53 bits of hash: a million contents collide with a chance of 1 in 20 000, and then hide a loss only if one of the two is lost. */
function hash53(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
}

function idOf(by: Expectation['by'], key: string): string {
  if (by === 'any') return ''
  return by === 'key' ? key : key.slice(key.indexOf(':') + 1)
}

/**
 * What was acknowledged against what is on the topics, as multisets: content that was acknowledged n times has to be
 * there n times. It may be there more often, because a sender repeats what was logged when the acknowledgement is lost.
 */
export class SentLedger {
  readonly #shapes = new Map<string, Shape>()
  readonly #tallies = new Map<number, Tally>()

  acknowledge(expectation: Expectation): void {
    this.#tally(expectation).acknowledged++
  }

  /** Call once for every event, however often it is on the wire. */
  observe(event: WireEvent): void {
    const marked = event.data['redelivered'] === true || event.data['stale'] === true
    for (const shape of this.#shapes.values()) {
      if (shape.type !== undefined && shape.type !== event.type) continue
      const texts = textsOf(event.data, shape.paths)
      const tally = texts && this.#tallies.get(contentKey(shape, idOf(shape.by, event.key), texts))
      if (!tally) continue
      tally.found++
      if (!marked) tally.unmarked++
    }
  }

  /** Takes one missing event of this content off the account; false: none is missing (any more). */
  takeMissing(expectation: Expectation): boolean {
    const tally = this.#tally(expectation)
    if (tally.acknowledged <= tally.found) return false
    tally.acknowledged--
    return true
  }

  get missing(): number {
    let count = 0
    for (const { acknowledged, found } of this.#tallies.values()) count += Math.max(0, acknowledged - found)
    return count
  }

  /** Events beyond what was acknowledged that no mark explains. */
  get repeatedUnmarked(): number {
    let count = 0
    for (const { acknowledged, unmarked } of this.#tallies.values()) count += Math.max(0, unmarked - acknowledged)
    return count
  }

  #tally(expectation: Expectation): Tally {
    const { by, id, type, fields } = expectation
    const texts: string[] = []
    const shapeName = `${by}/${type ?? ''}/${collectLeaves(fields, '', texts)}`
    let shape = this.#shapes.get(shapeName)
    if (!shape) {
      shape = { number: this.#shapes.size, by, type, paths: pathsOf(fields, []) }
      this.#shapes.set(shapeName, shape)
    }
    const key = contentKey(shape, id, texts)
    let tally = this.#tallies.get(key)
    if (!tally) {
      tally = { acknowledged: 0, found: 0, unmarked: 0 }
      this.#tallies.set(key, tally)
    }
    return tally
  }
}

function textsOf(data: WireEvent['data'], paths: readonly Path[]): string[] | undefined {
  const texts: string[] = []
  for (const path of paths) {
    const text = textAt(data, path)
    if (text === undefined) return undefined
    texts.push(text)
  }
  return texts
}

function contentKey(shape: Shape, id: string, texts: readonly string[]): number {
  return hash53(`${shape.number}\n${id}\n${texts.join('\n')}`)
}
