import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeGatewayView, fakeSource } from '../../test-support/fake-gateway-view.ts'
import { createVirtualClock, type VirtualClock } from '../../test-support/virtual-clock.ts'
import { GatewayError } from '../errors.ts'
import { createMetrics } from '../state/metrics.ts'
import { buildWeb, startWeb, type WebApp, type WebOptions } from './server.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const HOST = { host: 'localhost:8080' }
const JSON_BODY = { ...HOST, 'content-type': 'application/json' }
const walk = JSON.stringify({ target: 'w01', command: { kind: 'raw', payload: { action: 'sos' } } })
const COMMANDS = '/api/sources/demo/commands'

let clock: VirtualClock
let view: FakeGatewayView
let folder: string
let options: WebOptions
let web: WebApp

beforeEach(async () => {
  folder = await mkdtemp(`${tmpdir()}/tagward-page-`)
  await writeFile(`${folder}/index.html`, '<!doctype html><title>Tagward</title>')
  clock = createVirtualClock()
  view = new FakeGatewayView(clock)
  options = { view, metrics: createMetrics(), clock, log: silent, host: '127.0.0.1', port: 0, pageFolder: folder }
  web = await buildWeb(options)
})

afterEach(async () => {
  await web.close()
  await rm(folder, { recursive: true })
})

describe('every answer', () => {
  it.each(['/', '/api/state', '/healthz', '/metrics', '/nothing-here'])('%s carries the security headers', async (url) => {
    const { headers } = await web.app.inject({ url, headers: HOST })
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
  })

  it.each([
    'evil.example',
    'evil.example:8080',
    '10.0.0.5:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example'
  ])('is refused for the host name "%s"', async (host) => {
    for (const url of ['/', '/api/state', '/api/events', '/metrics', '/healthz']) {
      const answer = await web.app.inject({ url, headers: { host } })
      expect(answer.statusCode, url).toBe(421)
      expect(answer.json().error.code).toBe('WEB_HOST')
    }
  })

  it.each(['localhost', 'LOCALHOST:8080', '127.0.0.1:8080', '127.9.8.7', '[::1]:8080', 'tagward.localhost'])(
    'is given for the host name "%s"',
    async (host) => expect((await web.app.inject({ url: '/healthz', headers: { host } })).statusCode).toBe(200)
  )
})

describe('the page', () => {
  it('is served, and never from an old cache', async () => {
    const answer = await web.app.inject({ url: '/', headers: HOST })
    expect(answer.headers['content-type']).toContain('text/html')
    expect(answer.headers['cache-control']).toBe('no-cache')
  })

  it('does not give files outside its folder', async () => {
    const answer = await web.app.inject({ url: '/%2e%2e/%2e%2e/etc/passwd', headers: HOST })
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.body).not.toContain('root:')
  })

  it('says how to get it when it is not built', async () => {
    const bare = await buildWeb({ ...options, pageFolder: `${folder}/none` })
    const answer = await bare.app.inject({ url: '/', headers: HOST })
    await bare.close()
    expect(answer.statusCode).toBe(503)
    expect(answer.json().error.message).toContain('npm run build')
  })
})

describe('GET /api/state', () => {
  it('gives the snapshot', async () => {
    view.set({ sources: [fakeSource('hall')] })
    const answer = await web.app.inject({ url: '/api/state', headers: HOST })
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(view.snapshot())))
    expect(answer.headers['cache-control']).toBe('no-store')
  })
})

