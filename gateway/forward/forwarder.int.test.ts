import { rmSync } from 'node:fs'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { describeWithOwnKafka, newPrefix } from '../../test-support/kafka/describe-with-kafka.ts'
import { type KafkaServer, startKafka } from '../../test-support/kafka/start-kafka.ts'
import { readTopic } from '../../test-support/read-topic.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { freshDirectory, movement, openTestLog } from '../log/log-test-support.ts'
import type { EventLogHandle } from '../log/open-event-log.ts'
import { openLogReader } from '../log/open-log-reader.ts'
import { runVerify } from '../verify/verify.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import { createKafkajsPort } from './kafkajs-port.ts'
import { type ForwarderHandle, startForwarder } from './start-forwarder.ts'

const DAY_MS = 86_400_000

describeWithOwnKafka('forwarder, real log and real Kafka', () => {
  let kafka: KafkaServer
  let admin: Admin
  const directories: string[] = []
  const logs: EventLogHandle[] = []
  const forwarders: ForwarderHandle[] = []

  beforeAll(async () => {
    kafka = await startKafka({
      properties: { 'log.retention.check.interval.ms': 300, 'log.initial.task.delay.ms': 300, 'num.partitions': 3 }
    })
    admin = new Kafka({ brokers: kafka.adminBrokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
  })
  afterEach(async () => {
    for (const forwarder of forwarders.splice(0)) await forwarder.close()
    for (const log of logs.splice(0)) await log.close()
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
  })
  afterAll(async () => {
    await admin?.disconnect()
    await kafka?.stop({ remove: true })
  })

  const openLog = async (directory = freshDirectory()): Promise<EventLogHandle> => {
    directories.push(directory)
    const log = await openTestLog(directory)
    logs.push(log)
    return log
  }
  const forward = (log: EventLogHandle, settings: KafkaSettings | undefined): ForwarderHandle => {
    const forwarder = startForwarder({ log, identity: { site: 'site', gatewayId: 'gw' }, kafka: settings })
    forwarders.push(forwarder)
    return forwarder
  }
  const settings = (prefix: string, more: Partial<KafkaSettings> = {}): KafkaSettings => ({ brokers: kafka.brokers, prefix, ...more })
  const drained = (forwarder: ForwarderHandle) =>
    waitFor(
      'the backlog is gone',
      () => {
        const { lanes, configured } = forwarder.status()
        return configured && Object.keys(lanes.alarm.cursors).length > 0 && lanes.alarm.backlog === 0 && lanes.telemetry.backlog === 0
      },
      60_000
    )

  /** A record that is to be deleted tells when the broker has looked at retention. */
  const retentionChecked = async () => {
    const topic = newPrefix('control')
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: String(DAY_MS) }] }] })
    const producer = new Kafka({ brokers: kafka.adminBrokers, logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    await producer.send({ topic, messages: [{ key: 'k', value: 'old', timestamp: String(Date.now() - 3 * DAY_MS) }] })
    await producer.disconnect()
    await waitFor('the old record is deleted', async () => (await admin.fetchTopicOffsets(topic))[0]?.low === '1', 60_000, 100)
  }

  it('forwards a backlog of three days ago, and one of 1970, and all of it outlives the retention check', {
    timeout: 120_000
  }, async () => {
    const log = await openLog()
    const now = Date.now()
    for (let n = 0; n < 2_000; n++) log.append({ ...movement(n), time: now - 3 * DAY_MS + n, receivedAt: now - 3 * DAY_MS + n })
    for (let n = 0; n < 2_000; n++) log.append({ ...movement(n), time: n, receivedAt: n, clockQuality: 'unset' })
    for (let n = 0; n < 50; n++) log.append({ ...movement(n, 'alarm'), time: n, receivedAt: n, clockQuality: 'unset' })
    await log.flush()
    const prefix = newPrefix('backlog')
    const forwarder = forward(log, settings(prefix, { compression: 'gzip' }))
    await drained(forwarder)
    await retentionChecked()
    const { ok, totals } = await runVerify({ brokers: kafka.brokers, prefix })
    expect({ ok, events: totals.events, duplicates: totals.duplicates }).toEqual({ ok: true, events: 4_051, duplicates: 0 })
    const movements = (await readTopic({ brokers: kafka.brokers }, `${prefix}.tag-movement`)).flat()
    expect(movements).toHaveLength(4_000)
    for (const { timestamp } of movements) expect(Math.abs(timestamp - now)).toBeLessThan(DAY_MS / 24)
    expect(movements[0]?.headers).toEqual({ 'content-type': 'application/cloudevents+json' })
  })

  it("keeps records with the sender's time too, even where the gateway's clock stands at 1970", async () => {
    const topic = newPrefix('sender-time')
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: String(DAY_MS) }] }] })
    const port = createKafkajsPort({ settings: settings('unused'), clientId: 'c', clock: createVirtualClock(60_000) })
    await port.connect()
    expect(await port.send([{ topic, key: 'k', value: 'v' }])).toEqual([{ kind: 'accepted' }])
    await port.close()
    await retentionChecked()
    expect((await readTopic({ brokers: kafka.brokers }, topic)).flat().map(({ value }) => value)).toEqual(['v'])
  })

  it('goes on from its cursors after a restart, and over changes of the settings', async () => {
    const directory = freshDirectory()
    const prefix = newPrefix('restart')
    const first = await openLog(directory)
    const forwarder = forward(first, settings(prefix))
    for (let n = 0; n < 500; n++) first.append(movement(n))
    await first.flush()
    await drained(forwarder)
    await forwarder.reconfigure(undefined)
    expect(forwarder.status().configured).toBe(false)
    for (let n = 500; n < 1_000; n++) first.append(movement(n))
    await first.flush()
    await forwarder.reconfigure(settings(prefix, { mode: 'structured', compression: 'gzip' }))
    await drained(forwarder)
    await forwarder.close()
    await first.close()
    const second = await openLog(directory)
    second.append(movement(1_000))
    await second.flush()
    await drained(forward(second, settings(prefix)))
    const { ok, totals } = await runVerify({ brokers: kafka.brokers, prefix })
    expect({ ok, events: totals.events, duplicates: totals.duplicates }).toEqual({ ok: true, events: 1_002, duplicates: 0 })
  })

  it('sets aside what Kafka will never take, and a DataGap says so', async () => {
    const prefix = newPrefix('poison')
    const log = await openLog()
    log.append(movement(1))
    log.append({ ...movement(2), data: { filler: 'x'.repeat(2_000_000) } })
    log.append(movement(3))
    await log.flush()
    await drained(forward(log, settings(prefix)))
    const reader = openLogReader(log.path)
    expect(reader.setAside(10)).toMatchObject([
      { lane: 'telemetry', sequence: 2, topic: `${prefix}.tag-movement`, code: 'MESSAGE_TOO_LARGE' }
    ])
    reader.close()
    await waitFor('the gap is told', async () => {
      const gaps = (await readTopic({ brokers: kafka.brokers }, `${prefix}.data-gap`)).flat().map(({ value }) => JSON.parse(value))
      return gaps.some(({ data }) => data.reason === 'never-acceptable' && data.from === 2 && data.to === 2)
    })
    expect((await runVerify({ brokers: kafka.brokers, prefix })).totals).toMatchObject({ lost: 0, explainedByDataGap: 1 })
  })

  it('loses nothing while the broker is stopped, killed, frozen and started again', { timeout: 240_000 }, async () => {
    const prefix = newPrefix('outage')
    const log = await openLog()
    const forwarder = forward(log, settings(prefix))
    let appended = 0
    const append = async (count: number) => {
      for (let n = 0; n < count; n++) log.append(movement(appended++))
      for (let n = 0; n < 5; n++) log.append(movement(appended, 'alarm'))
      await log.flush()
    }
    await append(500)
    await drained(forwarder)
    for (const outage of ['stop', 'kill', 'freeze'] as const) {
      await append(1_000)
      if (outage === 'stop') await kafka.stop()
      else if (outage === 'kill') await kafka.kill()
      else kafka.pause()
      await append(1_000)
      await waitFor('the failure is noticed', () => !forwarder.status().connected, 30_000)
      await append(1_000)
      if (outage === 'freeze') kafka.resume()
      else await kafka.start()
      await append(500)
    }
    await drained(forwarder)
    const { ok, totals } = await runVerify({ brokers: kafka.brokers, prefix })
    // One more: the DataGap that the log begins with.
    expect({ ok, events: totals.events }).toEqual({ ok: true, events: appended + 13 * 5 + 1 })
  })
})
