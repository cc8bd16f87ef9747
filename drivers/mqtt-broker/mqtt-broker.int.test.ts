import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
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
import { createMqttBrokerDriver } from './driver.ts'

const line = (x: number): string => `4d18 ${x} 2.5`
const TOPIC = 'site/hall'
const CONNECT_311 = Buffer.from([0x10, 13, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 0, 0, 1, 0x61])
const PINGREQ = Buffer.from([0xc0, 0])

/** A PUBLISH as 3.1.1 writes it (3.3), for what MQTT.js would not send. */
function publishPacket(text: string, { id, qos, dup = false }: { id: number; qos: 1 | 2; dup?: boolean }): Buffer {
  const body = Buffer.from([0, TOPIC.length, ...Buffer.from(TOPIC), id >> 8, id & 0xff, ...Buffer.from(text)])
  return Buffer.concat([Buffer.from([0x30 | (qos << 1) | (dup ? 8 : 0), body.length]), body])
}

describeDriverContract(
  'mqtt-broker',
  createMqttBrokerDriver(),
  async (): Promise<DriverWorld> => {
    const [port = 0, takenPort = 0] = await freePorts(2)
    const taken = createServer().listen(takenPort, '127.0.0.1')
    await once(taken, 'listening')
    return {
      codec: createToyCodec({ transport: 'mqtt' }),
      settings: { port, address: '127.0.0.1' },
      unopenable: { settings: { port: takenPort, address: '127.0.0.1' }, code: 'PORT_TAKEN', retriable: true },
      produce: async () => {
        const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0 })
        await client.publishAsync(TOPIC, line(1), { qos: 1 })
        await client.endAsync(true)
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

describe('the built-in broker', () => {
  let port: number
  let driver: ReturnType<typeof createMqttBrokerDriver>
  let run: DriverRun
  let deliveries: Delivery[]
  let degraded: string[]
  let contexts: { topic?: string | undefined; retained?: boolean | undefined }[]
  let counters: FrameCounters
  let commitsAtOnce: boolean
  let storageFails: boolean
  /** What the log lets go. */
  let givesUp: (delivery: Delivery) => boolean
  const clients: MqttClient[] = []
  const sockets: Socket[] = []

  const open = async (settings: object = {}, clock: Clock = systemClock): Promise<void> => {
    const toy = createToyCodec({ transport: 'mqtt' })
    const codec = {
      ...toy,
      createDecoder: () => {
        const decoder = toy.createDecoder()
        return {
          decode: (...[frame, context]: Parameters<typeof decoder.decode>) => {
            contexts.push({ topic: context.topic, retained: context.retained })
            return decoder.decode(frame, context)
          }
        }
      }
    }
    run = driver.createRun(driver.settings.parse({ port, address: '127.0.0.1', ...settings }), codec, {
      sourceId: 'gate',
      clock,
      log: createMemoryLogger(),
      counters,
      signal: new AbortController().signal,
      sink: {
        deliver: (delivery) => {
          deliveries.push(delivery)
          if (givesUp(delivery)) delivery.onGivenUp?.()
          else if (commitsAtOnce) delivery.onDurable?.()
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
  const join = async (options: IClientOptions = {}, scheme = 'mqtt'): Promise<MqttClient> => {
    const client = await connectAsync(`${scheme}://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0, ...options }, false)
    client.on('error', () => undefined)
    clients.push(client)
    return client
  }
  const raw = async (): Promise<{ readonly socket: Socket; heard(): number[]; closed(): boolean }> => {
    const socket = connectTcp(port, '127.0.0.1')
    sockets.push(socket)
    const bytes: number[] = []
    socket.on('error', () => undefined).on('data', (chunk) => bytes.push(...chunk))
    await once(socket, 'connect')
    return { socket, heard: () => bytes, closed: () => socket.closed }
  }
  const admitted = async (connect = CONNECT_311) => {
    const peer = await raw()
    peer.socket.write(connect)
    await waitFor('CONNACK', () => peer.heard().length === 4)
    expect(peer.heard()).toEqual([0x20, 2, 0, 0])
    return peer
  }
  const closeOf = (client: MqttClient): Promise<void> => new Promise((resolve) => client.once('close', () => resolve()))
  const xs = (): (number | undefined)[] => deliveries.map(({ readings }) => readings[0]?.position?.x)

  beforeEach(async () => {
    port = (await freePorts(1))[0] ?? 0
    driver = createMqttBrokerDriver()
    deliveries = []
    degraded = []
    contexts = []
    counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
    commitsAtOnce = true
    storageFails = false
    givesUp = () => false
  })
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)))
    for (const socket of sockets.splice(0)) socket.destroy()
    await run.stop()
  })

  describe.each([3, 4] as const)('protocol level %i', (protocolVersion) => {
    const options: IClientOptions = protocolVersion === 3 ? { protocolVersion, protocolId: 'MQIsdp' } : { protocolVersion }

    it.each([0, 1, 2] as const)('takes QoS %i with its topic, once each and in order', async (qos) => {
      await open()
      const client = await join(options)
      await Promise.all([1, 2, 3, 4, 5].map((x) => client.publishAsync(TOPIC, line(x), { qos })))
      await waitFor('all five', () => deliveries.length === 5)
      expect(xs()).toEqual([1, 2, 3, 4, 5])
      expect(contexts[0]).toEqual({ topic: TOPIC, retained: undefined })
      expect(deliveries[0]?.redelivered).toBeUndefined()
      expect(counters).toMatchObject({ bytesIn: 5 * line(1).length, frames: 5, readings: 5, errors: 0, dropped: 0 })
    })

    it.each([1, 2] as const)('acknowledges QoS %i when the log has it, and all before it, and not sooner', async (qos) => {
      commitsAtOnce = false
      await open()
      const client = await join(options)
      const acknowledged: number[] = []
      const published = [1, 2, 3].map((x) => client.publishAsync(TOPIC, line(x), { qos }).then(() => acknowledged.push(x)))
      await waitFor('all three are delivered', () => deliveries.length === 3)
      deliveries[2]?.onDurable?.()
      deliveries[1]?.onDurable?.()
      // Another client passes meanwhile: an acknowledgement that leaves too early has had its chance.
      const other = await join(options)
      commitsAtOnce = true
      await other.publishAsync(TOPIC, line(9), { qos })
      expect(acknowledged).toEqual([])
      deliveries[0]?.onDurable?.()
      await Promise.all(published)
      expect(acknowledged).toEqual([1, 2, 3])
    })
  })

  it('tells a client of MQTT 5 so, in the words of MQTT 5', async () => {
    await open()
    await expect(join({ protocolVersion: 5 })).rejects.toMatchObject({ code: 132 })
    expect(counters.errors).toBe(1)
  })

  it('stores a message of QoS 2 once, however often it is sent before its PUBREL, over connections as well', async () => {
    await open()
    const persistent = Buffer.from(CONNECT_311)
    persistent[9] = 0
    const first = await admitted(persistent)
    first.socket.write(publishPacket(line(1), { id: 7, qos: 2 }))
    await waitFor('PUBREC', () => first.heard().length === 8)
    first.socket.write(publishPacket(line(1), { id: 7, qos: 2, dup: true }))
    await waitFor('PUBREC again', () => first.heard().length === 12)
    first.socket.destroy()
    const second = await admitted(persistent)
    second.socket.write(publishPacket(line(1), { id: 7, qos: 2, dup: true }))
    await waitFor('PUBREC', () => second.heard().length === 8)
    expect(second.heard().slice(4)).toEqual([0x50, 2, 0, 7])
    second.socket.write(Buffer.from([0x62, 2, 0, 7]))
    await waitFor('PUBCOMP', () => second.heard().length === 12)
    expect(second.heard().slice(8)).toEqual([0x70, 2, 0, 7])
    expect(xs()).toEqual([1])
    // The id is free again.
    second.socket.write(publishPacket(line(2), { id: 7, qos: 2 }))
    await waitFor('the next', () => deliveries.length === 2)
    expect(xs()).toEqual([1, 2])
  })

  it('marks what is sent again, with QoS 1 or in a new session', async () => {
    await open()
    const peer = await admitted()
    peer.socket.write(publishPacket(line(1), { id: 1, qos: 1, dup: true }))
    peer.socket.write(publishPacket(line(2), { id: 2, qos: 2, dup: true }))
    await waitFor('both', () => deliveries.length === 2)
    expect(deliveries.map(({ redelivered }) => redelivered)).toEqual([true, true])
  })

  it('acknowledges nothing that the log gave up, and disconnects the client so that it sends it again', async () => {
    commitsAtOnce = false
    const clock = createVirtualClock()
    await open({ storeTimeoutS: 20 }, clock)
    const peer = await admitted()
    for (const id of [1, 2, 3]) peer.socket.write(publishPacket(line(id), { id, qos: 1 }))
    await waitFor('three deliveries', () => deliveries.length === 3)
    deliveries[1]?.onDurable?.()
    await clock.advance(21_000)
    await waitFor('the connection ends', () => peer.closed())
    expect(peer.heard()).toHaveLength(4)
    expect(counters.dropped).toBe(3)
    await clock.advance(10_000)
    expect(degraded.join()).toContain('the log did not store in time')
    // What the log says afterwards changes nothing.
    for (const { onDurable } of deliveries) onDurable?.()
    const again = await admitted()
    commitsAtOnce = true
    again.socket.write(publishPacket(line(1), { id: 1, qos: 1, dup: true }))
    await waitFor('PUBACK', () => again.heard().length === 8)
    expect(again.heard().slice(4)).toEqual([0x40, 2, 0, 1])
  })

  it.each([0, 1, 2] as const)('makes a flood of QoS %i wait in the sender while the log is slow, and loses nothing of it', async (qos) => {
    commitsAtOnce = false
    await open({ maxInflight: 10, maxRatePerS: 1_000_000 })
    const client = await join()
    const published = Array.from({ length: 500 }, (_, x) => client.publishAsync(TOPIC, line(x), { qos }))
    await waitFor('ten', () => deliveries.length === 10)
    // A whole exchange of another client later there are no more.
    await (await join()).subscribeAsync('x')
    expect(deliveries).toHaveLength(10)
    let confirmed = 0
    await waitFor('all of it', () => {
      while (confirmed < deliveries.length) deliveries[confirmed++]?.onDurable?.()
      expect(deliveries.length - confirmed).toBeLessThanOrEqual(10)
      return confirmed === 500
    })
    await Promise.all(published)
    expect(xs()).toEqual(Array.from({ length: 500 }, (_, x) => x))
  })

  it.each([0, 1, 2] as const)('takes a flood of QoS %i of which nothing need be stored', async (qos) => {
    await open()
    const client = await join()
    await Promise.all(Array.from({ length: 500 }, () => client.publishAsync(TOPIC, '', { qos })))
    await waitFor('all of it', () => counters.ignored === 500)
  })

  it.each([0, 1, 2] as const)(
    'goes on hearing QoS %i while the storage fails: what the log lets go is done with, and alarms behind it come in',
    async (qos) => {
      const clock = createVirtualClock()
      commitsAtOnce = false
      storageFails = true
      const isAlarm = (x: number): boolean => x % 100 === 99
      // As the log does it: alarms are held, telemetry only as long as nobody is pressed.
      givesUp = ({ pressing, readings }) => pressing === true && !isAlarm(readings[0]?.position?.x ?? 0)
      await open({ maxInflight: 20, maxRatePerS: 1_000_000, storeTimeoutS: 20 }, clock)
      const client = await join({ keepalive: 0 })
      let left = false
      client.on('close', () => {
        left = true
      })
      const done = new Set<number>()
      const numbers = Array.from({ length: 500 }, (_, x) => x)
      for (const x of numbers) void client.publishAsync(TOPIC, line(x), { qos }).then(() => done.add(x))
      await waitFor('all of it', () => deliveries.length === 500)
      expect(xs()).toEqual(numbers)
      if (qos > 0) {
        const held = numbers.filter((x) => deliveries[x]?.pressing !== true || isAlarm(x))
        expect(held.length).toBeLessThan(20)
        await waitFor('the acknowledgements of what was let go', () => done.size >= 500 - held.length)
        expect(held.filter((x) => done.has(x))).toEqual([])
      }
      // What is held is an alarm's: its client is not sent away for it, nor at once when the storage is well again.
      await clock.advance(120_000)
      storageFails = false
      await clock.advance(20_000)
      await (await join()).subscribeAsync('x')
      expect(left).toBe(false)
      for (const delivery of deliveries) delivery.onDurable?.()
      await waitFor('all acknowledgements', () => done.size === 500)
    }
  )

  it('sends a client away that may send no more while the storage fails', async () => {
    const clock = createVirtualClock()
    commitsAtOnce = false
    storageFails = true
    await open({ maxInflight: 3, storeTimeoutS: 20 }, clock)
    const client = await join({ keepalive: 0 })
    const closed = closeOf(client)
    for (let x = 0; x < 5; x++) void client.publishAsync(TOPIC, line(x), { qos: 1 }).catch(() => undefined)
    await waitFor('three', () => deliveries.length === 3)
    await clock.advance(21_000)
    await closed
  })

  it('reads a client no faster than its rate, loses nothing, and others do not wait', async () => {
    const clock = createVirtualClock()
    await open({ maxRatePerS: 10 }, clock)
    const client = await join()
    const flood = Array.from({ length: 40 }, (_, x) => client.publishAsync(TOPIC, line(x), { qos: 1 }))
    await waitFor('the first second', () => deliveries.length >= 9)
    await (await join()).publishAsync(TOPIC, line(999), { qos: 1 })
    expect(deliveries.length).toBeLessThanOrEqual(11)
    await waitFor('the rest', async () => {
      await clock.advance(100)
      return deliveries.length === 41
    })
    await Promise.all(flood)
  })

  it('answers pings while messages wait for the log', async () => {
    commitsAtOnce = false
    await open()
    const peer = await admitted()
    peer.socket.write(Buffer.concat([publishPacket(line(1), { id: 1, qos: 1 }), PINGREQ]))
    await waitFor('PINGRESP', () => peer.heard().length === 6)
    expect(peer.heard().slice(4)).toEqual([0xd0, 0])
  })

  it('ends a connection that is silent for one and a half times its keepalive, and reads its will', async () => {
    const clock = createVirtualClock()
    await open({}, clock)
    const will = [0, TOPIC.length, ...Buffer.from(TOPIC), 0, line(5).length, ...Buffer.from(line(5))]
    const body = [0, 4, ...Buffer.from('MQTT'), 4, 0b110, 0, 10, 0, 1, 0x61, ...will]
    const peer = await admitted(Buffer.from([0x10, body.length, ...body]))
    await clock.advance(14_000)
    peer.socket.write(PINGREQ)
    await waitFor('PINGRESP', () => peer.heard().length === 6)
    await clock.advance(14_000)
    expect(peer.closed()).toBe(false)
    await clock.advance(2_000)
    await waitFor('the end', () => peer.closed())
    await waitFor('the will', () => deliveries.length === 1)
    expect(xs()).toEqual([5])
  })

  it('lets in who shows name and password, to the topics that are allowed', async () => {
    const users = [
      { name: 'hall', password: 'of-the-hall', topics: ['site/+'] },
      { name: 'all', password: 'of-everything' }
    ]
    await open({ users })
    for (const login of [
      {},
      { username: 'hall' },
      { username: 'hall', password: 'of-everything' },
      { username: 'nobody', password: 'of-the-hall' },
      { username: '__proto__', password: '' }
    ])
      await expect(join(login)).rejects.toMatchObject({ code: 4 })
    expect(counters.errors).toBe(5)
    await (await join({ username: 'all', password: 'of-everything' })).publishAsync('any/where', line(1), { qos: 1 })
    const hall = await join({ username: 'hall', password: 'of-the-hall' })
    await hall.publishAsync(TOPIC, line(2), { qos: 1 })
    const closed = closeOf(hall)
    hall.publish('any/where', line(3), { qos: 1 }, () => undefined)
    await closed
    expect(xs()).toEqual([1, 2])
    expect(counters.errors).toBe(6)
  })

  it('does not let one user throw out the client of another by its id', async () => {
    const users = ['one', 'two'].map((name) => ({ name, password: 'of-the-site' }))
    await open({ users })
    const one = await join({ username: 'one', password: 'of-the-site', clientId: 'gw' })
    await join({ username: 'two', password: 'of-the-site', clientId: 'gw' })
    await one.publishAsync(TOPIC, line(1), { qos: 1 })
    const closed = closeOf(one)
    await join({ username: 'one', password: 'of-the-site', clientId: 'gw' })
    await closed
  })

  it('forwards and retains nothing, and still grants subscriptions', async () => {
    await open()
    const heard: string[] = []
    const listener = await join({ clean: false, clientId: 'listener' })
    listener.on('message', (topic) => heard.push(topic))
    expect((await listener.subscribeAsync({ '#': { qos: 1 }, 'site/#': { qos: 2 } })).map(({ qos }) => qos)).toEqual([1, 2])
    await expect(listener.subscribeAsync('$SYS/#')).rejects.toThrow()
    const client = await join()
    for (const qos of [0, 1, 2] as const) await client.publishAsync(TOPIC, line(qos), { qos, retain: true })
    await listener.unsubscribeAsync('#')
    await listener.subscribeAsync('#')
    await listener.publishAsync(TOPIC, line(3), { qos: 2 })
    expect(heard).toEqual([])
    expect(deliveries).toHaveLength(4)
  })

  it('takes retained messages for new, unless it is told otherwise', async () => {
    await open()
    await (await join()).publishAsync(TOPIC, line(1), { qos: 1, retain: true })
    await run.stop()
    await open({ retainedIsOld: true })
    const client = await join()
    await client.publishAsync(TOPIC, line(2), { qos: 1, retain: true })
    await client.publishAsync(TOPIC, line(3), { qos: 1 })
    expect(contexts.map(({ retained }) => retained)).toEqual([undefined, true, undefined])
  })

  it('acknowledges what is published where nothing is read, and does not read it', async () => {
    await open({ topics: ['site/#'] })
    await (await join()).publishAsync('other/status', line(1), { qos: 1 })
    expect(deliveries).toEqual([])
    expect(counters).toMatchObject({ ignored: 1, errors: 0 })
  })

  it('speaks TLS, and nothing else on that port', async () => {
    const { ca, server } = makeCertificates()
    await open({ tls: server })
    await (await join({ ca }, 'mqtts')).publishAsync(TOPIC, line(1), { qos: 1 })
    await expect(join()).rejects.toThrow()
    expect(deliveries).toHaveLength(1)
  })

  it('lets in only who shows a certificate of the right authority, where one is named', async () => {
    const [ours, strangers] = [makeCertificates(), makeCertificates()]
    const clock = createVirtualClock()
    await open({ tls: { ...ours.server, clientCa: ours.ca } }, clock)
    await expect(join({ ca: ours.ca }, 'mqtts')).rejects.toThrow()
    await expect(join({ ca: ours.ca, ...strangers.client }, 'mqtts')).rejects.toThrow()
    await waitFor('both are counted', () => counters.errors === 2)
    await clock.advance(10_000)
    expect(degraded.at(-1)).toMatch(/^clients were disconnected: 2 × .*certificate/)
    await (await join({ ca: ours.ca, ...ours.client }, 'mqtts')).publishAsync(TOPIC, line(1), { qos: 1 })
    expect(deliveries).toHaveLength(1)
  })

  it('refuses a key that does not fit the certificate, for good', async () => {
    const { client, server } = makeCertificates()
    await expect(open({ tls: { cert: server.cert, key: client.key } })).rejects.toMatchObject({ code: 'LINK_TLS_FAILED', retriable: false })
  })

  it('closes connections above the limit at once, and counts them', async () => {
    await open({ maxConnections: 2 })
    const [first] = [await admitted(), await raw()]
    const third = await raw()
    await waitFor('the third is closed', () => third.closed())
    expect(counters.dropped).toBe(1)
    first.socket.destroy()
    await waitFor('there is room again', async () => {
      const client = await join().catch(() => undefined)
      await client?.publishAsync(TOPIC, line(1), { qos: 1 })
      return client !== undefined
    })
  })

  it.each([
    ['noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a length without end', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['a long CONNECT', Buffer.from([0x10, 0xff, 0xff, 0x7f])],
    ['a packet before CONNECT', publishPacket(line(1), { id: 1, qos: 1 })],
    ['a second CONNECT', Buffer.concat([CONNECT_311, CONNECT_311])],
    ['a message that is too long', Buffer.concat([CONNECT_311, Buffer.from([0x32, 0xff, 0xff, 0x7f])])],
    ['a topic with a wildcard', Buffer.concat([CONNECT_311, Buffer.from([0x30, 5, 0, 3, 0x61, 0x2f, 0x23])])],
    ['an empty client id in a session to keep', Buffer.from([0x10, 12, 0, 4, ...Buffer.from('MQTT'), 4, 0, 0, 0, 0, 0])]
  ])('ends a connection at %s, and others go on', async (_, bytes) => {
    await open({ maxPacketBytes: 1_024 })
    const peer = await raw()
    peer.socket.write(bytes)
    await waitFor('it is closed', () => peer.closed())
    await (await join()).publishAsync(TOPIC, line(1), { qos: 1 })
    expect(deliveries).toHaveLength(1)
  })

  it('ends a connection that says nothing', async () => {
    const clock = createVirtualClock()
    await open({ connectTimeoutS: 5 }, clock)
    const peer = await raw()
    await waitFor('it is let go', async () => {
      await clock.advance(1_000)
      return peer.closed()
    })
    expect(counters.errors).toBe(1)
  })

  it('lets a client in again that was unplugged or reset in the middle of a message, and others do not notice', async () => {
    await open()
    const other = await join()
    const whole = publishPacket(line(1), { id: 1, qos: 1 })
    for (const breakOff of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.resetAndDestroy()]) {
      const peer = await admitted()
      peer.socket.write(whole.subarray(0, whole.length - 3))
      await other.publishAsync(TOPIC, line(2), { qos: 1 })
      breakOff(peer.socket)
      const again = await admitted()
      again.socket.write(whole)
      await waitFor('the acknowledgement', () => again.heard().length === 8)
      again.socket.destroy()
    }
    expect(xs()).toEqual([2, 1, 2, 1])
  })

  it('reads the same however the stream is cut, also what comes behind CONNECT at once', async () => {
    await open()
    const stream = Buffer.concat([CONNECT_311, ...[1, 2, 3].map((id) => publishPacket(line(id), { id, qos: 1 }))])
    for (const size of [1, 3, 7, stream.length]) {
      const peer = await raw()
      peer.socket.setNoDelay(true)
      for (let at = 0; at < stream.length; at += size) {
        peer.socket.write(stream.subarray(at, at + size))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await waitFor('three acknowledgements', () => peer.heard().length === 16)
      expect(peer.heard().slice(4)).toEqual([0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0, 3])
      peer.socket.destroy()
    }
    expect(xs()).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
  })

  it('acknowledges what the log stores while the source is being stopped', async () => {
    commitsAtOnce = false
    await open()
    const published = (await join()).publishAsync(TOPIC, line(1), { qos: 1 })
    await waitFor('the delivery', () => deliveries.length === 1)
    const stopped = run.stop()
    deliveries[0]?.onDurable?.()
    await Promise.all([published, stopped])
  })
})
