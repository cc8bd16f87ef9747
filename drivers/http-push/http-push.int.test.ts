import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { makeCertificates } from '../../test-support/kafka/certificates.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Clock, Delivery, DriverRun, FrameCounters } from '../driver.ts'
import { httpPushDriver } from './driver.ts'

const LINE = '4d18 1.25 2.5\n'
const TOKEN = 'a-token-of-the-site'

interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}
interface Push {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly agent?: Agent
}

function push(port: number, body: string | Uint8Array, { path = '/', method = 'POST', headers = {}, agent }: Push = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: agent ?? false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) })
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

describeDriverContract(
  'http push',
  httpPushDriver,
  async (): Promise<DriverWorld> => {
    const [port = 0, takenPort = 0] = await freePorts(2)
    const taken = createServer().listen(takenPort, '127.0.0.1')
    await once(taken, 'listening')
    return {
      codec: createToyCodec({ transport: 'http' }),
      settings: { port, address: '127.0.0.1' },
      unopenable: { settings: { port: takenPort, address: '127.0.0.1' }, code: 'PORT_TAKEN', retriable: true },
      produce: async () => {
        expect(await push(port, LINE)).toMatchObject({ status: 200, body: { status: 'stored' } })
      },
      tearDown: async () => {
        const closed = once(taken, 'close')
        taken.close()
        await closed
      }
    }
  },
  ['hanging', 'breakable']
)

