import { randomUUID } from 'node:crypto'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Mosquitto, startMosquitto } from '../../test-support/mosquitto.ts'
import { createMqttSource, type MqttSource, type MqttSourceOptions, numbered } from '../../test-support/mqtt-source.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { createMqttDriver } from './driver.ts'

const COUNT = 50
const all = (count = COUNT, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index)

describe.each(['3.1.1', '5'] as const)('mqtt %s: acknowledged only after the commit (real Mosquitto)', (protocolVersion) => {
  let broker: Mosquitto
  let publisher: MqttClient
  const sources: MqttSource[] = []

  beforeAll(async () => {
    broker = await startMosquitto()
    publisher = await connectAsync(broker.url)
  })
  afterEach(async () => {
    for (const source of sources) source.commit()
    await Promise.all(sources.map(({ run }) => run.stop()))
    sources.length = 0
  })
  afterAll(async () => {
    await publisher.endAsync(true)
    await broker.stop()
  })

  /** A topic and a session that no other test has. */
  const scene = (qos: 0 | 1 | 2) => {
    const id = randomUUID()
    const topic = `site/${id}`
    const settings = { url: broker.url, protocolVersion, clientId: id, topics: [{ topic, qos }], receiveMaximum: 1000 }
    return {
      topic,
      settings,
      begin: async (options: Partial<MqttSourceOptions> = {}): Promise<MqttSource> => {
        const source = createMqttSource({ settings, ...options })
        sources.push(source)
        await source.run.start()
        return source
      },
      publish: async (numbers: readonly number[]): Promise<void> => {
        await Promise.all(numbers.map((number) => publisher.publishAsync(topic, numbered(number), { qos })))
      },
      /** What the broker says that it got from our session. */
      acksSeen: (): number[] => {
        const line = new RegExp(`Received ${qos === 1 ? 'PUBACK' : 'PUBREC'} from ${id} \\(Mid: (\\d+)`, 'g')
        return [...broker.log().matchAll(line)].map(([, mid]) => Number(mid))
      }
    }
  }
  const received = (source: MqttSource, count: number): Promise<boolean> =>
    waitFor(`${count} deliveries`, () => source.deliveries.length >= count)

  describe.each([1, 2] as const)('QoS %i', (qos) => {
    it('reads on without acknowledging, and acknowledges in order once the log has committed', async () => {
      const { begin, publish, acksSeen } = scene(qos)
      const source = await begin()
      await publish(all())
      await received(source, COUNT)
      expect(source.numbers()).toEqual(all())
      expect(source.deliveries.some(({ redelivered }) => redelivered)).toBe(false)
      expect(acksSeen()).toEqual([])
      source.commit(20)
      await waitFor('the acknowledgements of the first commit', () => acksSeen().length >= 20)
      expect(acksSeen()).toHaveLength(20)
      source.commit()
      await waitFor('all acknowledgements', () => acksSeen().length >= COUNT)
      expect(acksSeen()).toEqual([...acksSeen()].sort((a, b) => a - b))
      expect(new Set(acksSeen()).size).toBe(COUNT)
    })

    it('holds an acknowledgement until everything received before it is durable', async () => {
      const { begin, publish, acksSeen } = scene(qos)
      const source = await begin()
      await publish(all(3))
      await received(source, 3)
      source.commitOnly(2)
      source.commitOnly(1)
      // A message that says nothing is durable at once; it waits for its turn all the same.
      await publish([])
      expect(acksSeen()).toEqual([])
      source.commitOnly(0)
      await waitFor('all three', () => acksSeen().length === 3)
    })

    it('gets again, in order and marked, what was not committed when the run was cut off, and nothing else', async () => {
      const { begin, publish, acksSeen, topic } = scene(qos)
      const first = await begin()
      await publish(all())
      await received(first, COUNT)
      first.commit(20)
      await waitFor('the acknowledgements of what is committed', () => acksSeen().length === 20)
      await first.run.stop()
      // What the dead run's log says later changes nothing.
      first.commit()

      const second = await begin()
      await received(second, COUNT - 20)
      expect(second.numbers()).toEqual(all(COUNT - 20, 20))
      expect(second.deliveries.every(({ redelivered }) => redelivered === true)).toBe(true)
      second.commit()
      await waitFor('the rest', () => acksSeen().length === COUNT)
      await second.run.stop()

      const third = await begin()
      await publisher.publishAsync(topic, numbered(999), { qos })
      await received(third, 1)
      expect(third.numbers()).toEqual([999])
      expect(third.deliveries[0]?.redelivered).toBeUndefined()
    })

    it('loses nothing that was published while no run was connected', async () => {
      const { begin, publish } = scene(qos)
      const first = await begin()
      await first.run.stop()
      await publish(all(1500))
      const second = await begin({ commitsAtOnce: true })
      await received(second, 1500)
      expect(second.numbers()).toEqual(all(1500))
    })

    it('goes on hearing while the storage fails: what the log lets go is acknowledged past what it holds, and does not come again', async () => {
      const { begin, publish, acksSeen } = scene(qos)
      // As the log does it: alarms (every hundredth here) are held, telemetry only as long as nobody is pressed.
      const isAlarm = (delivery: { readings: readonly { position?: { x: number } }[] }) =>
        (delivery.readings[0]?.position?.x ?? 0) % 100 === 99
      const source = await begin({ storageFails: () => true, givesUp: (each) => each.pressing === true && !isAlarm(each) })
      await publish(all(4000))
      await received(source, 4000)
      expect(source.numbers()).toEqual(all(4000))
      const held = source.deliveries.filter((each) => each.pressing !== true || isAlarm(each)).length
      expect(held).toBeLessThan(1000)
      await waitFor('the acknowledgements of what was let go', () => acksSeen().length >= 4000 - held)
      expect(acksSeen()).toHaveLength(4000 - held)
      expect(source.failures).toEqual([])
      await source.run.stop()

      const next = await begin({ commitsAtOnce: true })
      await received(next, held)
      await publish([9999])
      await received(next, held + 1)
      expect(next.numbers()).toEqual([
        ...source.deliveries.filter((each) => each.pressing !== true || isAlarm(each)).map(({ readings }) => readings[0]?.position?.x),
        9999
      ])
    })

    it('stops reading at the receive maximum while the log commits nothing, and goes on after it', async () => {
      const { begin, publish } = scene(qos)
      const source = await begin()
      await publish(all(4000))
      await received(source, 1000)
      // Everything the broker sent before this has been handled when the answer to the next request is there.
      await publisher.publishAsync('other', '', { qos: 1 })
      // What one read of the socket holds may come on top in 3.1.1, where a broker knows no limit.
      expect(source.deliveries.length).toBeLessThanOrEqual(protocolVersion === '5' ? 1000 : 3000)
      await waitFor('all of it, as the log commits', () => {
        source.commit()
        return source.deliveries.length === 4000
      })
      expect(source.numbers()).toEqual(all(4000))
    })
  })

  it('stores a QoS 2 message once and nothing at its PUBREL', async () => {
    const { begin, publish } = scene(2)
    const source = await begin({ commitsAtOnce: true })
    await publish(all(10))
    await waitFor('the last PUBCOMP', () => (broker.log().match(/Received PUBCOMP from [0-9a-f-]{36}/g) ?? []).length >= 10)
    await publish([77])
    await received(source, 11)
    expect(source.numbers()).toEqual([...all(10), 77])
  })

  it('takes QoS 0, which nobody acknowledges', async () => {
    const { begin, publish } = scene(0)
    const source = await begin()
    await publish(all(5))
    await received(source, 5)
    expect(source.numbers()).toEqual(all(5))
    expect(source.deliveries.every(({ onDurable }) => onDurable === undefined)).toBe(true)
  })

  it('acknowledges what says nothing or cannot be read, in its turn', async () => {
    const { begin, topic, acksSeen } = scene(1)
    const source = await begin()
    await publisher.publishAsync(topic, numbered(1), { qos: 1 })
    await publisher.publishAsync(topic, 'no toy line', { qos: 1 })
    await publisher.publishAsync(topic, '', { qos: 1 })
    await waitFor('three frames', () => source.counters.frames === 3)
    expect(source.counters).toMatchObject({ readings: 1, errors: 1, ignored: 1 })
    expect(acksSeen()).toEqual([])
    source.commit()
    await waitFor('three acknowledgements', () => acksSeen().length === 3)
  })

  it('marks retained messages as such, and gives topic and time to the codec', async () => {
    const contexts: unknown[] = []
    const { begin, topic } = scene(1)
    await publisher.publishAsync(topic, 'old', { qos: 1, retain: true })
    await begin({
      codec: {
        protocol: 'spy',
        title: 'Keeps what it is told',
        transport: 'mqtt',
        encoding: 'text',
        idScope: 'system',
        createDecoder: () => ({
          decode(frame, context) {
            contexts.push({ text: Buffer.from(frame).toString(), topic: context.topic, retained: context.retained })
            return { kind: 'ignored', why: 'test' }
          }
        })
      }
    })
    await waitFor('the retained message', () => contexts.length === 1)
    await publisher.publishAsync(topic, 'new', { qos: 1, retain: true })
    await waitFor('the new message', () => contexts.length === 2)
    expect(contexts).toEqual([
      { text: 'old', topic, retained: true },
      { text: 'new', topic, retained: undefined }
    ])
    await publisher.publishAsync(topic, '', { qos: 1, retain: true })
  })

  it('unsubscribes from what is no longer configured', async () => {
    const driver = createMqttDriver()
    const { begin, settings, topic } = scene(1)
    const first = await begin({ driver, settings: { ...settings, topics: [topic, `${topic}/old`] } })
    await first.run.stop()
    const second = await begin({ driver })
    await publisher.publishAsync(`${topic}/old`, numbered(1), { qos: 1 })
    await publisher.publishAsync(topic, numbered(2), { qos: 1 })
    await received(second, 1)
    expect(second.numbers()).toEqual([2])
  })
})
