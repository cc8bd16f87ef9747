import { connectAsync, type MqttClient } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { CODECS, findCodec } from '../../firmware-protocols/registry.ts'
import { loadSeeds } from '../../test-support/fuzz/load-seeds.ts'
import { makeCertificates } from '../../test-support/kafka/certificates.ts'
import { type Mosquitto, type MosquittoOptions, mosquittoProgram, startMosquitto } from '../../test-support/mosquitto.ts'
import { connackPacket, packet, publishPacket } from '../../test-support/mqtt-bytes.ts'
import {
  type BrokerConnection,
  CONNECT,
  type ScriptedMqttBroker,
  SUBSCRIBE,
  startScriptedMqttBroker
} from '../../test-support/scripted-mqtt-broker.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { type DetectBrokerOptions, detectBroker } from './detect-broker.ts'
import type { Detection, Finding } from './detection.ts'

interface Message {
  readonly topic: string
  readonly payload: Uint8Array | string
}

function messagesOf(protocol: string, topicOf: (topic: string | undefined, index: number) => string): readonly Message[] {
  const codec: Codec | undefined = findCodec(protocol)
  if (codec === undefined) throw new Error(`no protocol ${protocol}`)
  return loadSeeds(codec).map(({ bytes, context }, index) => ({ topic: topicOf(context.topic, index), payload: bytes }))
}

const json = (topic: string, value: unknown): Message => ({ topic, payload: JSON.stringify(value) })

