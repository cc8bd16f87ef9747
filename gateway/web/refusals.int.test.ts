import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FakeGatewayView } from '../../test-support/fake-gateway-view.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { createMetrics } from '../state/metrics.ts'
import { SECURITY_HEADERS } from './guard.ts'
import { startWeb, type WebServer } from './server.ts'

let web: WebServer
beforeAll(async () => {
  const clock = createVirtualClock()
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  web = await startWeb({ view: new FakeGatewayView(clock), metrics: createMetrics(), clock, log, host: '127.0.0.1', port: 0 })
})
afterAll(async () => await web.close())

/** Sends bytes as they are, and gives what comes back until the server closes. */
async function answerTo(request: string): Promise<{ status: number; headers: Map<string, string>; body: string }> {
  const socket = connect(web.port, '127.0.0.1')
  let text = ''
  socket.on('data', (data) => {
    text += String(data)
  })
  socket.write(request)
  await once(socket, 'close')
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  return { status: Number(statusLine.split(' ')[1]), headers, body }
}

const END = 'Host: localhost\r\nConnection: close\r\n'
const COMMANDS = '/api/sources/x/commands'
const JSON_TYPE = 'Content-Type: application/json\r\n'
const long = 'a'.repeat(200)

const CASES: readonly [what: string, request: string, status: number, code: string][] = [
  ['a broken escape in the address', `GET /%zz HTTP/1.1\r\n${END}\r\n`, 400, 'WEB_REQUEST'],
  [
    'a broken escape in a part of it',
    `POST /api/sources/%ff/commands HTTP/1.1\r\n${END}${JSON_TYPE}Content-Length: 2\r\n\r\n{}`,
    400,
    'WEB_REQUEST'
  ],
  ['a broken escape under a wrong name', 'GET /%zz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', 421, 'WEB_HOST'],
  ['an address that is too long', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${END}\r\n`, 431, 'WEB_REQUEST'],
  [
    'a part of the address that is too long',
    `POST /api/sources/${long}/commands HTTP/1.1\r\n${END}${JSON_TYPE}Content-Length: 2\r\n\r\n{}`,
    414,
    'WEB_REQUEST'
  ],
  ['a header that is too long', `GET / HTTP/1.1\r\n${END}X: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'WEB_REQUEST'],
  ['a body that is no JSON', `POST ${COMMANDS} HTTP/1.1\r\n${END}${JSON_TYPE}Content-Length: 1\r\n\r\n{`, 400, 'WEB_REQUEST'],
  ['an empty body', `POST ${COMMANDS} HTTP/1.1\r\n${END}${JSON_TYPE}Content-Length: 0\r\n\r\n`, 400, 'WEB_REQUEST'],
  ['a body of another type', `POST ${COMMANDS} HTTP/1.1\r\n${END}Content-Type: x\r\nContent-Length: 1\r\n\r\n1`, 415, 'WEB_REQUEST'],
  ['a length that is no number', `POST ${COMMANDS} HTTP/1.1\r\n${END}${JSON_TYPE}Content-Length: x\r\n\r\n{`, 400, 'WEB_REQUEST'],
  ['what is no HTTP', 'GARBAGE\r\n\r\n', 400, 'WEB_REQUEST'],
  ['an unknown method', `BREW / HTTP/1.1\r\n${END}\r\n`, 400, 'WEB_REQUEST'],
  ['an unknown version', `GET / HTTP/3.0\r\n${END}\r\n`, 400, 'WEB_REQUEST'],
  ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 421, 'WEB_HOST'],
  ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 421, 'WEB_HOST'],
  ['an expectation', `GET / HTTP/1.1\r\n${END}Expect: tea\r\n\r\n`, 417, 'WEB_REQUEST'],
  ['an address outside', `GET /../etc/passwd HTTP/1.1\r\n${END}\r\n`, 403, 'WEB_REQUEST']
]

describe('a request that cannot be served is answered in our shape, with our headers', () => {
  it.each(CASES)('%s', async (_, request, status, code) => {
    const answer = await answerTo(request)
    expect(answer.status).toBe(status)
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(answer.headers.get(name), name).toBe(value)
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(JSON.parse(answer.body)).toEqual({ error: { code, message: expect.stringMatching(/\S/) } })
  })
})

it('closes without a word when what cannot be read follows an answer', async () => {
  const { status, body } = await answerTo('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGARBAGE\r\n\r\n')
  expect([status, body.includes('WEB_REQUEST')]).toEqual([200, false])
})
