/** A failure of the web server that the operator must resolve; `message` says how. */
export class WebError extends Error {
  readonly code: 'WEB_PORT_TAKEN' | 'WEB_LISTEN_FAILED' | 'WEB_HOST_NOT_LOOPBACK'
  readonly retriable = false
  readonly details: Readonly<Record<string, unknown>>
  constructor(code: WebError['code'], message: string, details: Record<string, unknown>, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'WebError'
    this.code = code
    this.details = details
  }
}