describe.skipIf(mosquittoProgram() === undefined)('a real Mosquitto', () => {
  let broker: Mosquitto | undefined
  let publisher: MqttClient | undefined
  afterEach(async () => {
    await publisher?.endAsync(true)
    await broker?.stop()
    publisher = undefined
    broker = undefined
  })

  /** Listens until all that is published has come, and once more where the broker sends it live. */
  async function detect(
    messages: readonly Message[],
    options: MosquittoOptions = {},
    more: Partial<DetectBrokerOptions> = {}
  ): Promise<Detection> {
    broker = await startMosquitto(options)
    const [[username, password] = []] = Object.entries(options.users ?? {})
    const login = username === undefined ? {} : { username, password: password ?? '' }
    publisher = await connectAsync(
      broker.url,
      { ...login, ...(options.tls === undefined ? {} : { ca: options.tls.certificates.ca }) },
      false
    )
    const client = publisher
    const stop = new AbortController()
    const publishing = setInterval(() => {
      for (const { topic, payload } of messages) client.publish(topic, Buffer.from(payload))
    }, 100)
    try {
      return await detectBroker({
        url: broker.url,
        codecs: CODECS,
        clock: systemClock,
        signal: stop.signal,
        listenMs: 30_000,
        onProgress: ({ messages: heard = 0 }) => {
          if (heard >= messages.length * 2) stop.abort()
        },
        ...more
      })
    } finally {
      clearInterval(publishing)
    }
  }

  const finding = (detection: Detection, protocol: string): Finding | undefined =>
    detection.findings.find((each) => each.protocol === protocol)

  it('tells protocols apart that publish side by side, and what to subscribe to', async () => {
    const position = { x: 1.2, y: 3.4, z: 0.9, quality: 80 }
    const messages = [
      ...['4d18', '0a01', 'beef'].map((id) => json(`dwm/node/${id}/uplink/location`, { position, superFrameNumber: 7 })),
      json('dwm/node/4d18/uplink/status', { present: true, batt: 80 }),
      ...messagesOf('minew-gateway-json', (topic) => topic ?? '/gw/ac233fc01234/status'),
      json('home/OMG_hall/BTtoMQTT/A4C138010203', {
        id: 'A4:C1:38:01:02:03',
        rssi: -60,
        tempc: 21.5,
        hum: 40,
        batt: 80,
        model_id: 'LYWSD03MMC'
      }),
      ...messagesOf('chirpstack-v4-mqtt', (topic) => topic ?? 'application/1/device/0102030405060708/event/up'),
      json('zigbee2mqtt/lamp', { state: 'ON', brightness: 3 }),
      json('tele/tasmota_A1B2C3/STATE', { Time: '2026-11-20T09:00:00', Wifi: { RSSI: 80 } })
    ]
    const detection = await detect(messages)
    expect(detection.outcome).toBe('detected')
    expect(detection.findings.map(({ protocol }) => protocol).sort()).toEqual([
      'chirpstack-v4-mqtt',
      'dwm1001-pans-mqtt',
      'minew-gateway-json',
      'openmqttgateway-ble'
    ])
    expect(finding(detection, 'dwm1001-pans-mqtt')).toMatchObject({ topics: ['dwm/node/+/uplink/#'], tagCount: 3 })
    expect(finding(detection, 'minew-gateway-json')?.topics).toEqual(['/gw/+/status'])
    expect(finding(detection, 'openmqttgateway-ble')?.topics).toEqual(['home/+/BTtoMQTT/#'])
    expect(finding(detection, 'chirpstack-v4-mqtt')?.topics).toContain('application/+/device/+/event/+')
    const foreign = detection.heard.topics.filter(({ protocol }) => protocol === undefined).map(({ topic, content }) => [topic, content])
    expect(foreign).toContainEqual(['zigbee2mqtt/lamp', 'json: state, brightness'])
    expect(foreign).toContainEqual(['tele/+/STATE', 'json: Time, Wifi'])
    expect(detection.config?.sources['dwm1001-pans-mqtt']).toMatchObject({ driver: 'mqtt', topics: ['dwm/node/+/uplink/#'] })
  })

  it.each(['pozyx-mqtt', 'kontaktio-telemetry', 'quuppa-qpe-json', 'shelly-blu-mqtt', 'aprbrother-gw-v4'])('finds %s', async (protocol) => {
    const detection = await detect(messagesOf(protocol, (topic) => topic ?? 'site/hall/feed'))
    expect(
      detection.findings.map((each) => each.protocol),
      JSON.stringify(detection.findings, null, 1)
    ).toContain(protocol)
  })

  it('finds helmet tags on their topics', async () => {
    const detection = await detect(
      messagesOf('helmet', () => '').map(({ payload }) => ({
        topic: `site/helmet/${Buffer.from(payload).toString('hex', 8, 16)}/up`,
        payload
      }))
    )
    expect(detection.findings).toMatchObject([{ protocol: 'helmet', topics: ['site/helmet/+/up'] }])
  })

  it('claims nothing where nothing is of tags', async () => {
    const messages = [
      json('homeassistant/sensor/x/config', { name: 'x', device: { identifiers: ['1'] } }),
      json('tasmota/discovery/A1B2C3D4E5F6/config', { ip: '192.0.2.4', mac: 'A1B2C3D4E5F6', dn: 'lamp' }),
      json('shellies/announce', { id: 'shelly1-A1B2C3', mac: 'A1B2C3D4E5F6', ip: '192.0.2.5' }),
      { topic: 'tele/lamp/LWT', payload: 'Online' },
      { topic: 'a/number', payload: '7' },
      { topic: 'a/blob', payload: Uint8Array.from({ length: 40 }, (_, index) => (index * 77) & 0xff) }
    ]
    const detection = await detect(messages)
    expect(detection.findings).toEqual([])
    expect(['unknown', 'possible']).toContain(detection.outcome)
    expect(detection.heard.topics.map(({ content }) => content).sort()).toContain('binary')
  })

  it('names the tags whose keys are needed', async () => {
    const bthome = {
      addr: '54:48:e6:8f:80:a5',
      rssi: -60,
      data: [0x41, 0xe4, 0x45, 0xf3, 0xc9, 0x96, 0x2b, 0x33, 0x22, 0x11, 0x00, 0x78, 0x23, 0x72, 0x14]
    }
    const detection = await detect([json('blegateway/54:48:e6:8f:80:a5', bthome)])
    expect(detection.findings).toMatchObject([{ protocol: 'shelly-blu-mqtt', keysNeededFor: ['5448e68f80a5'] }])
    expect(detection.configYaml).toContain('{tag: "5448e68f80a5", key: $'.concat('{TAG_KEY_5448E68F80A5}}'))
  })

  it('logs in with user and password over TLS, and gives neither away', async () => {
    const certificates = makeCertificates()
    const users = { installer: 'geheim-2048' }
    const detection = await detect(
      [json('dwm/node/4d18/uplink/location', { position: { x: 1, y: 2, z: 3, quality: 80 } })],
      { users, tls: { certificates } },
      {
        username: 'installer',
        password: 'geheim-2048',
        ca: certificates.ca,
        access: { passwordReference: '$'.concat('{SITE_PASSWORD}'), caFile: '/etc/tagward/ca.pem' }
      }
    )
    expect(detection.findings).toMatchObject([{ protocol: 'dwm1001-pans-mqtt' }])
    expect(detection.config?.sources['dwm1001-pans-mqtt']).toMatchObject({
      username: 'installer',
      password: '$'.concat('{SITE_PASSWORD}'),
      tls: { ca: { file: '/etc/tagward/ca.pem' } }
    })
    expect(JSON.stringify(detection)).not.toContain('geheim')
  })

  it('says why it cannot listen', async () => {
    broker = await startMosquitto({ users: { a: 'b' } })
    const options = { codecs: CODECS, clock: systemClock, signal: new AbortController().signal, listenMs: 1_000 }
    await expect(detectBroker({ ...options, url: broker.url, username: 'a', password: 'wrong' })).rejects.toMatchObject({
      code: 'LINK_AUTH_FAILED'
    })
    await expect(detectBroker({ ...options, url: 'mqtt://127.0.0.1:1' })).rejects.toMatchObject({ code: 'LINK_OPEN_FAILED' })
  })

  it('tells of silence, and that the broker may hide what the user may not read', async () => {
    broker = await startMosquitto()
    const detection = await detectBroker({
      url: broker.url,
      codecs: CODECS,
      clock: systemClock,
      signal: new AbortController().signal,
      listenMs: 200
    })
    expect(detection).toMatchObject({ outcome: 'silent', findings: [], notes: [expect.stringContaining('anonymous clients')] })
  })
})

