import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { GatewayEvent } from '../events/define-event.ts'

/** The event as the page can show it: what was stamped on an earlier boot gets its place on this boot's monotonic clock. */
export function onThisBoot(event: GatewayEvent, clock: Pick<GatewayClock, 'bootId' | 'wallMs' | 'monotonicMs'>): GatewayEvent {
  if (event.bootId === clock.bootId) return event
  // Across boots only the wall clock is left, and it may have been set meanwhile.
  const agoMs = Math.max(0, clock.wallMs() - event.receivedAt)
  return { ...event, bootId: clock.bootId, monotonicMs: clock.monotonicMs() - agoMs }
}
