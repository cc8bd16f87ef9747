import type { HealthChange } from '../../drivers/supervisor/supervised-source.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import type { EventLog } from '../log/event-log.ts'

const PROCESSOR = 'sources-lost'
const GONE = 'removed from the configuration or switched off'

interface Lost {
  /** Wall clock; for use after a reboot only. */
  readonly at: number
  /** Monotonic clock, comparable within `bootId`. */
  readonly monotonicMs: number
  readonly bootId: string
  readonly driver: string
}

export interface SourceWatch {
  /** A change of health from the supervisor. */
  onHealth(change: HealthChange): void
  /** Sources as configured now: a lost one that is gone or switched off is told as no longer lost. */
  onConfigured(active: ReadonlySet<string>): void
  /** Who was lost as the log knew it, where it could not be read at the start: who works now is told as restored. */
  recall(saved: ReadonlyMap<string, string>): void
}

export interface SourceWatchOptions {
  readonly clock: Pick<GatewayClock, 'bootId' | 'quality' | 'wallMs' | 'monotonicMs'>
  readonly log: Pick<EventLog, 'saveState'>
  readonly append: (event: GatewayEvent) => void
  readonly saved: ReadonlyMap<string, string>
}

export const SOURCES_LOST = PROCESSOR

/**
 * One `SourceLost` when a source goes down, one `SourceRestored` when it gives data again; who is lost survives a restart
 * of the gateway, so that central never waits for a restoration that was told to nobody.
 */
export function createSourceWatch({ clock, log, append, saved }: SourceWatchOptions): SourceWatch {
  const lost = new Map<string, Lost>()
  const working = new Set<string>()
  let configured: ReadonlySet<string> = new Set()
  for (const [id, text] of saved) lost.set(id, JSON.parse(text) as Lost)

  function tell(type: 'SourceLost' | 'SourceRestored', sourceId: string, data: object): void {
    const at = clock.wallMs()
    append({
      type,
      lane: 'alarm',
      key: sourceId,
      time: at,
      source: sourceId,
      receivedAt: at,
      clockQuality: clock.quality(),
      bootId: clock.bootId,
      monotonicMs: clock.monotonicMs(),
      data
    })
  }
  function lose(change: HealthChange): void {
    if (lost.has(change.sourceId)) return
    const entry: Lost = { at: clock.wallMs(), monotonicMs: clock.monotonicMs(), bootId: clock.bootId, driver: change.driver }
    lost.set(change.sourceId, entry)
    log.saveState(PROCESSOR, change.sourceId, JSON.stringify(entry))
    const { failure } = change
    tell('SourceLost', change.sourceId, {
      sourceId: change.sourceId,
      driver: change.driver,
      code: failure?.code,
      reason: failure?.message,
      retriable: failure?.retriable ?? true
    })
  }
  function restore(sourceId: string, more: { reason?: string; attempts?: number }): void {
    const entry = lost.get(sourceId)
    if (entry === undefined) return
    lost.delete(sourceId)
    log.saveState(PROCESSOR, sourceId, undefined)
    // Across boots only the wall clock is left; it may have been set meanwhile, and a negative length would be nonsense.
    const sameBoot = entry.bootId === clock.bootId
    const lostForMs = Math.max(0, Math.round(sameBoot ? clock.monotonicMs() - entry.monotonicMs : clock.wallMs() - entry.at))
    tell('SourceRestored', sourceId, { sourceId, driver: entry.driver, ...more, lostForMs })
  }

  return {
    onHealth(change) {
      if (change.to === 'up' || change.to === 'degraded') working.add(change.sourceId)
      else working.delete(change.sourceId)
      if (change.to === 'down') lose(change)
      else if (change.to === 'up' || change.to === 'degraded') restore(change.sourceId, { attempts: change.attempts })
    },
    onConfigured(active) {
      configured = active
      for (const id of [...lost.keys()]) if (!active.has(id)) restore(id, { reason: GONE })
    },
    recall(late) {
      for (const [id, text] of late) {
        if (lost.has(id)) continue
        lost.set(id, JSON.parse(text) as Lost)
        if (working.has(id)) restore(id, {})
        else if (!configured.has(id)) restore(id, { reason: GONE })
      }
    }
  }
}
