import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
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

const NETWORK: Readonly<Record<string, (link: LinkNames) => string>> = {
  ENOTFOUND: ({ host }) => `there is no host "${host}" (name not found)`,
  EAI_AGAIN: ({ host }) => `the name "${host}" cannot be looked up now: no name server answers`,
  ECONNREFUSED: ({ host, port }) => `${host}:${port} refuses connections: no broker listens there`,
  EHOSTUNREACH: ({ host }) => `${host} cannot be reached (no route, or the machine is off)`,
  ENETUNREACH: ({ host }) => `the network of ${host} cannot be reached`,
  ETIMEDOUT: ({ host, port }) => `${host}:${port} does not answer`,
  ECONNRESET: ({ host, port }) => `${host}:${port} broke the connection`,
  EPIPE: ({ host, port }) => `${host}:${port} broke the connection`
}

const UNKNOWN_AUTHORITY = () =>
  "the broker's certificate is from an authority that is not known here; give the authority's certificate as tls.ca"
const CLIENT_CERTIFICATE_REFUSED = () => 'the broker does not accept the client certificate (tls.cert)'

const TLS: Readonly<Record<string, (link: LinkNames) => string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: () => "the broker's certificate is self-signed; give that certificate as tls.ca",
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: () => "the broker's certificate has expired (or this machine's clock is ahead)",
  CERT_NOT_YET_VALID: () => "the broker's certificate is not valid yet; most likely this machine's clock is behind",
  CERT_REVOKED: () => "the broker's certificate has been revoked",
  ERR_TLS_CERT_ALTNAME_INVALID: ({ host }) =>
    `the broker's certificate is for another name than "${host}"; use that name in the URL or give it as tls.servername`,
  ERR_SSL_WRONG_VERSION_NUMBER: ({ port }) => `port ${port} does not speak TLS; use mqtt:// or the broker's TLS port`,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ({ port }) => `port ${port} does not speak TLS; use mqtt:// or the broker's TLS port`,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: () => 'the broker wants a client certificate (tls.cert and tls.key)',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: () =>
    'the broker refused the TLS handshake (it may want a client certificate, tls.cert and tls.key)',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CLIENT_CERTIFICATE_REFUSED,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: CLIENT_CERTIFICATE_REFUSED,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: CLIENT_CERTIFICATE_REFUSED,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: () => 'the client certificate (tls.cert) has expired, says the broker',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: () => 'the client certificate (tls.cert) has been revoked, says the broker',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: () => 'the broker and this machine have no TLS version in common'
}

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
  const network = NETWORK[code]
  if (network !== undefined) return retriable(linkCode, network(link), cause)
  const tls = TLS[code]
  if (tls !== undefined) return retriable('LINK_TLS_FAILED', `${tls(link)} (${code})`, cause)
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('CERT_') || code === 'EPROTO')
    return retriable('LINK_TLS_FAILED', `TLS failed: ${text} (${code})`, cause)
  return retriable(linkCode, `${link.host}:${link.port}: ${text} (${code})`, cause)
}
