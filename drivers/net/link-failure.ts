import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import { NETWORK_WORDS, tlsWords } from './link-words.ts'

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

/** Says what went wrong with a connection in words that tell an installer what to do. */
export function linkFailure(error: unknown, { place, wasOpen }: LinkPlace): DriverError {
  if (error instanceof DriverError) return error
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  const failure = (name: string, why: string): DriverError => new DriverError(name, `${place}: ${why}`, { retriable: true, cause: error })
  if (typeof code === 'string') {
    const network = NETWORK_WORDS[code]
    if (network !== undefined) return failure(wasOpen ? 'LINK_LOST' : 'LINK_OPEN_FAILED', network)
    const tls = tlsWords(code, messageOf(error))
    if (tls !== undefined) return failure('LINK_TLS_FAILED', tls)
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