describe('POST /api/sources/:id/commands', () => {
  const post = (payload: string, headers: Record<string, string> = JSON_BODY, url = COMMANDS) =>
    web.app.inject({ method: 'POST', url, headers, payload })

  it('hands the command over and answers with its outcome', async () => {
    view.outcome = { stage: 'failed', code: 'TAG_UNKNOWN', why: 'no such worker' }
    const answer = await post(walk)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({ outcome: view.outcome })
    expect(view.commands).toEqual([{ sourceId: 'demo', target: 'w01', command: { kind: 'raw', payload: { action: 'sos' } } }])
  })

  it('asks for no list of all tags, and neither do metrics', async () => {
    const before = view.snapshots
    expect((await post(walk)).statusCode).toBe(200)
    expect((await post(walk, JSON_BODY, '/api/sources/nobody/commands')).statusCode).toBe(404)
    expect((await web.app.inject('/metrics')).body).toContain('tagward_tags 0')
    expect(view.snapshots).toBe(before)
  })

  it('knows its own page by the origin', async () => {
    expect((await post(walk, { ...JSON_BODY, origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200)
  })

  it.each([
    { origin: 'http://evil.example' },
    { origin: 'http://localhost:9999' },
    { origin: 'https://localhost:8080' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' }
  ])('refuses a request of another page: %o', async (headers) => {
    const answer = await post(walk, { ...JSON_BODY, ...headers } as Record<string, string>)
    expect(answer.statusCode).toBe(403)
    expect(view.commands).toEqual([])
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])('refuses a form (%s)', async (type) => {
    expect((await post(walk, { ...HOST, 'content-type': type })).statusCode).toBe(415)
    expect(view.commands).toEqual([])
  })

  it.each([
    ['no JSON', '{'],
    ['no target', '{"command":{"kind":"raw"}}'],
    ['a path as target', '{"target":"a/b","command":{"kind":"raw"}}'],
    ['an unknown kind', '{"target":"a","command":{"kind":"explode"}}'],
    ['a payload that is no object', '{"target":"a","command":{"kind":"raw","payload":[1]}}'],
    ['unknown keys', '{"target":"a","command":{"kind":"raw"},"more":1}'],
    ['null', 'null']
  ])('refuses %s', async (_what, payload) => {
    const answer = await post(payload)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error.message).not.toBe('')
    expect(view.commands).toEqual([])
  })

  it('names the place of a mistake', async () => {
    expect((await post('{"target":"a","command":{"kind":"explode"}}')).json().error.message).toContain('command.kind')
  })

  it('refuses a body beyond 16 KiB', async () => {
    const payload = JSON.stringify({ target: 'a', command: { kind: 'text', payload: { text: 'x'.repeat(20_000) } } })
    expect((await post(payload)).statusCode).toBe(413)
  })

  it('answers 404 for a source that is not there', async () => {
    expect((await post(walk, JSON_BODY, '/api/sources/other/commands')).statusCode).toBe(404)
    expect(view.commands).toEqual([])
  })
})

describe('/healthz', () => {
  const health = async () => {
    const answer = await web.app.inject({ url: '/healthz', headers: HOST })
    return { status: answer.statusCode, ...answer.json() }
  }
  const waiting = (count: number) => {
    const { lanes } = view.snapshot()
    view.set({ lanes: { ...lanes, telemetry: { ...lanes.telemetry, waiting: count } } })
  }

  it('is well while the log commits, Kafka or not', async () => {
    const { uplink } = view.snapshot()
    view.set({ uplink: { ...uplink, configured: true, reachable: false, lastError: 'ECONNREFUSED' } })
    expect(await health()).toEqual({ status: 'ok', reasons: [] })
  })

  it.each(['full', 'failing'] as const)('says that storage is %s', async (state) => {
    view.set({ storage: { ...view.snapshot().storage, state, error: 'ENOSPC' } })
    const report = await health()
    expect(report.reasons).toEqual([`storage is ${state}: ENOSPC`])
    expect((await web.app.inject({ url: '/healthz', headers: HOST })).statusCode).toBe(503)
  })

  it('notices a log that commits no more, and its recovery', async () => {
    waiting(7)
    clock.advanceSync(12_000)
    const report = await health()
    expect(report.reasons).toEqual([expect.stringMatching(/committed nothing for 1\d s while 7 events wait/)])
    view.set({ storage: { ...view.snapshot().storage, commits: 1001 } })
    expect((await health()).reasons).toEqual([])
  })
})

describe('startWeb', () => {
  it('says what to do when the port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const error = await startWeb({ ...options, port }).catch((reason: unknown) => reason)
    await new Promise((resolve) => other.close(resolve))
    expect(error).toBeInstanceOf(GatewayError)
    expect(error).toMatchObject({ code: 'WEB_PORT_TAKEN', message: `port ${port} is taken; set web.port or stop the other program` })
  })

  it('refuses to listen for other machines', async () => {
    await expect(startWeb({ ...options, host: '0.0.0.0' })).rejects.toMatchObject({ code: 'WEB_HOST_NOT_LOOPBACK' })
  })

  it('leaves no timer behind', async () => {
    await web.close()
    const server = await startWeb(options)
    expect(clock.pendingTimers).toBe(1)
    await server.close()
    expect(clock.pendingTimers).toBe(0)
  })
})
