/** What every way out promises; run against the scripted cluster and against real Kafka. */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { ForwardPort, OutgoingRecord } from '../gateway/forward/forward-port.ts'
import type { KafkaSettings } from '../gateway/forward/kafka-settings.ts'
import { createKafkajsPort } from '../gateway/forward/kafkajs-port.ts'
import type { ReadRecord } from './read-topic.ts'
import { systemClock } from './system-clock.ts'

/** The cluster on the other side, known once tests run. */
export interface ContractCluster {
  brokers(): readonly string[]
  createTopic(topic: string, partitions: number, settings: Readonly<Record<string, string>>): Promise<void>
  deleteTopic(topic: string): Promise<void>
  /** One list a partition. */
  read(topic: string): Promise<readonly (readonly Pick<ReadRecord, 'key' | 'value' | 'headers'>[])[]>
  settingsOf(topic: string): Promise<Readonly<Record<string, string>>>
}

const DAY_MS = 86_400_000

export function describeForwardPort(name: string, cluster: ContractCluster): void {
  describe(`a way out: ${name}`, () => {
    const ports: ForwardPort[] = []
    const open = async (settings: Partial<KafkaSettings> = {}): Promise<ForwardPort> => {
      const port = createKafkajsPort({
        settings: { brokers: cluster.brokers(), prefix: 'unused', ...settings },
        clientId: 'contract',
        clock: systemClock
      })
      ports.push(port)
      await port.connect()
      return port
    }
    const newTopic = async (partitions = 1, settings: Readonly<Record<string, string>> = {}): Promise<string> => {
      const topic = `contract-${randomBytes(6).toString('hex')}`
      await cluster.createTopic(topic, partitions, settings)
      return topic
    }
    const records = (topic: string, count: number, keys = 7): OutgoingRecord[] =>
      Array.from({ length: count }, (_, index) => ({ topic, key: `ble:${index % keys}`, value: `{"n":${index}}` }))
    const numbersByKey = (partitions: readonly (readonly { key: string; value: string }[])[]): Map<string, number[]> => {
      const byKey = new Map<string, number[]>()
      for (const { key, value } of partitions.flat()) byKey.set(key, [...(byKey.get(key) ?? []), (JSON.parse(value) as { n: number }).n])
      return byKey
    }
    const kinds = (outcomes: readonly { kind: string }[]): Record<string, number> => {
      const counts: Record<string, number> = {}
      for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1
      return counts
    }

    afterEach(async () => {
      for (const port of ports.splice(0)) await port.close()
    })

    it.each(['none', 'gzip'] as const)(
      'stores what it accepts, every key in one partition and in order (compression %s)',
      async (compression) => {
        const topic = await newTopic(3)
        const port = await open({ compression })
        for (let from = 0; from < 300; from += 100) {
          expect(kinds(await port.send(records(topic, 300).slice(from, from + 100)))).toEqual({ accepted: 100 })
        }
        const partitions = await cluster.read(topic)
        expect(partitions.filter((list) => list.length > 0).length).toBeGreaterThan(1)
        const byKey = numbersByKey(partitions)
        for (let key = 0; key < 7; key++) {
          expect(byKey.get(`ble:${key}`)).toEqual(Array.from({ length: 300 }, (_, n) => n).filter((n) => n % 7 === key))
          expect(partitions.filter((list) => list.some((record) => record.key === `ble:${key}`))).toHaveLength(1)
        }
      }
    )

    it('sends headers', async () => {
      const topic = await newTopic()
      const port = await open()
      const headers = { 'content-type': 'application/cloudevents+json', ce_subject: 'Größe ✓' }
      expect(await port.send([{ topic, key: 'k', value: '{}', headers }])).toEqual([{ kind: 'accepted' }])
      expect((await cluster.read(topic)).flat().map((record) => record.headers)).toEqual([headers])
    })

    it('sends several topics at once, and more than one batch holds', async () => {
      const [first, second] = [await newTopic(2), await newTopic(1)]
      const port = await open()
      const filler = 'x'.repeat(2_000)
      const many = [first, second].flatMap((topic) =>
        Array.from({ length: 800 }, (_, n) => ({ topic, key: `k${n % 3}`, value: JSON.stringify({ n, filler }) }))
      )
      expect(kinds(await port.send(many))).toEqual({ accepted: 1600 })
      for (const topic of [first, second]) {
        for (const [key, numbers] of numbersByKey(await cluster.read(topic)))
          expect(numbers).toEqual(Array.from({ length: 800 }, (_, n) => n).filter((n) => `k${n % 3}` === key))
      }
    })

    it('gives up only the records that are too large, and stores those around them in order', async () => {
      const topic = await newTopic(1, { 'max.message.bytes': '20000' })
      const port = await open()
      const batch = records(topic, 60).map((record, n) =>
        n === 0 || n === 23 || n === 59 ? { ...record, value: JSON.stringify({ n, filler: 'x'.repeat(30_000) }) } : record
      )
      const outcomes = await port.send(batch)
      expect(outcomes.flatMap((outcome, n) => (outcome.kind === 'never' ? [[n, outcome.code]] : []))).toEqual(
        [0, 23, 59].map((n) => [n, 'MESSAGE_TOO_LARGE'])
      )
      expect(kinds(outcomes)).toEqual({ never: 3, accepted: 57 })
      const stored = (await cluster.read(topic)).flat().map(({ value }) => (JSON.parse(value) as { n: number }).n)
      expect(stored).toEqual(Array.from({ length: 60 }, (_, n) => n).filter((n) => n !== 0 && n !== 23 && n !== 59))
    })

    it('keeps the records of a topic that is missing, creates none by itself, and goes on with the others', async () => {
      const topic = await newTopic()
      const missing = `missing-${randomBytes(6).toString('hex')}`
      const port = await open()
      const outcomes = await port.send([...records(missing, 2), ...records(topic, 2), ...records(missing, 1)])
      expect(outcomes.map((outcome) => (outcome.kind === 'keep' ? `${outcome.scope} ${outcome.code}` : outcome.kind))).toEqual([
        'topic UNKNOWN_TOPIC_OR_PARTITION',
        'topic UNKNOWN_TOPIC_OR_PARTITION',
        'accepted',
        'accepted',
        'topic UNKNOWN_TOPIC_OR_PARTITION'
      ])
    })

    it('creates missing topics as they should be, and tells of others without touching them', async () => {
      const created = `created-${randomBytes(6).toString('hex')}`
      const other = await newTopic(2, { 'retention.ms': '12345000' })
      const port = await open()
      const wanted = [
        { topic: created, retentionMs: 3 * DAY_MS, partitions: 2, replicationFactor: 1 },
        { topic: other, retentionMs: DAY_MS, partitions: 3 }
      ]
      const differences = [
        { topic: other, setting: 'message.timestamp.type', expected: 'LogAppendTime', actual: 'CreateTime' },
        { topic: other, setting: 'retention.ms', expected: String(DAY_MS), actual: '12345000' },
        { topic: other, setting: 'partitions', expected: '3', actual: '2' }
      ]
      expect(await port.ensureTopics(wanted)).toEqual(differences)
      expect(await port.ensureTopics(wanted)).toEqual(differences)
      expect(await cluster.settingsOf(created)).toMatchObject({
        'message.timestamp.type': 'LogAppendTime',
        'retention.ms': String(3 * DAY_MS)
      })
      expect(await cluster.settingsOf(other)).toMatchObject({ 'message.timestamp.type': 'CreateTime', 'retention.ms': '12345000' })
      expect(await cluster.read(created)).toHaveLength(2)
      expect(kinds(await port.send(records(created, 10)))).toEqual({ accepted: 10 })
    })

    it("leaves partitions and replicas to the broker's defaults when none are given", async () => {
      const created = `created-${randomBytes(6).toString('hex')}`
      const port = await open()
      expect(await port.ensureTopics([{ topic: created, retentionMs: DAY_MS }])).toEqual([])
      expect((await cluster.read(created)).length).toBeGreaterThan(0)
    })

    it('creates a topic again that was deleted while it ran', async () => {
      const topic = await newTopic()
      const port = await open()
      expect(kinds(await port.send(records(topic, 5)))).toEqual({ accepted: 5 })
      await cluster.deleteTopic(topic)
      expect(kinds(await port.send(records(topic, 5)))).toEqual({ keep: 5 })
      await port.ensureTopics([{ topic, retentionMs: DAY_MS }])
      expect(kinds(await port.send(records(topic, 5)))).toEqual({ accepted: 5 })
      expect((await cluster.read(topic)).flat()).toHaveLength(5)
    })

    it('says that the link is down when nobody answers there', async () => {
      const port = createKafkajsPort({ settings: { brokers: ['127.0.0.1:1'], prefix: 'unused' }, clientId: 'contract', clock: systemClock })
      ports.push(port)
      await expect(port.connect()).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
      expect(await port.send(records('any', 2))).toMatchObject([
        { kind: 'keep', scope: 'link', code: 'KAFKA_UNREACHABLE' },
        { kind: 'keep', scope: 'link', code: 'KAFKA_UNREACHABLE' }
      ])
    })

    it('keeps everything after it was closed', async () => {
      const topic = await newTopic()
      const port = await open()
      await port.close()
      expect(await port.send(records(topic, 1))).toMatchObject([{ kind: 'keep', scope: 'link', code: 'KAFKA_CLOSED' }])
    })
  })
}
