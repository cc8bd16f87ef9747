import type { AlertKind } from '../events/raw-events.ts'

/**
 * Flood control: a tag or source that raises more than its limit in a minute is collapsed to one alert with a count, and
 * that alert says so. Nobody becomes invisible by it: the first alert over the limit goes out at once as the collapsed
 * one, the sum follows when the minute ends, each names the tags, and an SOS of a tag that has raised nothing in this
 * minute always passes.
 */
export const WINDOW_MS = 60_000
const TAGS_NAMED = 50

export interface FloodLimits {
  readonly maxPerTagPerMinute: number
  readonly maxPerSourcePerMinute: number
}

/** What one alert may do. `announce`: it goes out, marked as standing for many; `hold`: it is only counted. */
export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'announce'; readonly scope: FloodScope }
  | { readonly kind: 'hold'; readonly scope: FloodScope }

export interface FloodScope {
  readonly by: 'tag' | 'source'
  readonly id: string
  readonly limitPerMinute: number
}

export interface FloodSum extends FloodScope {
  /** Alerts of the minute beyond the limit. */
  readonly alerts: number
  readonly tags: readonly string[]
}

interface Window {
  readonly scope: FloodScope
  readonly endsMs: number
  seen: number
  held: number
  readonly tags: Set<string>
}

export interface FloodGate {
  judge(tag: string, source: string, kind: AlertKind, nowMs: number): Verdict
  /** Sums of the windows that ended with something held back. */
  expire(nowMs: number): readonly FloodSum[]
  /** When the next window ends, monotonic; undefined: none is open. */
  nextEndMs(): number | undefined
}

export function createFloodGate(limits: FloodLimits): FloodGate {
  const windows = new Map<string, Window>()

  function windowOf(scope: FloodScope, nowMs: number): Window {
    const key = `${scope.by} ${scope.id}`
    let window = windows.get(key)
    if (window === undefined) {
      window = { scope, endsMs: nowMs + WINDOW_MS, seen: 0, held: 0, tags: new Set() }
      windows.set(key, window)
    }
    return window
  }
  function over(window: Window, tag: string): Verdict | undefined {
    if (window.seen <= window.scope.limitPerMinute) return undefined
    window.held += 1
    if (window.tags.size < TAGS_NAMED) window.tags.add(tag)
    return { kind: window.held === 1 ? 'announce' : 'hold', scope: window.scope }
  }

  return {
    judge(tag, source, kind, nowMs) {
      const ofTag = windowOf({ by: 'tag', id: tag, limitPerMinute: limits.maxPerTagPerMinute }, nowMs)
      const ofSource = windowOf({ by: 'source', id: source, limitPerMinute: limits.maxPerSourcePerMinute }, nowMs)
      ofTag.seen += 1
      ofSource.seen += 1
      const verdict = over(ofTag, tag)
      if (verdict !== undefined) return verdict
      if (kind === 'sos' && ofTag.seen === 1) return { kind: 'pass' }
      return over(ofSource, tag) ?? { kind: 'pass' }
    },
    expire(nowMs) {
      const sums: FloodSum[] = []
      for (const [key, window] of windows) {
        if (window.endsMs > nowMs) continue
        windows.delete(key)
        if (window.held > 1) sums.push({ ...window.scope, alerts: window.held, tags: [...window.tags] })
      }
      return sums
    },
    nextEndMs() {
      let next: number | undefined
      for (const window of windows.values()) if (next === undefined || window.endsMs < next) next = window.endsMs
      return next
    }
  }
}