describe('the endpoint', () => {
  let port: number
  let run: DriverRun
  let deliveries: Delivery[]
  let degraded: string[]
  let topics: (string | undefined)[]
  let counters: FrameCounters
  let commitsAtOnce: boolean
  let storageFails: boolean

  const open = async (settings: object = {}, clock: Clock = systemClock): Promise<void> => {
    deliveries = []
    degraded = []
    topics = []
    counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
    const toy = createToyCodec({ transport: 'http' })
    const codec = {
      ...toy,
      createDecoder: () => {
        const decoder = toy.createDecoder()
        return {
          decode: (...[frame, context]: Parameters<typeof decoder.decode>) => {
            topics.push(context.topic)
            return decoder.decode(frame, context)
          }
        }
      }
    }
    run = httpPushDriver.createRun(httpPushDriver.settings.parse({ port, address: '127.0.0.1', ...settings }), codec, {
      sourceId: 'gate',
      clock,
      log: createMemoryLogger(),
      counters,
      signal: new AbortController().signal,
      sink: {
        deliver: (delivery) => {
          deliveries.push(delivery)
          if (commitsAtOnce) delivery.onDurable?.()
        }
      },
      storageFails: () => storageFails,
      degraded: (why) => degraded.push(why),
      failed: (error) => {
        throw error
      }
    })
    await run.start()
  }

  beforeEach(async () => {
    port = (await freePorts(1))[0] ?? 0
    commitsAtOnce = true
    storageFails = false
  })
  afterEach(() => run.stop())

  const raw = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  const heardOn = (socket: Socket): (() => string) => {
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    return () => text
  }

  it('answers when the log has stored all that a body says, and not before', async () => {
    commitsAtOnce = false
    await open()
    let answer: Answered | undefined
    const pushed = push(port, `${LINE}${LINE}`).then((answered) => {
      answer = answered
    })
    await waitFor('both frames are delivered', () => deliveries.length === 2)
    deliveries[1]?.onDurable?.()
    // Another request passes meanwhile: whatever would be answered too early has had its chance.
    commitsAtOnce = true
    await push(port, LINE)
    expect(answer).toBeUndefined()
    deliveries[0]?.onDurable?.()
    await pushed
    expect(answer).toMatchObject({ status: 200, body: { status: 'stored' } })
  })

  it('says so when the log lets a message go because the storage fails, so that its sender goes on to the next', async () => {
    commitsAtOnce = false
    await open()
    const before = push(port, LINE)
    await waitFor('it is delivered', () => deliveries.length === 1)
    expect(deliveries[0]?.pressing).toBe(false)
    storageFails = true
    const letGo = push(port, LINE)
    await waitFor('it is delivered', () => deliveries.length === 2)
    expect(deliveries[1]?.pressing).toBe(true)
    deliveries[1]?.onGivenUp?.()
    expect(await letGo).toMatchObject({ status: 202, body: { status: 'let-go', why: expect.stringContaining('storage fails') } })
    deliveries[0]?.onDurable?.()
    expect(await before).toMatchObject({ status: 200, body: { status: 'stored' } })
  })

  it.each([
    ['no token', {}, 401, 'unauthorized'],
    ['a wrong token', { authorization: 'Bearer a-token-of-the-sitf' }, 401, 'unauthorized'],
    ['a wrong scheme', { authorization: `Digest ${TOKEN}` }, 401, 'unauthorized'],
    ['a wrong password', { authorization: `Basic ${Buffer.from('gate:guess').toString('base64')}` }, 401, 'unauthorized'],
    ['no colon in Basic', { authorization: `Basic ${Buffer.from(TOKEN).toString('base64')}` }, 401, 'unauthorized'],
    ['the token', { authorization: `Bearer ${TOKEN}` }, 200, undefined],
    ['the token as password', { authorization: `Basic ${Buffer.from(`gate:${TOKEN}`).toString('base64')}` }, 200, undefined]
  ])('asks for the token: %s', async (_, headers, status, error) => {
    await open({ token: TOKEN })
    const answer = await push(port, LINE, { headers })
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject(error === undefined ? { status: 'stored' } : { error })
    expect(deliveries).toHaveLength(status === 200 ? 1 : 0)
    if (status === 401) expect(answer.headers['www-authenticate']).toContain('Bearer')
  })

  it.each<readonly [string, string, Push, number, string]>([
    ['another path', LINE, { path: '/minewx' }, 404, 'not-found'],
    ['a path above', LINE, { path: '/' }, 404, 'not-found'],
    ['reading', '', { path: '/minew', method: 'GET' }, 405, 'method-not-allowed'],
    ['deleting', '', { path: '/minew', method: 'DELETE' }, 405, 'method-not-allowed'],
    ['another type', LINE, { path: '/minew', headers: { 'content-type': 'text/html' } }, 415, 'content-type'],
    ['no type', LINE, { path: '/minew' }, 415, 'content-type'],
    [
      'compression',
      LINE,
      { path: '/minew', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
      415,
      'content-encoding'
    ],
    ['nothing', '', { path: '/minew', headers: { 'content-type': 'application/json' } }, 400, 'empty-body'],
    ['garbage', 'garbage\n', { path: '/minew', headers: { 'content-type': 'application/json' } }, 400, 'FRAME_FORMAT']
  ])('refuses %s with a reason', async (_, body, options, status, error) => {
    await open({ path: '/minew', contentTypes: ['application/json'] })
    const answer = await push(port, body, options)
    expect(answer).toMatchObject({ status, body: { error, why: expect.stringMatching(/.{5}/) } })
    expect(deliveries).toEqual([])
    expect(counters.errors).toBe(1)
  })

  it('takes what is below the path, and tells it to the protocol', async () => {
    await open({ path: '/minew', contentTypes: ['application/*'] })
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    expect((await push(port, LINE, { path: '/minew/ac233fc0ffee?x=1', method: 'PUT', headers })).status).toBe(200)
    expect(topics).toEqual(['/minew/ac233fc0ffee'])
    expect(counters).toMatchObject({ bytesIn: LINE.length, frames: 1, readings: 1, errors: 0 })
  })

  it('says 413 to a body that is too long, also when its length is not told before', async () => {
    await open({ maxBodyBytes: 1_024 })
    const long = 'x'.repeat(500_000)
    expect(await push(port, long)).toMatchObject({ status: 413, body: { error: 'body-too-long' } })
    expect(await push(port, long, { headers: { 'transfer-encoding': 'chunked' } })).toMatchObject({ status: 413 })
    expect((await push(port, LINE)).status).toBe(200)
    expect(deliveries).toHaveLength(1)
  })

  it('answers a sender that asks before it sends', async () => {
    await open({ maxBodyBytes: 1_024 })
    const socket = await raw()
    const heard = heardOn(socket)
    socket.write(`POST / HTTP/1.1\r\nhost: g\r\nexpect: 100-continue\r\ncontent-length: ${LINE.length}\r\n\r\n`)
    await waitFor('it may go on', () => heard().startsWith('HTTP/1.1 100 Continue'))
    socket.write(LINE)
    await waitFor('it is stored', () => heard().includes('HTTP/1.1 200 OK'))
    const closed = once(socket, 'close')
    socket.write('POST / HTTP/1.1\r\nhost: g\r\nexpect: 100-continue\r\ncontent-length: 9999\r\n\r\n')
    await closed
    expect(heard()).toContain('HTTP/1.1 413')
  })

  it('refuses more than may wait with 503 and Retry-After, counts it, and takes it when there is room', async () => {
    commitsAtOnce = false
    await open({ maxWaiting: 3 }, systemClock)
    const waiting = [1, 2, 3].map((number) => push(port, `4d18 ${number} 0\n`))
    await waitFor('three wait', () => deliveries.length === 3)
    const answer = await push(port, LINE)
    expect(answer).toMatchObject({ status: 503, body: { error: 'busy' }, headers: { 'retry-after': '5' } })
    expect(counters.dropped).toBe(1)
    for (const delivery of deliveries) delivery.onDurable?.()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200])
    commitsAtOnce = true
    expect((await push(port, LINE)).status).toBe(200)
  })

  it('says 503 when the log does not store it in time', async () => {
    commitsAtOnce = false
    const clock = createVirtualClock()
    await open({ storeTimeoutS: 20 }, clock)
    const pushed = push(port, LINE)
    await waitFor('it is delivered', () => deliveries.length === 1)
    await clock.advance(20_000)
    expect(await pushed).toMatchObject({ status: 503, body: { error: 'not-stored' }, headers: { 'retry-after': '5' } })
    // What comes too late harms nobody.
    deliveries[0]?.onDurable?.()
    commitsAtOnce = true
    expect((await push(port, LINE)).status).toBe(200)
    expect(counters.dropped).toBe(1)
  })

  it('gives up a sender that hangs in the middle of a body', async () => {
    const clock = createVirtualClock()
    await open({ bodyTimeoutS: 30 }, clock)
    const socket = await raw()
    const heard = heardOn(socket)
    socket.write('POST / HTTP/1.1\r\nhost: g\r\ncontent-length: 1000\r\n\r\n4d18 ')
    await waitFor('the endpoint waits for the rest', () => clock.pendingTimers >= 2)
    await clock.advance(30_000)
    const closed = once(socket, 'close')
    await waitFor('it is told so', () => heard().startsWith('HTTP/1.1 408'))
    expect((await push(port, LINE)).status).toBe(200)
    // And it does not go on for ever with what nobody reads.
    await clock.advance(5_000)
    await closed
    expect(counters.errors).toBe(1)
  })

  it('counts a sender that is unplugged or resets in the middle of a body, and stores what was whole', async () => {
    commitsAtOnce = false
    await open()
    const cut = await raw()
    cut.write('POST / HTTP/1.1\r\nhost: g\r\ncontent-length: 1000\r\n\r\n4d18 ')
    const whole = await raw()
    whole.write(`POST / HTTP/1.1\r\nhost: g\r\ncontent-length: ${LINE.length}\r\n\r\n${LINE}`)
    await waitFor('the whole one is delivered', () => deliveries.length === 1)
    cut.resetAndDestroy()
    whole.resetAndDestroy()
    await waitFor('the cut one is counted', () => counters.incomplete === 1)
    deliveries[0]?.onDurable?.()
    commitsAtOnce = true
    expect((await push(port, LINE)).status).toBe(200)
    expect(counters).toMatchObject({ frames: 2, readings: 2, errors: 0 })
  })

  it('answers what is no HTTP, and goes on', async () => {
    await open()
    const socket = await raw()
    const heard = heardOn(socket)
    const closed = once(socket, 'close')
    socket.write('\x16\x03\x01 hello\r\n\r\n')
    await closed
    expect(heard()).toMatch(/^HTTP\/1\.1 400/)
    expect(counters.errors).toBe(1)
    expect((await push(port, LINE)).status).toBe(200)
  })

  it('takes a flood from many connections: each push is stored, or told that it was not', async () => {
    await open({ maxWaiting: 50, maxConnections: 40 })
    const agent = new Agent({ keepAlive: true, maxSockets: 30 })
    const answers = await Promise.all(
      Array.from({ length: 1_500 }, async (_, number) => (await push(port, `4d18 ${number} 0\n`, { agent })).status)
    )
    agent.destroy()
    const stored = answers.filter((status) => status === 200).length
    expect(stored + answers.filter((status) => status === 503).length).toBe(1_500)
    expect(deliveries).toHaveLength(stored)
    expect(stored).toBeGreaterThan(0)
    expect(counters.dropped).toBe(1_500 - stored)
  })

  it('closes connections above the limit, and counts them', async () => {
    await open({ maxConnections: 2 })
    const [first, second] = [await raw(), await raw()]
    const third = connect(port, '127.0.0.1').on('error', () => undefined)
    await once(third.resume(), 'close')
    expect(counters.dropped).toBe(1)
    first.destroy()
    second.destroy()
    await waitFor('there is room again', async () => (await push(port, LINE)).status === 200)
  })

  it('answers what is being stored when it is stopped, and refuses the rest', async () => {
    commitsAtOnce = false
    const clock = createVirtualClock()
    await open({}, clock)
    const [stored, given] = [push(port, LINE), push(port, LINE)]
    await waitFor('both are delivered', () => deliveries.length === 2)
    const stopped = run.stop()
    deliveries[0]?.onDurable?.()
    await clock.advance(1_000)
    await stopped
    expect((await Promise.all([stored, given])).map(({ status }) => status).sort()).toEqual([200, 503])
    await expect(push(port, LINE)).rejects.toThrow()
  })

  it('says when all requests are refused, and when all is well again', async () => {
    const clock = createVirtualClock()
    await open({ token: TOKEN }, clock)
    await push(port, LINE)
    await push(port, LINE)
    await clock.advance(10_000)
    expect(degraded.at(-1)).toBe('requests were refused: 2 × 401 unauthorized')
    await push(port, LINE, { headers: { authorization: `Bearer ${TOKEN}` } })
    await push(port, LINE)
    await clock.advance(10_000)
    expect(degraded.at(-1)).toBe('')
  })

  it('speaks TLS, and says when certificate and key are none', async () => {
    const { ca, server } = makeCertificates()
    await open({ tls: server })
    const status = await new Promise((resolve, reject) => {
      const request = httpsRequest({ host: '127.0.0.1', port, method: 'POST', ca, agent: false }, (response) => {
        resolve(response.resume().statusCode)
      })
      request.on('error', reject)
      request.end(LINE)
    })
    expect(status).toBe(200)
    await run.stop()
    await expect(open({ tls: { cert: server.cert, key: '-----BEGIN PRIVATE KEY-----' } })).rejects.toMatchObject({
      code: 'LINK_TLS_FAILED',
      retriable: false
    })
  })

  it('lets in only who shows a certificate of the right authority, where one is named', async () => {
    const [ours, strangers] = [makeCertificates(), makeCertificates()]
    const clock = createVirtualClock()
    await open({ tls: { ...ours.server, clientCa: ours.ca } }, clock)
    const statusWith = (proof: object): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const request = httpsRequest({ host: '127.0.0.1', port, method: 'POST', ca: ours.ca, agent: false, ...proof }, (response) => {
          resolve(response.resume().statusCode)
        })
        request.on('error', reject)
        request.end(LINE)
      })
    await expect(statusWith({})).rejects.toThrow()
    await expect(statusWith(strangers.client)).rejects.toThrow()
    await waitFor('both are counted', () => counters.errors === 2)
    await clock.advance(10_000)
    expect(degraded.at(-1)).toBe('requests were refused: 2 × TLS handshake failed')
    expect(await statusWith(ours.client)).toBe(200)
    expect(deliveries).toHaveLength(1)
  })
})
