import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Clock } from '../driver.ts'
import { DriverError } from '../driver.ts'

export interface GetRequest {
  readonly url: URL
  readonly agent: Agent
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly maxBodyBytes: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

export interface GetAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Uint8Array
}

/**
 * One GET. Rejects with what went wrong. When a connection that was kept alive turns out to be closed already, which no client can
 * know before it writes (RFC 9112, 9.3.1), the request is made once more on a new one.
 */
export async function httpGet(get: GetRequest): Promise<GetAnswer> {
  const first = await attempt(get)
  if (first !== 'stale-connection') return first
  const second = await attempt(get)
  if (second !== 'stale-connection') return second
  throw new DriverError('LINK_LOST', `${get.url.host}: it broke the connection twice`, { retriable: true })
}

const BROKEN: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE'])

function attempt({ agent, clock, headers, maxBodyBytes, signal, timeoutMs, url }: GetRequest): Promise<GetAnswer | 'stale-connection'> {
  return new Promise((resolve, reject) => {
    let answered = false
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(url, { agent, headers }, (response) => {
      answered = true
      readBody(response, maxBodyBytes).then((body) => {
        finish()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      }, fail)
    })
    const giveUp = (code: string, why: string): void => {
      const error = new DriverError(code, `${url.host}: ${why}`, { retriable: true })
      fail(error)
    }
    const onAbort = (): void => giveUp('RUN_ENDED', 'the run was stopped')
    const limit = clock.setTimeout(() => giveUp('LINK_TIMEOUT', `no whole answer within ${timeoutMs / 1_000} s`), timeoutMs)
    const finish = (): void => {
      limit.cancel()
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown): void => {
      finish()
      request.destroy()
      const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
      if (request.reusedSocket && !answered && BROKEN.has(code)) resolve('stale-connection')
      else reject(error)
    }
    request.on('error', fail)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    request.end()
  })
}

function readBody(response: IncomingMessage, maxBodyBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBodyBytes) chunks.push(chunk)
      else reject(new DriverError('LINK_PROTOCOL', `the answer is longer than maxBodyBytes (${maxBodyBytes})`, { retriable: true }))
    })
    response.on('error', reject)
    response.on('end', () => resolve(Buffer.concat(chunks, Math.min(bytes, maxBodyBytes))))
    response.on('close', () => reject(new DriverError('LINK_LOST', 'the connection broke in the middle of an answer', { retriable: true })))
  })
}
