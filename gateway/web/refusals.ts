/** Answers to requests that never reach a route: the same shape and the same headers as all others. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isHostAllowed, SECURITY_HEADERS } from './guard.ts'
import { failure } from './routes.ts'

export const WRONG_HOST = failure('WEB_HOST', 'open this page as http://localhost or by a loopback address')

/** For addresses that the router cannot read: hooks are not run for them. */
export function refuseAddress(error: { readonly statusCode?: number | undefined }, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(SECURITY_HEADERS)
  if (!isHostAllowed(request.headers)) return void reply.code(421).send(WRONG_HOST)
  const tooLong = error.statusCode === 414
  const message = tooLong ? 'a part of the address is too long' : 'the address is not one that can be read: check its % signs'
  reply.code(tooLong ? 414 : 400).send(failure('WEB_REQUEST', message))
}

const UNREADABLE: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the address or the headers are longer than 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come to its end in time']
}

/** For what is no HTTP request: there is only the socket to answer on. */
export function refuseUnreadable(error: { readonly code?: string }, socket: Socket): void {
  // An answer that has begun must not get another one into its middle.
  if (!socket.writable || socket.bytesWritten > 0) return void socket.destroy()
  const [status, message] = UNREADABLE[error.code ?? ''] ?? [400, 'this is not an HTTP request that can be read']
  const body = JSON.stringify(failure('WEB_REQUEST', message))
  const head = Object.entries(headersFor(body)).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...head, '', body].join('\r\n'))
}

function headersFor(body: string) {
  return {
    ...SECURITY_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close'
  }
}

/** For `Expect:` headers, of which only `100-continue` means anything. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify(failure('WEB_REQUEST', 'what the Expect header asks for cannot be had: leave it out'))
  response.writeHead(417, headersFor(body)).end(body)
}
