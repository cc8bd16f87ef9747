/** How a push can end. What is refused before its body was read closes the connection. */
export interface Answer {
  readonly status: number
  /** Short name for programs. */
  readonly error?: string
  readonly why?: string
  readonly headers?: Readonly<Record<string, string>>
}

const RETRY_AFTER_S = '5'

export const STORED: Answer = { status: 200 }

/** Not stored, and nothing will become of it: its sender need not keep it. */
export const LET_GO: Answer = { status: 202, why: 'the storage fails: only alarms are kept, the rest is counted and let go' }

export const REFUSALS = {
  token: {
    status: 401,
    error: 'unauthorized',
    why: 'the token is missing or wrong: Authorization: Bearer <token>',
    headers: { 'www-authenticate': 'Bearer realm="tagward", Basic realm="tagward"' }
  },
  path: { status: 404, error: 'not-found', why: 'nothing is taken at this path' },
  method: { status: 405, error: 'method-not-allowed', why: 'send with POST or PUT', headers: { allow: 'POST, PUT' } },
  timeout: { status: 408, error: 'request-timeout', why: 'the request took too long to arrive' },
  length: { status: 413, error: 'body-too-long', why: 'the body is longer than is taken here' },
  type: { status: 415, error: 'content-type', why: 'this content type is not taken here' },
  encoding: { status: 415, error: 'content-encoding', why: 'send the body without compression' },
  empty: { status: 400, error: 'empty-body', why: 'the body is empty' },
  backlog: { status: 503, error: 'busy', why: 'too much waits to be stored; send it again', headers: { 'retry-after': RETRY_AFTER_S } },
  store: {
    status: 503,
    error: 'not-stored',
    why: 'the log did not store it in time; send it again',
    headers: { 'retry-after': RETRY_AFTER_S }
  },
  ending: { status: 503, error: 'ending', why: 'the endpoint is being stopped; send it again', headers: { 'retry-after': RETRY_AFTER_S } }
} as const satisfies Readonly<Record<string, Answer>>

export function bodyOf({ error, status, why }: Answer): Buffer {
  const outcome = status === LET_GO.status ? 'let-go' : 'stored'
  return Buffer.from(`${JSON.stringify(error === undefined ? { status: outcome, why } : { error, why })}\n`)
}
