import { describe, expect, it } from 'vitest'
import { linkTarget } from './open-link.ts'
import { mqttSettingsSchema, subscriptions, topicFilterProblem } from './settings.ts'

const LEAST = { url: 'mqtt://broker.site', topics: ['dwm/#'] }
const PEM = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n'

/** Where and what the schema complains about. */
function complaints(settings: object): string[] {
  const { error } = mqttSettingsSchema.safeParse({ ...LEAST, ...settings })
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('settings of mqtt', () => {
  it('need no more than a broker and a topic', () => {
    const settings = mqttSettingsSchema.parse(LEAST)
    expect(settings).toEqual({
      ...LEAST,
      protocolVersion: '5',
      keepaliveS: 30,
      sessionExpiryS: 2_592_000,
      receiveMaximum: 10_000,
      maxPacketBytes: 1_048_576,
      connectTimeoutS: 15
    })
    expect(subscriptions(settings)).toEqual([{ topic: 'dwm/#', qos: 1 }])
  })

  it('take a QoS for each topic', () => {
    const { topics } = mqttSettingsSchema.parse({
      ...LEAST,
      topics: ['a', { topic: 'b' }, { topic: 'c/+', qos: 2 }, { topic: 'd', qos: 0 }]
    })
    expect(subscriptions({ topics })).toEqual([
      { topic: 'a', qos: 1 },
      { topic: 'b', qos: 1 },
      { topic: 'c/+', qos: 2 },
      { topic: 'd', qos: 0 }
    ])
  })

  it.each([
    ['mqtt://broker', { host: 'broker', port: 1883, secure: false, webSocketPath: undefined }],
    ['mqtts://broker', { host: 'broker', port: 8883, secure: true, webSocketPath: undefined }],
    ['mqtt://[::1]:1884', { host: '::1', port: 1884, secure: false, webSocketPath: undefined }],
    ['ws://broker/mqtt?a=1', { host: 'broker', port: 80, secure: false, webSocketPath: '/mqtt?a=1' }],
    ['wss://broker:8443', { host: 'broker', port: 8443, secure: true, webSocketPath: '/' }]
  ])('%s says where the link goes', (url, target) => {
    expect(complaints({ url })).toEqual([])
    expect(linkTarget({ url })).toEqual({ ...target, webSocketPath: target.webSocketPath })
  })

  it.each([
    [{ url: 'broker:1883' }, 'url: is not the URL of a broker'],
    [{ url: 'http://broker' }, 'url: begins with http://'],
    [{ url: 'somewhere' }, 'url: is not the URL of a broker'],
    [{ url: 'mqtt://me:secret@broker' }, 'url: must not hold user and password'],
    [{ password: 'secret' }, 'password: has no username beside it'],
    [{ tls: { ca: PEM } }, 'tls: has no effect with this url: nothing would be encrypted'],
    [{ url: 'mqtts://b', tls: { cert: PEM } }, 'tls: has a client certificate without its key, or a key without its certificate'],
    [{ url: 'mqtts://b', tls: { ca: '/etc/ca.pem' } }, 'tls.ca: is not a certificate in PEM'],
    [{ receiveMaximum: 999 }, 'receiveMaximum: Too small: expected number to be >=1000'],
    [{ topics: [] }, 'topics: Too small: expected array to have >=1 items'],
    [{ clean: true }, ': Unrecognized key: "clean"']
  ])('%j is refused', (settings, complaint) => {
    expect(complaints(settings)).toEqual([complaint])
  })

  it('name the settings that are secrets', () => {
    const { url, password, tls } = mqttSettingsSchema.shape
    expect(password.meta()?.['writeOnly']).toBe(true)
    expect(tls.unwrap().shape.key.meta()?.['writeOnly']).toBe(true)
    expect(url.meta()?.['writeOnly']).toBeUndefined()
  })

  it.each(['a', '/', 'a/b/c', '+', '#', 'a/+/c', 'a/#', '+/+/#', '$share/group/a/#', 'ä/ö'])('%j is a topic filter', (filter) => {
    expect(topicFilterProblem(filter)).toBeUndefined()
  })

  it.each(['', 'a/#/b', 'a#', '#/a', 'a+', 'a/+b', 'a\0b'])('%j is no topic filter', (filter) => {
    expect(topicFilterProblem(filter)).toMatch(/^("[#+]"|a topic filter) must/)
    expect(complaints({ topics: [filter] }).length).toBeGreaterThan(0)
  })

  it('a topic filter has an end', () => {
    expect(topicFilterProblem('x'.repeat(65_535))).toBeUndefined()
    expect(topicFilterProblem('x'.repeat(65_536))).toBe('a topic filter must not be longer than 65535 bytes')
  })
})