const PROTOCOL_LEVEL_AT = 6
const payload = new TextEncoder().encode('{"position":{"x":1,"y":2,"z":3,"quality":80}}')
const location = { topic: 'dwm/node/4d18/uplink/location', payload, qos: 0, dup: false, retain: true } as const

describe('an old broker', () => {
  let broker: ScriptedMqttBroker | undefined
  afterEach(async () => {
    await broker?.stop()
  })

  it.each([
    ['hangs up', (connection: BrokerConnection) => connection.cut()],
    ['refuses', (connection: BrokerConnection) => connection.end(connackPacket('3.1.1', false, 1))]
  ])('that %s at version 5 is listened to with 3.1.1, and that is proposed', async (_name, refuse) => {
    broker = await startScriptedMqttBroker({
      version: '3.1.1',
      on: ({ type, body }, connection) => {
        if (type === SUBSCRIBE) setTimeout(() => connection.send(publishPacket('3.1.1', location)), 0)
        if (type !== CONNECT || body[PROTOCOL_LEVEL_AT] !== 5) return false
        refuse(connection)
        return true
      }
    })
    const stop = new AbortController()
    const detection = await detectBroker({
      url: broker.url,
      codecs: CODECS,
      clock: systemClock,
      signal: stop.signal,
      listenMs: 30_000,
      onProgress: ({ messages }) => {
        if (messages !== undefined && messages > 0) stop.abort()
      }
    })
    expect(detection.findings).toMatchObject([{ protocol: 'dwm1001-pans-mqtt', mqttVersion: '3.1.1' }])
    expect(detection.config?.sources['dwm1001-pans-mqtt']).toMatchObject({ protocolVersion: '3.1.1', topics: ['dwm/node/+/uplink/#'] })
  })

  it('that breaks off is told of, with what was heard until then', async () => {
    broker = await startScriptedMqttBroker({
      version: '5',
      on: ({ type }, connection) => {
        if (type === SUBSCRIBE) setTimeout(() => connection.end(Buffer.concat([publishPacket('5', location), packet(0xe0)])), 20)
        return false
      }
    })
    const detection = await detectBroker({
      url: broker.url,
      codecs: CODECS,
      clock: systemClock,
      signal: new AbortController().signal,
      listenMs: 30_000
    })
    expect(detection).toMatchObject({ outcome: 'detected', interrupted: false })
    expect(detection.notes).toHaveLength(1)
  })
})
