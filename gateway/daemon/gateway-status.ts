import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import type { Overview } from '../state/snapshot.ts'

/** The `GatewayStatus` event: what the page shows of the gateway, for those who watch many. */
export function gatewayStatusEvent(clock: GatewayClock, overview: Overview): GatewayEvent {
  const at = clock.wallMs()
  const monotonicMs = clock.monotonicMs()
  const { gateway, lanes, storage, uplink } = overview
  const lane = (name: 'alarm' | 'telemetry'): object => {
    const { lastSequence, backlog, backlogAgeMs, waiting } = lanes[name]
    return { lastSequence, backlog, backlogAgeMs, waiting }
  }
  return {
    type: 'GatewayStatus',
    lane: 'telemetry',
    key: gateway.id,
    time: at,
    receivedAt: at,
    clockQuality: clock.quality(),
    bootId: clock.bootId,
    monotonicMs,
    data: {
      version: gateway.version,
      uptimeS: Math.round((monotonicMs - gateway.startedMono) / 1000),
      epoch: gateway.epoch,
      lanes: { alarm: lane('alarm'), telemetry: lane('telemetry') },
      sources: overview.sources.map(({ id, driver, health, lastError }) => ({
        id,
        driver,
        health,
        lastError: health === 'up' ? undefined : lastError?.message
      })),
      uplink: { configured: uplink.configured, connected: uplink.reachable === true, lastError: uplink.lastError ?? undefined },
      storage: { state: storage.state, logBytes: storage.logBytes, freeBytes: storage.freeBytes },
      memoryRssBytes: process.memoryUsage.rss(),
      tagsSeen: overview.tagCount
    }
  }
}
