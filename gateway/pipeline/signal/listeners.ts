/**
 * Who hears a tag: a source, or one receiver of a source. A tag is observed while one of those that heard it together is alive.
 */
const MAX_LISTENERS = 8
/** A listener that was that far behind the others when the tag was last heard did not hear it any more. */
const BEHIND_MS = 5_000
const GAPS_BEHIND = 4
/** Frames that were on their way when a listener died arrive within this; one that is heard later is alive, whatever was said. */
const ON_THE_WAY_MS = 5_000

export interface Listener {
  readonly source: string
  readonly receiver: string
  /** Pipeline time at which it last heard the tag. */
  heardMs: number
  /** Gap between its hearings of the tag: follows a longer one quickly, a shorter one slowly. */
  usualGapMs: number
  /** Its source was told dead, at this pipeline time. */
  sourceDeadMs?: number
  /** It was told dead itself, at this pipeline time. */
  receiverDeadMs?: number
}

/** Who is meant by a death or a return: a whole source, or one receiver of it. */
export interface ListenerName {
  readonly source: string
  readonly receiver?: string | undefined
}

/** Notes who heard the tag; says whether that listener is new. */
export function heardBy(listeners: Listener[], source: string, receiver: string, heardMs: number, learns: boolean): boolean {
  for (const listener of listeners) {
    if (listener.source !== source || listener.receiver !== receiver) continue
    const gapMs = heardMs - listener.heardMs
    if (gapMs <= 0) return false
    if (learns) listener.usualGapMs += (gapMs - listener.usualGapMs) / (gapMs > listener.usualGapMs ? 4 : 64)
    listener.heardMs = heardMs
    if (listener.sourceDeadMs !== undefined && heardMs - listener.sourceDeadMs > ON_THE_WAY_MS) delete listener.sourceDeadMs
    if (listener.receiverDeadMs !== undefined && heardMs - listener.receiverDeadMs > ON_THE_WAY_MS) delete listener.receiverDeadMs
    return false
  }
  if (listeners.length >= MAX_LISTENERS) removeOldest(listeners)
  listeners.push({ source, receiver, heardMs, usualGapMs: 0 })
  return true
}

function removeOldest(listeners: Listener[]): void {
  let oldest = 0
  for (let place = 1; place < listeners.length; place += 1) {
    if ((listeners[place]?.heardMs ?? 0) < (listeners[oldest]?.heardMs ?? 0)) oldest = place
  }
  listeners.splice(oldest, 1)
}

/** Does a living listener hear the tag that was last heard, by anybody, at `lastMs`? */
export function isObserved(listeners: readonly Listener[], lastMs: number, ceilingMs: number): boolean {
  for (const { heardMs, usualGapMs, sourceDeadMs, receiverDeadMs } of listeners) {
    if (sourceDeadMs !== undefined || receiverDeadMs !== undefined) continue
    if (lastMs - heardMs <= Math.min(ceilingMs, Math.max(BEHIND_MS, GAPS_BEHIND * usualGapMs))) return true
  }
  return false
}

/** Notes a death; says whether it concerned any listener that was alive. */
export function markDead(listeners: readonly Listener[], { source, receiver }: ListenerName, nowMs: number): boolean {
  let found = false
  for (const listener of listeners) {
    if (listener.source !== source || (receiver !== undefined && listener.receiver !== receiver)) continue
    if (listener.sourceDeadMs === undefined && listener.receiverDeadMs === undefined) found = true
    if (receiver === undefined) listener.sourceDeadMs = nowMs
    else listener.receiverDeadMs = nowMs
  }
  return found
}

/** Notes a return; says whether any listener is alive by it that was dead. A source that is back does not bring back a dead receiver. */
export function markAlive(listeners: readonly Listener[], { source, receiver }: ListenerName): boolean {
  let found = false
  for (const listener of listeners) {
    if (listener.source !== source || (receiver !== undefined && listener.receiver !== receiver)) continue
    const wasDead = listener.sourceDeadMs !== undefined || listener.receiverDeadMs !== undefined
    if (receiver === undefined) delete listener.sourceDeadMs
    else delete listener.receiverDeadMs
    if (wasDead && listener.sourceDeadMs === undefined && listener.receiverDeadMs === undefined) found = true
  }
  return found
}

/** A source that is configured no longer hears nobody ever again. */
export function removeListeners(listeners: Listener[], source: string): void {
  for (let place = listeners.length - 1; place >= 0; place -= 1) if (listeners[place]?.source === source) listeners.splice(place, 1)
}
