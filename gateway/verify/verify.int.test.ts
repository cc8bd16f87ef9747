import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodePansLocation } from '../../firmware-protocols/dwm1001-pans-mqtt/encode-pans.ts'
import { describeWithKafka } from '../../test-support/kafka/describe-with-kafka.ts'
import { binaryRecord, structuredRecord, type ToldEvent } from '../../test-support/kafka/event-records.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { openReadingLink } from './cluster-access.ts'
import { readTopics } from './read-topics.ts'
import { type PartitionExtent, readExtents } from './topic-extent.ts'
import type { VerifyReport } from './verify.ts'
import { verifyCommand } from './verify-command.ts'

interface Told extends ToldEvent {
  readonly topic: string
  readonly partition: number
}

/** Two tags in two partitions; every fifth event is a TagInfo. */
function history(first: number, last: number): Told[] {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const sequence = first + index
    const partition = sequence % 2
    const type = sequence % 5 === 0 ? 'TagInfo' : 'TagMovement'
    return { sequence, partition, type, topic: type === 'TagInfo' ? 'tag-info' : 'tag-movement', key: `pans:000${partition}` }
  })
}

function gapOf(from: number, to: number | null): Told {
  const data = { lane: 'telemetry', epoch: '1', from, to, countByType: {}, timeFrom: null, timeTo: null, reason: 'evicted-by-size' }
  return { topic: 'data-gap', partition: 0, sequence: 1, lane: 'alarm', type: 'DataGap', key: 'gw1', data }
}

function at(events: readonly Told[], sequence: number): Told {
  const found = events.find((event) => event.sequence === sequence)
  if (!found) throw new Error(`no event ${sequence}`)
  return found
}

