import { colonMac } from '../ble-gateway/gateway-record.ts'

/** What a script on a Shelly device tells of a tag, for simulators and tests. */
export interface ShellyHeard {
  readonly mac: string
  readonly rssiDbm: number
  /** By the script's names. */
  readonly values: Readonly<Record<string, number | readonly number[]>>
}

/** universal-blu-to-mqtt: the topic is the address. */
export function encodeShellyUniversal({ mac, rssiDbm, values }: ShellyHeard): { readonly topic: string; readonly payload: string } {
  const addr = colonMac(mac)
  return {
    topic: addr,
    payload: JSON.stringify({ addr, rssi: rssiDbm, local_name: '', service_data: { encryption: false, BTHome_version: 2, ...values } })
  }
}

/** ble-shelly-blu: a notification of the device `source`. */
export function encodeShellyNotification(
  source: string,
  { mac, rssiDbm, values }: ShellyHeard
): { readonly topic: string; readonly payload: string } {
  const data = { encryption: false, BTHome_version: 2, ...values, rssi: rssiDbm, address: colonMac(mac) }
  const events = [{ component: 'script:1', id: 1, event: 'shelly-blu', data, ts: 1_772_352_000.12 }]
  return {
    topic: `${source}/events/rpc`,
    payload: JSON.stringify({ src: source, dst: `${source}/events`, method: 'NotifyEvent', params: { ts: 1_772_352_000.12, events } })
  }
}
