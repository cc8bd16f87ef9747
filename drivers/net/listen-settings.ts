import { isIP } from 'node:net'
import { z } from 'zod'
import { written } from '../../firmware-protocols/kit/setting-marks.ts'
import type { ExclusiveClaim } from '../driver.ts'

/** TCP or UDP; what listens names it in its own words by `meta`. */
export const listenPortSchema = z.int().min(1).max(65_535)

export const LISTEN_ADDRESS = { ...written('an IP address of this machine'), title: 'Address' }

/** An address of this machine, not a name; goes with `LISTEN_ADDRESS` and a description. */
export const listenAddressSchema = z.string().refine((text) => isIP(text) !== 0, {
  message: 'is no IP address',
  params: { remedy: 'write an address of this machine, or leave it out for all of them (a host name does not do here)' }
})

/** The settings that all TCP listeners have in common, beside port and TLS. */
export const tcpListenerShape = {
  address: listenAddressSchema
    .default('0.0.0.0')
    .meta({ ...LISTEN_ADDRESS, description: 'Address of this machine to listen on; 0.0.0.0 for all of IPv4, `::` for both kinds' }),
  maxConnections: z
    .int()
    .min(1)
    .max(65_535)
    .default(512)
    .meta({ title: 'Connections', description: 'Connections at a time; more are closed at once, and counted as dropped' })
}

/** Any two listeners of whatever drivers: one port, one owner. */
export function tcpPortClaim(port: number): ExclusiveClaim {
  return {
    setting: 'port',
    resource: `tcp-port ${port}`,
    why: 'a port can be listened to by one source only',
    remedy: 'give each a port of its own, or remove one of the two sources (or set `enabled: false` in it)'
  }
}