describeWithKafka('verify against a real Kafka', (shared) => {
  let kafka: Kafka
  let admin: Admin
  const folder = mkdtempSync(join(tmpdir(), 'tagward-verify-'))
  beforeAll(async () => {
    kafka = new Kafka({ brokers: shared.brokers, logLevel: logLevel.NOTHING })
    admin = kafka.admin()
    await admin.connect()
  })
  afterAll(async () => {
    await admin?.disconnect()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Writes to topics of its own, record by record in the order given; gives the prefix. */
  async function written(events: readonly Told[], compose = structuredRecord): Promise<string> {
    const prefix = shared.newPrefix('verify')
    const topics = ['tag-movement', 'tag-info', 'data-gap'].map((name) => ({ topic: `${prefix}.${name}`, numPartitions: 2 }))
    await admin.createTopics({ topics, waitForLeaders: true })
    const producer = kafka.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    // One partition a request: kafkajs repeats a whole request of which one partition was refused, and a new topic's may be.
    for (const name of new Set(events.map(({ topic }) => topic))) {
      for (const place of [0, 1]) {
        const messages = events
          .filter(({ topic, partition }) => topic === name && partition === place)
          .map((event) => ({ ...compose(event), partition: place }))
        if (messages.length > 0) await producer.send({ topic: `${prefix}.${name}`, messages })
      }
    }
    await producer.disconnect()
    return prefix
  }

  async function verified(prefix: string, ...more: string[]): Promise<{ exitCode: number; report: VerifyReport }> {
    let text = ''
    const add = (part: string) => {
      text += part
    }
    const output = { out: add, err: add }
    const exitCode = await verifyCommand(['--brokers', shared.brokers.join(','), '--prefix', prefix, ...more], output)
    if (!text.startsWith('{')) throw new Error(text)
    return { exitCode, report: JSON.parse(text) as VerifyReport }
  }

  async function faultsOf(events: readonly Told[]): Promise<Record<string, unknown>> {
    const { exitCode, report } = await verified(await written(events))
    const { lost, misordered, duplicatesAfterHighWater, duplicates, conflicting, malformed, explainedByDataGap } = report.totals
    expect(report).toMatchObject({ lost, misordered, duplicatesAfterHighWater, duplicates })
    expect(exitCode).toBe(report.ok ? 0 : 1)
    const counts = { lost, misordered, duplicatesAfterHighWater, duplicates, conflicting, malformed, explainedByDataGap }
    return { ok: report.ok, ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)) }
  }

  const good = history(1, 300)

  it('finds a good history good, in structured and in binary mode, and needs no group', async () => {
    const groupsBefore = new Set((await admin.listGroups()).groups.map(({ groupId }) => groupId))
    for (const compose of [structuredRecord, binaryRecord]) {
      const { exitCode, report } = await verified(await written(good, compose), '--gateway', 'gw1')
      expect(exitCode).toBe(0)
      expect(report).toMatchObject({ ok: true, topics: 3, totals: { records: 300, events: 300, lost: 0, duplicates: 0 } })
      expect(report.lanes).toMatchObject([
        { gateway: 'gw1', epoch: '1', lane: 'telemetry', first: 1, last: 300, judgedFrom: 1, judgedTo: 300 }
      ])
      expect(report).toMatchObject({ lost: 0, misordered: 0, duplicatesAfterHighWater: 0, duplicates: 0 })
      for (const sums of [report, report.totals]) expect(sums).not.toHaveProperty('neverLogged')
    }
    const groupsAfter = (await admin.listGroups()).groups.map(({ groupId }) => groupId)
    expect(groupsAfter.filter((group) => group.includes('verify') && !groupsBefore.has(group))).toEqual([])
  })

  it('runs outside the test runner, which resolves modules in its own way', async () => {
    const prefix = await written(good)
    const command = new URL('./verify-command.js', import.meta.url).href
    const argv = JSON.stringify(['--brokers', shared.brokers.join(','), '--prefix', prefix])
    const script = `const { verifyCommand } = await import(${JSON.stringify(command)}); process.exitCode = await verifyCommand(${argv})`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, totals: { events: 300 } })
  })

  it('sees what was removed, repeated, swapped and invented', async () => {
    expect(await faultsOf(good.filter(({ sequence }) => sequence !== 150 && sequence !== 151))).toEqual({ ok: false, lost: 2 })
    expect(await faultsOf([...good, at(good, 150)])).toEqual({ ok: true, duplicates: 1 })
    expect(await faultsOf([...good, { ...at(good, 300), partition: 1 }])).toEqual({ ok: false, duplicates: 1, duplicatesAfterHighWater: 1 })
    const swapped = good.map((event) => (event.sequence === 151 ? at(good, 153) : event.sequence === 153 ? at(good, 151) : event))
    expect(await faultsOf(swapped)).toEqual({ ok: false, misordered: 1 })
    expect(await faultsOf([...good, { ...at(good, 150), sequence: 305 }])).toEqual({ ok: false, lost: 4 })
    expect(await faultsOf([...good, { ...at(good, 150), data: { invented: true } }])).toEqual({ ok: false, duplicates: 1, conflicting: 1 })
  })

  it('says what is no event of the contract', async () => {
    const prefix = await written(good)
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: `${prefix}.tag-info`, messages: [{ key: 'k', value: 'hello', partition: 1 }] })
    await producer.disconnect()
    const { exitCode, report } = await verified(prefix)
    expect(exitCode).toBe(1)
    expect(report.malformedExamples).toMatchObject([{ topic: `${prefix}.tag-info`, partition: 1, why: 'the value is no JSON object' }])
  })

  it('takes what a DataGap names as explained', async () => {
    const holed = good.filter(({ sequence }) => sequence < 150 || sequence > 159)
    expect(await faultsOf([...holed, gapOf(150, 159)])).toEqual({ ok: true, explainedByDataGap: 10 })
    expect(await faultsOf([...holed, gapOf(155, null)])).toEqual({ ok: false, lost: 5, explainedByDataGap: 5 })
  })

  async function deleteBelow(topic: string, offset: string): Promise<void> {
    // kafkajs finds the leader only of topics that this client has asked about.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] })
  }

  it('judges from where the topics still hold everything', async () => {
    const prefix = await written(good)
    // In partition 0 of tag-movement the first nine go: 2, 4 … 22, without the TagInfo 10 and 20.
    await deleteBelow(`${prefix}.tag-movement`, '9')
    const cut = await verified(prefix)
    expect(cut.exitCode).toBe(0)
    expect(cut.report.lanes).toMatchObject([{ first: 1, judgedFrom: 24, last: 300, lost: 0 }])

    const headless = await written(good.slice(4))
    expect((await verified(headless)).report.lanes).toMatchObject([{ first: 5, judgedFrom: 1, lost: 4 }])
    expect((await verified(headless, '--from-first')).report.lanes).toMatchObject([{ first: 5, judgedFrom: 5, lost: 0 }])

    const holedPrefix = await written(good.filter(({ sequence }) => sequence !== 4 && sequence !== 200))
    await deleteBelow(`${holedPrefix}.tag-movement`, '8')
    expect((await verified(holedPrefix)).report.lanes).toMatchObject([{ judgedFrom: 24, lost: 1, lostRanges: [[200, 200]] }])
  })

  describe('with what a publisher had acknowledged', () => {
    const publish = (index: number) =>
      encodePansLocation({
        id: '4d18',
        timeMs: 1_700_000_000_000 + index,
        position: { x: index, y: 1, z: 0 },
        quality: 50,
        superframe: index
      })
    const logged = (index: number): Told => {
      const extra = {
        kind: 'location',
        node_id: '4d18',
        timestamp_utc: new Date(1_700_000_000_000 + index).toISOString(),
        superframe: index
      }
      const data = { tag: 'hall:4d18', position: { x: index, y: 1, z: 0 }, quality: 50, deviceTime: 1_700_000_000_000 + index, extra }
      return { topic: 'tag-movement', partition: 0, sequence: index, key: 'hall:4d18', data }
    }
    const numbers = Array.from({ length: 50 }, (_, index) => index + 1)
    const sentFile = (name: string, entries: readonly object[]) => {
      const file = join(folder, name)
      writeFileSync(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
      return file
    }

    it('finds every acknowledged message, however often a retry brought it', async () => {
      const prefix = await written([...numbers.map(logged), { ...logged(7), sequence: 51 }])
      const { exitCode, report } = await verified(prefix, '--sent', sentFile('all.jsonl', numbers.map(publish)))
      expect(report.sent).toEqual({ acknowledged: 50, withoutEvent: 0, neverLogged: 0, repeatedUnmarked: 1, examples: [] })
      expect(exitCode).toBe(0)
    })

    it('names what was acknowledged and never logged, though no number is missing', async () => {
      const prefix = await written(numbers.map(logged))
      const entries = [
        ...numbers.map(publish),
        publish(99),
        publish(7),
        { tag: '4d18', position: { x: 3 } },
        { key: 'hall:4d18', quality: 51 }
      ]
      const { exitCode, report } = await verified(prefix, '--sent', sentFile('more.jsonl', entries))
      expect(exitCode).toBe(1)
      for (const sums of [report, report.totals]) expect(sums).toMatchObject({ lost: 0, neverLogged: 3 })
      // Of two equal lines one is there; which one is missing cannot be told, so the first is named.
      expect(report.sent?.examples.map(({ line }) => line)).toEqual([7, 51, 54])
    })
  })

  /** What is read from these partitions, as `partition/offset`. */
  async function read(extents: readonly PartitionExtent[], stallLimitMs = 20_000): Promise<string[]> {
    const link = openReadingLink({ brokers: shared.brokers, prefix: 'p' }, stallLimitMs)
    const read: string[] = []
    const onRecord = ({ offset }: { offset: string }, _topic: string, partition: number) => void read.push(`${partition}/${offset}`)
    try {
      await readTopics({ link, extents, stallLimitMs, onRecord })
    } finally {
      link.close()
    }
    return read
  }
  const row = (partition: number, from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `${partition}/${from + index}`)

  it('reads to the end that it was given, not to what was written meanwhile', async () => {
    const topic = `${await written(good)}.tag-movement`
    const extents = [
      { topic, partition: 0, low: 0, end: 30 },
      { topic, partition: 1, low: 0, end: 0 }
    ]
    expect(await read(extents)).toEqual(row(0, 0, 30))
  })

  it('reads topics that are empty, that begin late, and that end with the mark of a transaction', async () => {
    const prefix = await written(good)
    const topic = `${prefix}.tag-movement`
    await deleteBelow(topic, '50')
    const producer = kafka.producer({ transactionalId: prefix, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const record = { partition: 1, ...structuredRecord({ sequence: 301, key: 'pans:0001' }) }
    for (const outcome of ['commit', 'abort', 'abort'] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [record] })
      await transaction[outcome]()
    }
    await producer.disconnect()
    // The broker answers that a transaction is over before its mark is written.
    const extents = await waitFor('the last mark', async () => {
      const found = await readExtents(admin, [topic, `${prefix}.data-gap`])
      return found.some(({ partition, end }) => partition === 1 && end === 126) ? found : undefined
    })
    expect(extents).toContainEqual({ topic, partition: 1, low: 0, end: 126 })
    expect(extents).toContainEqual({ topic: `${prefix}.data-gap`, partition: 0, low: 0, end: 0 })
    expect((await read(extents)).sort()).toEqual([...row(0, 50, 120), ...row(1, 0, 121)].sort())
    // Nothing but the last mark is left to be read.
    expect(await read([{ topic, partition: 1, low: 125, end: 126 }])).toEqual([])
    expect((await verified(prefix)).report.totals).toMatchObject({ lost: 0, records: 191 + 60, events: 191 + 60 })
  })

  it('says so when records are deleted before it has read them', async () => {
    const topic = `${await written(good)}.tag-movement`
    await deleteBelow(topic, '50')
    const why = `${topic}/0: records were deleted while it was being read; verify again (OFFSET_OUT_OF_RANGE)`
    await expect(read([{ topic, partition: 0, low: 10, end: 120 }])).rejects.toThrow(why)
  })

  it('gives up when nothing comes any more', async () => {
    const topic = `${await written(good)}.tag-movement`
    const reading = read([{ topic, partition: 0, low: 0, end: 1_000 }], 1_000)
    await expect(reading).rejects.toThrow(`nothing came for 1 s while reading ${topic}/0 from 120 to 1000`)
  })

  it('says in one line why it cannot read', async () => {
    const said: string[] = []
    const output = { out: (text: string) => void said.push(`out ${text}`), err: (text: string) => void said.push(text) }
    const brokers = ['--brokers', shared.brokers.join(',')]
    expect(await verifyCommand([...brokers, '--prefix', 'no-such-prefix'], output)).toBe(2)
    expect(await verifyCommand(['--brokers', '127.0.0.1:1', '--prefix', 'p', '--timeout', '1'], output)).toBe(2)
    const prefix = await written(good)
    expect(await verifyCommand([...brokers, '--prefix', prefix, '--gateway', 'other'], output)).toBe(2)
    expect(said).toHaveLength(3)
    expect(said[0]).toContain('no topics no-such-prefix.')
    expect(said[1]).toContain('127.0.0.1:1')
    expect(said[2]).toContain('found: gw1')
  })
})
