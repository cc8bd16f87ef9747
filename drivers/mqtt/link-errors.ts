import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import { NETWORK_WORDS, tlsWords } from '../net/link-words.ts'
import { AckOrderError } from './ack-gate.ts'
import { MalformedPacketError } from './packet-filter.ts'

/** Where the link was to go, for messages. */
export interface LinkNames {
  readonly host: string
  readonly port: number
  readonly clientId: string
  /** The broker had accepted us before it went wrong. */
  readonly connected: boolean
}

const retriable = (code: string, message: string, cause: unknown): DriverError => new DriverError(code, message, { retriable: true, cause })

/** CONNACK and DISCONNECT reasons (3.1.1: 1 to 5, table 3.1; 5: 128 and more, section 2.4). */
function refusal(reason: number, text: string, { clientId }: LinkNames, cause: unknown): DriverError {
  switch (reason) {
    case 1:
    case 132:
      return new DriverError('LINK_PROTOCOL', 'the broker does not speak this protocolVersion; set the other one', {
        retriable: false,
        cause
      })
    case 2:
    case 133:
      return retriable('LINK_REFUSED', `the broker does not accept the client id "${clientId}"`, cause)
    case 4:
    case 134:
      return retriable('LINK_AUTH_FAILED', 'the broker does not accept user name or password', cause)
    case 5:
    case 135:
      return retriable('LINK_AUTH_FAILED', 'not authorised: the broker does not let this user, client id or certificate in', cause)
    case 142:
      return retriable(
        'SESSION_TAKEN_OVER',
        `another client with the id "${clientId}" has taken the session over; give each gateway and source a clientId of its own`,
        cause
      )
    case 149:
      return retriable('LINK_PROTOCOL', 'the broker sent a packet longer than the maximum agreed', cause)
    default:
      return retriable('LINK_REFUSED', `the broker ended the connection: ${text} (reason ${reason})`, cause)
  }
}

export function refusedByBroker(reason: number, text: string, link: LinkNames): DriverError {
  return refusal(reason, text, link, undefined)
}

function reasonCode(error: unknown): number | string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'number' || typeof code === 'string' ? code : undefined
}

/** The connection ended and nobody said why. */
export function closedWithoutReason(link: LinkNames): DriverError {
  if (!link.connected)
    return retriable('LINK_OPEN_FAILED', `${link.host}:${link.port} closed the connection at once; does the port want TLS?`, undefined)
  return retriable(
    'LINK_LOST',
    `the broker closed the connection and gave no reason; it may have stopped, or another client with the id "${link.clientId}" has taken the session over`,
    undefined
  )
}

/** Says what went wrong in words that tell an installer what to do. */
export function classifyLinkError(error: unknown, link: LinkNames): DriverError {
  if (error instanceof DriverError) return error
  const text = messageOf(error)
  if (error instanceof AckOrderError) return retriable('DRIVER_EXCEPTION', text, error)
  if (error instanceof MalformedPacketError) return retriable('LINK_PROTOCOL', text, error)
  const code = reasonCode(error)
  if (typeof code === 'number') return refusal(code, text, link, error)
  if (code !== undefined) return bySystemCode(code, text, link, error)
  if (text === 'connack timeout')
    return retriable('LINK_TIMEOUT', `${link.host}:${link.port} took the connection but no broker answers`, error)
  if (text === 'Keepalive timeout') return retriable('LINK_TIMEOUT', 'the broker has stopped answering (keepalive)', error)
  if (text.startsWith('Unexpected server response')) return retriable('LINK_OPEN_FAILED', `no MQTT at this WebSocket URL: ${text}`, error)
  return retriable('LINK_PROTOCOL', `the other side does not keep to MQTT: ${text}`, error)
}

function bySystemCode(code: string, text: string, link: LinkNames, cause: unknown): DriverError {
  const linkCode = link.connected ? 'LINK_LOST' : 'LINK_OPEN_FAILED'
  const place = `${link.host}:${link.port}`
  const network = NETWORK_WORDS[code]
  if (network !== undefined) return retriable(linkCode, `${place}: ${network}`, cause)
  const tls = tlsWords(code, text)
  if (tls !== undefined) return retriable('LINK_TLS_FAILED', `${place}: ${tls}`, cause)
  return retriable(linkCode, `${place}: ${text} (${code})`, cause)
}
