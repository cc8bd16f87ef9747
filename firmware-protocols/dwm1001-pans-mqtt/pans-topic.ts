export type NodeUplink = 'location' | 'status' | 'config' | 'data' | 'service'

export type PansTopic =
  | { readonly about: 'node'; readonly id: string; readonly uplink: NodeUplink }
  | { readonly about: 'gateway'; readonly id: string }
  | { readonly about: 'downlink' }
  | { readonly about: 'nothing' }

const UPLINK = /(?:^|\/)node\/([0-9a-f]{1,16})\/uplink\/(location|status|config|data|service)$/i
const GATEWAY = /(?:^|\/)gateway\/([^/]{1,64})\/uplink$/i
const DOWNLINK = /(?:^|\/)(?:node|gateway)\/[^/]+\/downlink(?:\/[^/]*)?$/i

/**
 * Topic grammar (LEAPS PANS PRO, mqtt-connector; the prefix, by default `dwm`, is configurable and may have levels):
 *
 *   <prefix>/node/<id>/uplink/(location | status | config | data | service)     id: 4 hex digits
 *   <prefix>/gateway/<id>/uplink
 *   <prefix>/node/<id>/downlink/(config | data | service)
 */
export function parsePansTopic(topic: string): PansTopic {
  const uplink = UPLINK.exec(topic)
  if (uplink?.[1] && uplink[2]) return { about: 'node', id: uplink[1].toLowerCase(), uplink: uplink[2].toLowerCase() as NodeUplink }
  const gateway = GATEWAY.exec(topic)
  if (gateway?.[1]) return { about: 'gateway', id: gateway[1].toLowerCase() }
  return DOWNLINK.test(topic) ? { about: 'downlink' } : { about: 'nothing' }
}
