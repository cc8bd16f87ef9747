import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, bodyOf } from './answers.ts'

/** Of a body that is refused: so much is still read and thrown away, so that the sender gets to read the answer. */
const DISCARDED_BYTES_MAX = 1_048_576

function head(response: ServerResponse, answer: Answer, length: number, close: boolean): void {
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': length,
    'cache-control': 'no-store',
    ...(close ? { connection: 'close' } : {}),
    ...answer.headers
  })
}

/** The answer to a request that was read to its end. */
export function writeAnswer(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  const body = bodyOf(answer)
  head(response, answer, body.length, false)
  response.end(body)
}

/**
 * Answers a request whose body has not been read. Closing at once would reset the connection under a sender that still writes,
 * and it would never see the answer: so the answer goes out whole, and what still comes is thrown away, within limits.
 */
export function refuseUnread(request: IncomingMessage, response: ServerResponse, answer: Answer, bodyIsComing: boolean): void {
  if (response.destroyed) return
  const body = bodyOf(answer)
  head(response, answer, body.length, true)
  if (request.complete || !bodyIsComing) {
    response.end(body)
    return
  }
  response.write(body)
  let discarded = 0
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length
    if (discarded > DISCARDED_BYTES_MAX) request.destroy()
  })
  request.once('end', () => response.end())
  request.resume()
}
