import { colonMac } from '../ble-gateway/gateway-record.ts'

/** What an OpenMQTTGateway tells of a tag, for simulators and tests; `values` by the names of the Theengs decoder. */
export interface OmgHeard {
  readonly gateway: string
  readonly mac: string
  readonly rssiDbm: number
  readonly values?: Readonly<Record<string, number | string | boolean>>
  /** As old builds do. */
  readonly numbersAsText?: boolean
}

export function encodeOmg({ gateway, mac, rssiDbm, values = {}, numbersAsText }: OmgHeard): {
  readonly topic: string
  readonly payload: string
} {
  const body: Record<string, number | string | boolean> = { id: colonMac(mac).toUpperCase(), rssi: rssiDbm, ...values }
  if (numbersAsText === true) for (const [name, value] of Object.entries(body)) if (typeof value === 'number') body[name] = String(value)
  return { topic: `home/${gateway}/BTtoMQTT/${mac.toUpperCase()}`, payload: JSON.stringify(body) }
}
