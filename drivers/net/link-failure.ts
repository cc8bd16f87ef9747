import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'

export interface LinkPlace {
  /** `host:port`, for messages. */
  readonly place: string
  /** It had worked before it went wrong. */
  readonly wasOpen: boolean
}

export function placeOf(url: URL): string {
  const port = url.port === '' ? (url.protocol === 'https:' || url.protocol === 'wss:' ? '443' : '80') : url.port
  return `${url.hostname}:${port}`
}

const NETWORK: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is unknown: check the name, or use the address',
  EAI_AGAIN: 'its name cannot be looked up now: no name server answers',
  ECONNREFUSED: 'it refuses connections: nothing listens there',
  EHOSTUNREACH: 'there is no way to it, or the machine is off',
  ENETUNREACH: 'there is no way to its network: check the address and the default route',
  ETIMEDOUT: 'it does not answer: check its power, cable and address',
  ECONNRESET: 'it broke the connection',
  EPIPE: 'it broke the connection'
}

const UNKNOWN_AUTHORITY = 'its certificate is from an authority that is not known here; give that of the authority as tls.ca'
const NO_TLS = 'it does not speak TLS at this port'

const TLS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; give that certificate as tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: "its certificate has expired (or this machine's clock is ahead)",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; most likely this machine's clock is behind",
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; use that name in the URL, or give it as tls.servername',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  EPROTO: NO_TLS
}

/** Says what went wrong with a connection in words that tell an installer what to do. */
export function linkFailure(error: unknown, { place, wasOpen }: LinkPlace): DriverError {
  if (error instanceof DriverError) return error
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  const failure = (name: string, why: string): DriverError => new DriverError(name, `${place}: ${why}`, { retriable: true, cause: error })
  if (typeof code === 'string') {
    const network = NETWORK[code]
    if (network !== undefined) return failure(wasOpen ? 'LINK_LOST' : 'LINK_OPEN_FAILED', network)
    const tls = TLS[code]
    if (tls !== undefined) return failure('LINK_TLS_FAILED', `${tls} (${code})`)
    if (/^(ERR_(SSL|TLS|OSSL)|CERT_)/.test(code)) return failure('LINK_TLS_FAILED', `TLS failed: ${messageOf(error)} (${code})`)
  }
  return failure(wasOpen ? 'LINK_LOST' : 'LINK_OPEN_FAILED', messageOf(error) || 'the connection failed')
}

/** What a status other than success means for a link that was to be opened with HTTP. */
export function statusFailure(status: number, place: string, location?: string): DriverError {
  const failure = (name: string, why: string): DriverError => new DriverError(name, `${place}: ${why}`, { retriable: true })
  if (status === 401 || status === 403) return failure('LINK_AUTH_FAILED', `it does not let us in (${status}): check user, token or key`)
  if (status === 404 || status === 410) return failure('LINK_OPEN_FAILED', `there is nothing at this path (${status}): check the URL`)
  if (status >= 300 && status < 400)
    return failure('LINK_PROTOCOL', `it sends us elsewhere (${status}, to ${location ?? 'nowhere'}): write that URL if it is meant`)
  return failure('LINK_REFUSED', `it answers ${status}`)
}
