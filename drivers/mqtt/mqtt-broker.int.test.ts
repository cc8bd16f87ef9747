import { connectAsync } from 'mqtt'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates } from '../../test-support/kafka/certificates.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { type Mosquitto, type MosquittoOptions, startMosquitto } from '../../test-support/mosquitto.ts'
import { createMqttSource, type MqttSource, type MqttSourceOptions, numbered } from '../../test-support/mqtt-source.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { startWebSocketBridge } from '../../test-support/websocket-bridge.ts'

const TOPIC = 'site/hall'

describe.each(['3.1.1', '5'] as const)('mqtt %s and a real Mosquitto', (protocolVersion) => {
  let certificates: Certificates
  let strangers: Certificates
  let broker: Mosquitto | undefined
  const sources: MqttSource[] = []

  beforeAll(() => {
    certificates = makeCertificates()
    strangers = makeCertificates()
  })
  afterEach(async () => {
    await Promise.all(sources.splice(0).map(({ run }) => run.stop()))
    await broker?.stop()
    broker = undefined
  })

  const listen = async (options: MosquittoOptions = {}): Promise<Mosquitto> => {
    broker = await startMosquitto(options)
    return broker
  }
  const source = (settings: object = {}, options: Partial<MqttSourceOptions> = {}): MqttSource => {
    const all = { url: broker?.url, protocolVersion, topics: [TOPIC], ...settings }
    const made = createMqttSource({ settings: all, commitsAtOnce: true, ...options })
    sources.push(made)
    return made
  }
  const failureOf = (start: Promise<void>): Promise<unknown> =>
    start.then(
      () => 'started',
      (error: unknown) => error
    )
  const publish = async (url: string | undefined, numbers: readonly number[], options: object = {}): Promise<void> => {
    const publisher = await connectAsync(url ?? '', options)
    await Promise.all(numbers.map((number) => publisher.publishAsync(TOPIC, numbered(number), { qos: 1 })))
    await publisher.endAsync()
  }

  it('keeps its session over a restart of the broker, and gets what the broker held', async () => {
    const { restart, shutDown, url } = await listen()
    const first = source({}, { commitsAtOnce: false })
    await first.run.start()
    await publish(url, [1, 2, 3])
    await waitFor('the messages', () => first.deliveries.length === 3)
    first.commit(1)
    await waitFor('the first acknowledgement', () => /Received PUBACK from tagward-test-hall/.test(broker?.log() ?? ''))
    await shutDown()
    await waitFor('the failure', () => first.failures.length === 1)
    expect(first.failures[0]).toMatchObject({ retriable: true, code: 'LINK_LOST' })
    await restart()
    await publish(url, [4])
    const second = source()
    await second.run.start()
    await waitFor('the rest', () => second.deliveries.length === 3)
    expect(second.numbers()).toEqual([2, 3, 4])
    expect(second.deliveries.map(({ redelivered }) => redelivered)).toEqual([true, true, undefined])
  })

  it('cannot start without a broker, and says so', async () => {
    const [port] = await freePorts(1)
    const url = `mqtt://127.0.0.1:${port}`
    const why = { code: 'LINK_OPEN_FAILED', retriable: true, message: `127.0.0.1:${port}: it refuses connections: nothing listens there` }
    expect(await failureOf(source({ url }).run.start())).toMatchObject(why)
    expect(await failureOf(source({ url: 'mqtt://no-such-host.invalid' }).run.start())).toMatchObject({
      code: 'LINK_OPEN_FAILED',
      retriable: true,
      message: expect.stringMatching(/^no-such-host\.invalid:1883: its name/)
    })
  })

  it('comes in with user name and password, and says when they are wrong', async () => {
    await listen({ users: { gateway: 'right' }, acl: ['user gateway', 'topic readwrite site/#'] })
    const login = { username: 'gateway', password: 'right' }
    const running = source(login)
    await running.run.start()
    await publish(broker?.url, [5], login)
    await waitFor('the message', () => running.numbers().includes(5))
    // Mosquitto 2.0 answers "not authorised" to a wrong password, as other brokers do not.
    for (const wrong of [{ username: 'gateway', password: 'wrong' }, {}]) {
      expect(await failureOf(source({ ...wrong, clientId: 'other' }).run.start())).toMatchObject({
        code: 'LINK_AUTH_FAILED',
        retriable: true
      })
    }
  })

  it('comes in over TLS with a client certificate', async () => {
    const { ca, client } = certificates
    await listen({ tls: { certificates, requireClientCertificate: true } })
    const running = source({ tls: { ca, ...client } })
    await running.run.start()
    await publish(broker?.url, [6], { ca, ...client })
    await waitFor('the message', () => running.numbers().includes(6))

    const without = await failureOf(source({ tls: { ca } }).run.start())
    expect(without).toMatchObject({ retriable: true, code: expect.stringMatching(/^LINK_(TLS|OPEN)_FAILED$/) })
    const refused = await failureOf(source({ tls: { ca, ...strangers.client } }).run.start())
    expect(refused).toMatchObject({ retriable: true, code: expect.stringMatching(/^LINK_(TLS|OPEN)_FAILED$/) })
  })

  it('says what is wrong with a certificate', async () => {
    const { ca } = certificates
    const { port } = await listen({ tls: { certificates } })
    const trial = async (url: string, tls?: object): Promise<unknown> => failureOf(source({ url, ...(tls && { tls }) }).run.start())
    expect(await trial(`mqtts://localhost:${port}`)).toMatchObject({
      code: 'LINK_TLS_FAILED',
      retriable: true,
      message: expect.stringContaining('authority that is not known here')
    })
    expect(await trial(`mqtts://localhost:${port}`, { ca: strangers.ca })).toMatchObject({ code: 'LINK_TLS_FAILED', retriable: true })
    expect(await trial(`mqtts://localhost:${port}`, { ca, servername: 'elsewhere.example' })).toMatchObject({
      code: 'LINK_TLS_FAILED',
      message: expect.stringContaining('is for another name')
    })
    expect(await trial(`mqtts://localhost:${port}`, { ca, cert: strangers.client.cert, key: certificates.client.key })).toMatchObject({
      code: 'LINK_TLS_FAILED',
      retriable: false,
      message: expect.stringContaining('the certificate or key in tls cannot be used')
    })
    expect(await trial(`mqtt://localhost:${port}`)).toMatchObject({ code: 'LINK_OPEN_FAILED', retriable: true })
    expect(await trial(`mqtts://127.0.0.1:${port}`, { ca })).toBe('started')
    expect(await trial(`mqtts://localhost:${port}`, { rejectUnauthorized: false })).toBe('started')
  })

  it('says when the port does not speak TLS', async () => {
    const { port } = await listen()
    expect(await failureOf(source({ url: `mqtts://127.0.0.1:${port}` }).run.start())).toMatchObject({
      retriable: true,
      code: expect.stringMatching(/^LINK_(TLS|OPEN)_FAILED$/)
    })
  })

  it('comes in over a WebSocket', async () => {
    const { port, url } = await listen()
    const bridge = await startWebSocketBridge(port)
    const running = source({ url: `ws://127.0.0.1:${bridge.port}/mqtt` })
    await running.run.start()
    await publish(url, [7, 8])
    await waitFor('the messages', () => running.deliveries.length === 2)
    expect(running.numbers()).toEqual([7, 8])
    await waitFor('the acknowledgements', () => (broker?.log().match(/Received PUBACK from tagward-test-hall/g) ?? []).length === 2)
    await running.run.stop()
    expect(await failureOf(source({ url: `ws://127.0.0.1:${bridge.port}/elsewhere` }).run.start())).toMatchObject({
      code: 'LINK_OPEN_FAILED',
      retriable: true,
      message: 'no MQTT at this WebSocket URL: Unexpected server response: 404'
    })
    await bridge.stop()
    expect(await failureOf(source({ url: `ws://127.0.0.1:${bridge.port}/mqtt` }).run.start())).toMatchObject({
      code: 'LINK_OPEN_FAILED',
      retriable: true
    })
  })

  it('says that another client may have taken the session over', async () => {
    await listen()
    const first = source()
    await first.run.start()
    const second = source()
    await second.run.start()
    await waitFor('the failure', () => first.failures.length === 1)
    // Mosquitto 2.0.11 gives no reason in 5 either; later ones do.
    expect(first.failures[0]).toMatchObject({
      code: expect.stringMatching(/^(SESSION_TAKEN_OVER|LINK_LOST)$/),
      retriable: true,
      message: expect.stringContaining('another client with the id "tagward-test-hall"')
    })
  })
})
