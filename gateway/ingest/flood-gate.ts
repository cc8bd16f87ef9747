import type { AlertKind } from '../events/raw-events.ts'

/**
 * Flood control: a tag or source that raises more than its limit in a minute is collapsed to one alert with a count, and
 * that alert says so. Nobody becomes invisible by it: the first alert over the limit goes out at once as the collapsed
 * one, the sum follows when the minute ends, and each names the tags. SOS has a count of its own: what else a tag or its
 * source raises never stands in its way, and the first SOS of a tag in a minute always passes.
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
  sosSeen: number
  held: number
  readonly tags: Set<string>
}

export interface FloodGate {
  judge(tag: string, source: string, kind: AlertKind, nowMs: number): Verdict
  /** Goes on with a flood that was under way when the program ended: `alerts` more of `tag` are held back. */
  resume(by: FloodScope['by'], id: string, tag: string, alerts: number, nowMs: number): FloodScope
  /** Sums of the windows that ended with something held back. */
  expire(nowMs: number): readonly FloodSum[]
  /** When the next window ends, monotonic; undefined: none is open. */
  nextEndMs(): number | undefined
}

export function createFloodGate(limits: FloodLimits): FloodGate {
  // In the order in which they were opened, which is the order in which they end.
  const windows = new Map<string, Window>()

  function windowOf(by: FloodScope['by'], id: string, nowMs: number): Window {
    const key = `${by} ${id}`
    let window = windows.get(key)
    if (window === undefined) {
      const limitPerMinute = by === 'tag' ? limits.maxPerTagPerMinute : limits.maxPerSourcePerMinute
      window = { scope: { by, id, limitPerMinute }, endsMs: nowMs + WINDOW_MS, seen: 0, sosSeen: 0, held: 0, tags: new Set() }
      windows.set(key, window)
    }
    return window
  }
  function count(window: Window, tag: string, alerts: number): void {
    window.held += alerts
    if (window.tags.size < TAGS_NAMED) window.tags.add(tag)
  }
  function over(window: Window, seen: number, tag: string): Verdict | undefined {
    if (seen <= window.scope.limitPerMinute) return undefined
    count(window, tag, 1)
    return { kind: window.held === 1 ? 'announce' : 'hold', scope: window.scope }
  }

  return {
    judge(tag, source, kind, nowMs) {
      const ofTag = windowOf('tag', tag, nowMs)
      const ofSource = windowOf('source', source, nowMs)
      ofSource.seen += 1
      if (kind === 'sos') {
        ofTag.sosSeen += 1
        if (ofTag.sosSeen === 1) return { kind: 'pass' }
      } else ofTag.seen += 1
      const seen = kind === 'sos' ? ofTag.sosSeen : ofTag.seen
      return over(ofTag, seen, tag) ?? over(ofSource, ofSource.seen, tag) ?? { kind: 'pass' }
    },
    resume(by, id, tag, alerts, nowMs) {
      const window = windowOf(by, id, nowMs)
      // The alert that announced the flood is one of those beyond the limit.
      if (window.held === 0) window.held = 1
      window.seen = Math.max(window.seen, window.scope.limitPerMinute)
      count(window, tag, alerts)
      return window.scope
    },
    expire(nowMs) {
      const sums: FloodSum[] = []
      for (const [key, window] of windows) {
        if (window.endsMs > nowMs) break
        windows.delete(key)
        if (window.held > 1) sums.push({ ...window.scope, alerts: window.held, tags: [...window.tags] })
      }
      return sums
    },
    nextEndMs() {
      const [first] = windows.values()
      return first?.endsMs
    }
  }
}
