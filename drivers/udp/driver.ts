import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Driver, DriverError, type ExclusiveClaim } from '../driver.ts'
import type { InterfaceList } from './memberships.ts'
import { type UdpSettings, udpSettingsSchema } from './settings.ts'
import { UdpRun } from './udp-run.ts'

/** Datagrams, unicast and multicast. See docs/drivers/udp.md. `interfaces`: those of the machine, for tests another list. */
export function createUdpDriver(interfaces: InterfaceList = networkInterfaces): Driver<UdpSettings> {
  return {
    kind: 'udp',
    title: 'UDP datagrams, unicast and multicast',
    carries: ['udp'],
    settings: udpSettingsSchema,
    exclusiveClaims: portClaim,
    createRun(settings, codec, context) {
      if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'a udp source needs a protocol', { retriable: false })
      return new UdpRun(settings, codec, context, interfaces)
    }
  }
}

/** In IPv4 a socket is bound to its group, so that sources with groups of their own can have one port. */
function portClaim({ address, multicast, port }: UdpSettings): readonly ExclusiveClaim[] {
  return [
    {
      setting: 'port',
      resource: `udp-port ${multicast === undefined || address !== undefined || !isIPv4(multicast.group) ? port : `${port} ${multicast.group}`}`,
      why: 'a port can be listened to by one source only',
      remedy: 'have the other system send to another port or group, or remove one of the two sources (or set `enabled: false` in it)'
    }
  ]
}
