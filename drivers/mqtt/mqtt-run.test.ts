import { afterEach, describe, expect, it } from 'vitest'
import { ackPacket, connackPacket, disconnectPacket, publishPacket, subackPacket } from '../../test-support/mqtt-bytes.ts'
import { createMqttSource, type MqttSource, type MqttSourceOptions, numbered } from '../../test-support/mqtt-source.ts'
import {
  type BrokerScript,
  CONNECT,
  PINGREQ,
  PUBACK,
  PUBCOMP,
  PUBREC,
  type ScriptedMqttBroker,
  SUBSCRIBE,
  startScriptedMqttBroker
} from '../../test-support/scripted-mqtt-broker.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { createMqttDriver } from './driver.ts'

const TOPIC = 'site/hall'

describe.each(['3.1.1', '5'] as const)('mqtt %s against a scripted broker', (version) => {
  let broker: ScriptedMqttBroker | undefined
  const sources: MqttSource[] = []

  afterEach(async () => {
    for (const source of sources) source.commit()
    await Promise.all(sources.splice(0).map(({ run }) => run.stop()))
    await broker?.stop()
  })

  const listen = async (script: Partial<BrokerScript> = {}): Promise<ScriptedMqttBroker> => {
    broker = await startScriptedMqttBroker({ version, ...script })
    return broker
  }
  const source = (settings: object = {}, options: Partial<MqttSourceOptions> = {}): MqttSource => {
    const made = createMqttSource({ settings: { url: broker?.url, protocolVersion: version, topics: [TOPIC], ...settings }, ...options })
    sources.push(made)
    return made
  }
  const failureOf = (start: Promise<void>): Promise<unknown> =>
    start.then(
      () => 'started',
      (error: unknown) => error
    )
  const send = (...bytes: Uint8Array[]): void => broker?.connections.at(-1)?.send(Buffer.concat(bytes))
  const message = (number: number, fields: { qos?: 0 | 1 | 2; packetId?: number; dup?: boolean } = {}): Buffer =>
    publishPacket(version, { topic: TOPIC, payload: numbered(number), qos: 1, packetId: number, ...fields })

  const refusals: [number, string, boolean, RegExp][] =
    version === '5'
      ? [
          [0x84, 'LINK_PROTOCOL', false, /does not speak this protocolVersion/],
          [0x85, 'LINK_REFUSED', true, /does not accept the client id "tagward-test-hall"/],
          [0x86, 'LINK_AUTH_FAILED', true, /does not accept user name or password/],
          [0x87, 'LINK_AUTH_FAILED', true, /not authorised/],
          [0x89, 'LINK_REFUSED', true, /Server busy/]
        ]
      : [
          [1, 'LINK_PROTOCOL', false, /does not speak this protocolVersion/],
          [2, 'LINK_REFUSED', true, /does not accept the client id "tagward-test-hall"/],
          [3, 'LINK_REFUSED', true, /Server unavailable/],
          [4, 'LINK_AUTH_FAILED', true, /does not accept user name or password/],
          [5, 'LINK_AUTH_FAILED', true, /not authorised/]
        ]
  it.each(refusals)('CONNACK %i is %s, retriable: %s', async (reason, code, retriable, words) => {
    await listen({
      on: ({ type }, connection) => {
        if (type === CONNECT) connection.send(connackPacket(version, false, reason))
        return type === CONNECT
      }
    })
    const error = await failureOf(source().run.start())
    expect(error).toMatchObject({ code, retriable, message: expect.stringMatching(words) })
  })

  it('asks for a session that stays, under a client id that stays', async () => {
    const { connections } = await listen()
    await source().run.start()
    const connect = connections[0]?.packets[0]?.body ?? Buffer.alloc(0)
    expect(connect.subarray(0, 7)).toEqual(Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, version === '5' ? 5 : 4]))
    const cleanStart = 0x02
    expect((connect[7] ?? 0xff) & cleanStart).toBe(0)
    expect(connect.includes('tagward-test-hall')).toBe(true)
    // Session expiry 30 days, receive maximum 10 000, maximum packet size 1 MiB (MQTT 5, 3.1.2.11).
    const properties = Buffer.from([0x11, 0, 0x27, 0x8d, 0, 0x21, 0x27, 0x10, 0x27, 0, 0x10, 0, 0])
    expect(connect.includes(properties)).toBe(version === '5')
  })

  it('names the topics that the broker refuses, and runs with the others', async () => {
    await listen({
      on: ({ type, body }, connection) => {
        if (type === SUBSCRIBE) connection.send(subackPacket(version, body.readUInt16BE(0), [0x80, 1, 0]))
        return type === SUBSCRIBE
      }
    })
    const running = source({ topics: ['secret/#', TOPIC, 'low'] })
    await running.run.start()
    expect(running.degraded).toEqual([
      'the broker refuses the subscription to "secret/#" (no reason given); the broker gives "low" with QoS 0 instead of 1'
    ])
    send(message(1))
    await waitFor('the message', () => running.numbers().includes(1))
  })

  it('does not start when every topic is refused', async () => {
    await listen({
      on: ({ type, body }, connection) => {
        if (type === SUBSCRIBE) connection.send(subackPacket(version, body.readUInt16BE(0), [version === '5' ? 0x87 : 0x80]))
        return type === SUBSCRIBE
      }
    })
    const words = version === '5' ? 'the broker refuses the subscription to "site/hall" (Not authorized)' : '"site/hall" (no reason given)'
    expect(await failureOf(source().run.start())).toMatchObject({
      code: 'SUBSCRIPTION_REFUSED',
      retriable: true,
      message: expect.stringContaining(words)
    })
  })

  it('stores a QoS 2 message once when it is sent again because PUBREC was lost', async () => {
    const driver = createMqttDriver()
    await listen({ sessionPresent: true })
    const first = source({}, { driver, commitsAtOnce: true })
    await first.run.start()
    send(message(7, { qos: 2 }))
    await waitFor('PUBREC', () => broker?.idsOf(PUBREC).length === 1)
    await first.run.stop()

    const second = source({}, { driver, commitsAtOnce: true })
    await second.run.start()
    send(message(7, { qos: 2, dup: true }), message(8, { qos: 2 }))
    await waitFor('both are acknowledged', () => broker?.idsOf(PUBREC).length === 3)
    expect(second.numbers()).toEqual([8])
    send(ackPacket('pubrel', 7), ackPacket('pubrel', 8))
    await waitFor('PUBCOMP', () => broker?.idsOf(PUBCOMP).length === 2)
    // Completed: the id may name another message now.
    send(message(7, { qos: 2, dup: true }))
    await waitFor('a message of its own', () => second.numbers().length === 2)
    expect(second.deliveries.map(({ redelivered }) => redelivered)).toEqual([undefined, true])
  })

  it('stores a QoS 2 message again, marked, when it is not known to be stored', async () => {
    const driver = createMqttDriver()
    await listen({ sessionPresent: true })
    const first = source({}, { driver })
    await first.run.start()
    send(message(7, { qos: 2 }))
    await waitFor('the message', () => first.deliveries.length === 1)
    broker?.connections[0]?.cut()
    await waitFor('the failure', () => first.failures.length === 1)

    const second = source({}, { driver, commitsAtOnce: true })
    await second.run.start()
    send(message(7, { qos: 2, dup: true }))
    await waitFor('the message again', () => second.deliveries.length === 1)
    expect(second.deliveries[0]?.redelivered).toBe(true)
    await waitFor('PUBREC', () => broker?.idsOf(PUBREC).length === 1)
    expect(broker?.idsOf(PUBREC)).toEqual([7])
  })

  it('completes a PUBREL that it knows nothing of (after a restart)', async () => {
    await listen({ sessionPresent: true })
    const running = source()
    await running.run.start()
    send(ackPacket('pubrel', 99))
    await waitFor('PUBCOMP', () => broker?.idsOf(PUBCOMP).includes(99))
    expect(running.deliveries).toEqual([])
  })

  it('says when the broker has forgotten the session', async () => {
    const driver = createMqttDriver()
    await listen({ sessionPresent: false })
    const first = source({}, { driver })
    await first.run.start()
    await first.run.stop()
    const second = source({}, { driver })
    await second.run.start()
    expect(first.logLines).toEqual([])
    expect(second.logLines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: the broker no longer knows the session; what it held for this source is lost'
    ])
  })

  it('lets a message go that is too long, counts it, and acknowledges it in its turn', async () => {
    await listen()
    const running = source({ maxPacketBytes: 1024 })
    await running.run.start()
    const long = publishPacket(version, { topic: TOPIC, payload: Buffer.alloc(5_000_000, 0x31), qos: 1, packetId: 2 })
    send(message(1), long, message(3))
    await waitFor('the others', () => running.deliveries.length === 2)
    expect(running.numbers()).toEqual([1, 3])
    expect(running.counters).toMatchObject({ frames: 3, readings: 2, errors: 1 })
    expect(running.logLines.map(({ message }) => message)).toEqual(['a message is too long and is let go'])
    expect(broker?.idsOf(PUBACK)).toEqual([])
    running.commit()
    await waitFor('all acknowledgements', () => broker?.idsOf(PUBACK).length === 3)
    expect(broker?.idsOf(PUBACK)).toEqual([1, 2, 3])
  })

  it('brings retained messages to every run, for its decoder begins anew', async () => {
    await listen({ sessionPresent: true })
    await source().run.start()
    const options = broker?.connections[0]?.packets.find(({ type }) => type === SUBSCRIBE)?.body.at(-1)
    // QoS 1; in 5 also: retain handling 0, retain as published 0, no local 0 (3.8.3.1).
    expect(options).toBe(1)
  })

  it('ends the run, and acknowledges nothing, when a message cannot be handed on', async () => {
    await listen()
    const broken = source({}, { failOn: 2 })
    await broken.run.start()
    send(message(1), message(2), message(3))
    await waitFor('the failure', () => broken.failures.length === 1)
    expect(broken.failures[0]).toMatchObject({ code: 'DRIVER_EXCEPTION', retriable: true })
    broken.commit()
    await broken.run.stop()
    expect(broken.numbers()).toEqual([1])
    expect(broker?.idsOf(PUBACK)).toEqual([])
  })

  it('declares a broken link, and one that does not keep to MQTT', async () => {
    await listen()
    const cut = source()
    await cut.run.start()
    broker?.connections[0]?.cut()
    await waitFor('the failure', () => cut.failures.length === 1)
    expect(cut.failures[0]).toMatchObject({ code: 'LINK_LOST', retriable: true })

    const nonsense = source()
    await nonsense.run.start()
    send(Buffer.alloc(100, 0xff))
    await waitFor('the failure', () => nonsense.failures.length === 1)
    expect(nonsense.failures[0]).toMatchObject({ code: 'LINK_PROTOCOL', retriable: true })
  })

  it('gives up waiting for a broker that accepts and says nothing', async () => {
    const clock = createVirtualClock()
    await listen({ on: () => true })
    const error = failureOf(source({ connectTimeoutS: 20 }, { clock }).run.start())
    await waitFor('the connection', () => broker?.connections[0]?.packets.length === 1)
    await clock.advance(20_000)
    expect(await error).toMatchObject({ code: 'LINK_TIMEOUT', retriable: true })
    expect(clock.pendingTimers).toBe(0)
  })

  it('says when the log confirms nothing, and ends the connection so that the broker sends again', async () => {
    const clock = createVirtualClock()
    await listen()
    const running = source({}, { clock })
    await running.run.start()
    send(message(1), message(2))
    await waitFor('the messages', () => running.deliveries.length === 2)
    await clock.advance(11_000)
    expect(running.degraded).toEqual(['the log has not confirmed messages for more than 10 s'])
    running.commit()
    await clock.advance(1_000)
    expect(running.degraded.at(-1)).toBe('')
    send(message(3))
    await waitFor('the message', () => running.deliveries.length === 3)
    await clock.advance(61_000)
    expect(running.failures).toMatchObject([{ code: 'LOG_NOT_CONFIRMING', retriable: true }])
    await waitFor('the acknowledgements', () => broker?.idsOf(PUBACK).length === 2)
    expect(clock.pendingTimers).toBe(0)
  })

  it('goes on pinging while it reads nothing because the log is slow', async () => {
    const clock = createVirtualClock()
    await listen()
    const running = source({ receiveMaximum: 1000, keepaliveS: 10 }, { clock })
    await running.run.start()
    send(...Array.from({ length: 1001 }, (_, index) => message(index + 1)))
    await waitFor('the messages', () => running.deliveries.length === 1001)
    const pings = (): number => broker?.connections[0]?.packets.filter(({ type }) => type === PINGREQ).length ?? 0
    await clock.advance(16_000)
    await waitFor('pings', () => pings() >= 3)
    expect(running.failures).toEqual([])
  })

  it('acknowledges what is being committed before it stops, and waits no longer than a second', async () => {
    const clock = createVirtualClock()
    await listen()
    const running = source({}, { clock })
    await running.run.start()
    send(message(1), message(2))
    await waitFor('the messages', () => running.deliveries.length === 2)
    const stopped = running.run.stop()
    running.commit(1)
    await clock.advance(999)
    expect(await Promise.race([stopped.then(() => 'stopped'), 'waiting'])).toBe('waiting')
    await clock.advance(1)
    await stopped
    await waitFor('the end', () => broker?.connections[0]?.packets.at(-1)?.type === 14)
    expect(broker?.idsOf(PUBACK)).toEqual([1])
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('mqtt 5 against a scripted broker', () => {
  it.each([
    [0x8e, 'SESSION_TAKEN_OVER', /another client with the id "tagward-test-hall" has taken the session over/],
    [0x8b, 'LINK_REFUSED', /reason 139/]
  ])('DISCONNECT %i is %s', async (reason, code, words) => {
    const broker = await startScriptedMqttBroker({ version: '5' })
    const source = createMqttSource({ settings: { url: broker.url, topics: [TOPIC] } })
    await source.run.start()
    broker.connections[0]?.end(disconnectPacket(reason))
    await waitFor('the failure', () => source.failures.length === 1)
    expect(source.failures[0]).toMatchObject({ code, retriable: true, message: expect.stringMatching(words) })
    await source.run.stop()
    await broker.stop()
  })

  it('takes a broker that no longer answers pings for dead', async () => {
    const broker = await startScriptedMqttBroker({ version: '5', on: ({ type }) => type === PINGREQ })
    const source = createMqttSource({ settings: { url: broker.url, topics: [TOPIC], keepaliveS: 5 } })
    await source.run.start()
    await waitFor('the failure', () => source.failures.length === 1, 20_000, 100)
    expect(source.failures[0]).toMatchObject({ code: 'LINK_TIMEOUT', retriable: true, message: expect.stringContaining('keepalive') })
    await source.run.stop()
    await broker.stop()
  })
})
