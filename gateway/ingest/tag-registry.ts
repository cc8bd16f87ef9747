import type { GeoPosition, LocalPosition, Reading } from '../../firmware-protocols/reading.ts'

/** What the gateway last heard of a tag; for the page, and for alarms that must stand alone. */
export interface TagState {
  readonly tag: string
  source: string
  /** Wall and monotonic time of the last frame that was not stale. */
  heardAt: number
  heardMs: number
  fix:
    | {
        readonly position: LocalPosition | undefined
        readonly geo: GeoPosition | undefined
        readonly accuracyM: number | undefined
        readonly monotonicMs: number
      }
    | undefined
  batteryPct: number | undefined
  /** Kinds raised and not cleared. */
  readonly active: Set<string>
}

/** A random-address flood must not grow memory; the tags heard longest ago go first, those in alarm never. */
const MAX_TAGS = 50_000

export interface TagRegistry {
  heard(tag: string, source: string, reading: Reading, receivedAt: number, monotonicMs: number): TagState
  get(tag: string): TagState | undefined
  all(): Iterable<TagState>
  readonly size: number
}

export function createTagRegistry(maxTags = MAX_TAGS): TagRegistry {
  const tags = new Map<string, TagState>()

  function evictOne(): void {
    let oldest: TagState | undefined
    for (const state of tags.values()) {
      if (state.active.size === 0 && (oldest === undefined || state.heardMs < oldest.heardMs)) oldest = state
    }
    if (oldest !== undefined) tags.delete(oldest.tag)
  }

  return {
    heard(tag, source, reading, receivedAt, monotonicMs) {
      let state = tags.get(tag)
      if (state === undefined) {
        if (tags.size >= maxTags) evictOne()
        state = { tag, source, heardAt: 0, heardMs: 0, fix: undefined, batteryPct: undefined, active: new Set() }
        tags.set(tag, state)
      }
      if (reading.stale !== true) {
        state.source = source
        state.heardAt = receivedAt
        state.heardMs = monotonicMs
        if (reading.usable !== false && (reading.position !== undefined || reading.geo !== undefined)) {
          state.fix = { position: reading.position, geo: reading.geo, accuracyM: reading.accuracyM, monotonicMs }
        }
      }
      if (reading.batteryPct !== undefined) state.batteryPct = reading.batteryPct
      return state
    },
    get: (tag) => tags.get(tag),
    all: () => tags.values(),
    get size() {
      return tags.size
    }
  }
}
