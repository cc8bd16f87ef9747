import { nameId } from '../ble-gateway/gateway-record.ts'

export type OmgTopic =
  | { readonly about: 'tag'; readonly gateway: string | undefined; readonly last: string | undefined }
  | { readonly about: 'system'; readonly gateway: string }
  | { readonly about: 'will'; readonly gateway: string }
  | { readonly about: 'other'; readonly why: string }

const HEARD = /(?:^|\/)([^/]+)\/BTtoMQTT(?:\/([^/]+))?$/
const PRESENCE = /(?:^|\/)home_presence\/([^/]+)$/
const SYSTEM = /(?:^|\/)([^/]+)\/SYStoMQTT$/
const WILL = /(?:^|\/)([^/]+)\/LWT$/
const OTHER = /(?:^|\/)[^/]+\/(?:[A-Za-z0-9]+toMQTT|commands)(?:\/|$)/

/**
 *   <base>/<gateway>/BTtoMQTT[/<MAC without colons | UUID of an iBeacon>]
 *   <presence topic>[/<UUID>]           of the installer's choice; <base>/home_presence/<gateway> in old builds
 *   <base>/<gateway>/SYStoMQTT          state of the gateway
 *   <base>/<gateway>/LWT                online | offline
 *   <base>/<gateway>/<other>toMQTT      other radios;  <base>/<gateway>/commands/…
 */
export function parseOmgTopic(topic: string): OmgTopic {
  const heard = HEARD.exec(topic)
  if (heard?.[1] !== undefined) return { about: 'tag', gateway: nameId(heard[1]), last: heard[2] }
  const presence = PRESENCE.exec(topic)
  if (presence?.[1] !== undefined) return { about: 'tag', gateway: nameId(presence[1]), last: undefined }
  const system = SYSTEM.exec(topic)?.[1]
  if (system !== undefined) return { about: 'system', gateway: nameId(system) }
  const will = WILL.exec(topic)?.[1]
  if (will !== undefined) return { about: 'will', gateway: nameId(will) }
  if (OTHER.test(topic)) return { about: 'other', why: 'not of Bluetooth tags' }
  return { about: 'tag', gateway: undefined, last: topic.split('/').at(-1) }
}
