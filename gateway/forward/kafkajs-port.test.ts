import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { describeForwardPort } from '../../test-support/forward-port-contract.ts'
import { type ScriptedKafka, startScriptedKafka } from '../../test-support/scripted-kafka/scripted-kafka.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { ForwardPort, OutgoingRecord } from './forward-port.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import { createKafkajsPort } from './kafkajs-port.ts'

describe('kafkajs port, scripted cluster', () => {
  let shared: ScriptedKafka
  beforeAll(async () => {
    shared = await startScriptedKafka()
  })
  afterAll(() => shared.stop())

  describeForwardPort('scripted cluster', {
    brokers: () => shared.brokers,
    createTopic: (topic, partitions, settings) => Promise.resolve(shared.createTopic(topic, partitions, settings)),
    deleteTopic: (topic) => Promise.resolve(void shared.topics.delete(topic)),
    read: (topic) =>
      Promise.resolve(
        (shared.topics.get(topic)?.partitions ?? []).map(({ records }) =>
          records.map(({ key, value, headers }) => ({ key: key ?? '', value: value ?? '', headers }))
        )
      ),
    settingsOf: (topic) =>
      Promise.resolve({ 'message.timestamp.type': 'CreateTime', ...Object.fromEntries(shared.topics.get(topic)?.settings ?? []) })
  })
})

const CODE = { corrupt: 2, notLeader: 6, unauthorised: 29, invalidTimestamp: 32, invalidRecord: 87, notEnoughReplicas: 19 }
const outcome = (result: { kind: string; scope?: string; code?: string }) =>
  [result.kind, result.scope, result.code].filter(Boolean).join(' ')

describe('kafkajs port, where the cluster misbehaves', () => {
  let kafka: ScriptedKafka
  const ports: ForwardPort[] = []
  const open = async (settings: Partial<KafkaSettings> = {}, clock = systemClock): Promise<ForwardPort> => {
    const port = createKafkajsPort({ settings: { brokers: kafka.brokers, prefix: 'p', ...settings }, clientId: 'c', clock })
    ports.push(port)
    await port.connect()
    return port
  }
  const one = (value: string, topic = 't', key = 'k'): OutgoingRecord => ({ topic, key, value })

  beforeEach(async () => {
    kafka = await startScriptedKafka({ nodes: 2 })
    kafka.createTopic('t')
    kafka.createTopic('u')
  })
  afterEach(async () => {
    for (const port of ports.splice(0)) await port.close()
    await kafka.stop()
  })

  it('is not idempotent and asks for acks from all', async () => {
    const port = await open()
    await port.send([one('1')])
    expect(kafka.batches.map(({ producerId }) => producerId)).toEqual([-1])
    expect([...kafka.acks]).toEqual([-1])
  })

  it('sends again what was stored but whose answer was lost', async () => {
    const port = await open()
    kafka.onAnswer = ({ api, count }) => (api === 'Produce' && count === 1 ? { kind: 'disconnect' } : { kind: 'send' })
    expect(await port.send([one('1'), one('2')])).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }])
    expect(kafka.values('t')).toEqual(['1', '2', '1', '2'])
  })

  it('keeps what never gets an answer, and says which scope: the link when no other broker is known to live', async () => {
    const clock = createVirtualClock()
    const port = await open({}, clock)
    expect(await port.send([one('0')])).toEqual([{ kind: 'accepted' }])
    kafka.onAnswer = ({ api }) => (api === 'Produce' ? { kind: 'silence' } : { kind: 'send' })
    const sending = port.send([one('1'), one('2')])
    await waitFor('the batch arrives', () => kafka.values('t').length === 3)
    await clock.advance(29_000)
    const early = await Promise.race([sending, Promise.resolve('waiting')])
    expect(early).toBe('waiting')
    await clock.advance(2_000)
    expect((await sending).map(outcome)).toEqual(['keep link KAFKA_NO_ANSWER', 'keep link KAFKA_NO_ANSWER'])
    kafka.onAnswer = undefined
    expect(await port.send([one('1')])).toEqual([{ kind: 'accepted' }])
  })

  it('is not misled by a step of the wall clock', async () => {
    const clock = createVirtualClock()
    const port = await open({}, clock)
    kafka.onAnswer = ({ api }) => (api === 'Produce' ? { kind: 'hold' } : { kind: 'send' })
    const sending = port.send([one('1')])
    await waitFor('the batch arrives', () => kafka.values('t').length === 1)
    clock.stepWall(3_600_000)
    await clock.advance(1_000)
    kafka.releaseHeld()
    expect(await sending).toEqual([{ kind: 'accepted' }])
  })

  it('leaves a throttling broker alone for as long as it wishes, by the monotonic clock', async () => {
    const clock = createVirtualClock()
    const port = await open({}, clock)
    kafka.onAnswer = ({ api, count }) => ({ kind: 'send', throttleMs: api === 'Produce' && count === 1 ? 40_000 : 0 })
    expect(await port.send([one('1')])).toEqual([{ kind: 'accepted' }])
    clock.stepWall(-86_400_000)
    const sending = port.send([one('2')])
    await clock.advance(39_000)
    expect(kafka.values('t')).toEqual(['1'])
    await clock.advance(1_001)
    expect(await sending).toEqual([{ kind: 'accepted' }])
    expect(kafka.values('t')).toEqual(['1', '2'])
  })

  it('follows a leader that has moved', async () => {
    const port = await open()
    await port.send([one('1')])
    for (const { partitions } of kafka.topics.values()) for (const partition of partitions) partition.leader = 1
    expect(await port.send([one('2'), one('3')])).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }])
    await kafka.stopNode(0)
    expect(await port.send([one('4')])).toEqual([{ kind: 'accepted' }])
    expect(kafka.values('t')).toEqual(['1', '2', '3', '4'])
  })

  it('keeps only the topics whose leader is gone', async () => {
    kafka.createTopic('w')
    const elsewhere = kafka.topics.get('w')?.partitions[0]
    if (elsewhere) elsewhere.leader = 1
    const port = await open()
    expect((await port.send([one('1'), one('1', 'w')])).map(outcome)).toEqual(['accepted', 'accepted'])
    await kafka.stopNode(1)
    expect((await port.send([one('2'), one('2', 'w')])).map(outcome)).toEqual(['accepted', 'keep topic KAFKA_BROKER_UNKNOWN'])
    await kafka.startNode(1)
    expect((await port.send([one('2', 'w')])).map(outcome)).toEqual(['accepted'])
  })

  it.each([CODE.unauthorised, CODE.notEnoughReplicas, 77, 1234])('keeps a topic that answers with code %i, and no other', async (code) => {
    kafka.onBatch = ({ topic }) => (topic === 'u' ? code : 0)
    const port = await open()
    const outcomes = await port.send([one('1', 'u'), one('1'), one('2', 'u')])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['keep', 'accepted', 'keep'])
    expect(outcomes[0]).toMatchObject({ scope: 'topic' })
    expect(kafka.values('t')).toEqual(['1'])
  })

  it('is not stopped by a topic that it may not even see', async () => {
    const port = await open()
    await port.send([one('1'), one('1', 'u')])
    kafka.topicCodes.set('u', CODE.unauthorised)
    expect((await port.send([one('2', 'u'), one('2')])).map(outcome)).toEqual(['keep topic TOPIC_AUTHORIZATION_FAILED', 'accepted'])
    expect((await port.send([one('3', 'u'), one('3')])).map(outcome)).toEqual(['keep topic TOPIC_AUTHORIZATION_FAILED', 'accepted'])
    kafka.topicCodes.clear()
    expect((await port.send([one('3', 'u')])).map(outcome)).toEqual(['accepted'])
  })

  it('narrows a refused batch down to the record that is refused alone', async () => {
    kafka.onBatch = ({ records }) => (records.some(({ value }) => value === 'bad') ? CODE.invalidRecord : 0)
    const port = await open()
    const values = Array.from({ length: 40 }, (_, n) => (n === 17 || n === 18 ? 'bad' : String(n)))
    const outcomes = await port.send(values.map((value) => one(value)))
    expect(outcomes.map(outcome)).toEqual(values.map((value) => (value === 'bad' ? 'never INVALID_RECORD' : 'accepted')))
    expect(kafka.values('t')).toEqual(values.filter((value) => value !== 'bad'))
  })

  it('does not give up a record whose checksum failed on the way once or twice', async () => {
    let failures = 2
    kafka.onBatch = () => (failures-- > 0 ? CODE.corrupt : 0)
    const port = await open()
    expect(await port.send([one('1')])).toEqual([{ kind: 'accepted' }])
    kafka.onBatch = () => CODE.corrupt
    expect((await port.send([one('2')])).map(outcome)).toEqual(['never CORRUPT_MESSAGE'])
  })

  it('leaves the time of sending out where it is refused, or known to be wrong', async () => {
    kafka.onBatch = ({ records }) => (records.some(({ timestamp }) => timestamp >= 0) ? CODE.invalidTimestamp : 0)
    const port = await open()
    expect(await port.send([one('1')])).toEqual([{ kind: 'accepted' }])
    kafka.onBatch = undefined
    const unsetClock = await open({}, createVirtualClock(5_000))
    expect(await unsetClock.send([one('2', 'u')])).toEqual([{ kind: 'accepted' }])
    expect(kafka.topics.get('u')?.partitions[0]?.records[0]?.timestamp).toBe(-1)
    const rightClock = await open()
    const before = Date.now()
    await rightClock.send([one('3', 'u')])
    expect(kafka.topics.get('u')?.partitions[0]?.records[1]?.timestamp).toBeGreaterThanOrEqual(before)
  })

  it('learns of partitions that were added to a topic', async () => {
    const clock = createVirtualClock()
    const port = await open({}, clock)
    const records = Array.from({ length: 16 }, (_, n) => one(String(n), 't', `k${n}`))
    await port.send(records)
    kafka.createTopic('t', 4)
    await clock.advance(400_000)
    await port.send(records)
    expect(kafka.values('t', 0).length).toBeLessThan(16)
    expect([0, 1, 2, 3].flatMap((partition) => kafka.values('t', partition))).toHaveLength(16)
  })

  it('takes no silence for success when a topic has fewer partitions than it had', async () => {
    kafka.createTopic('shrinks', 8)
    const port = await open()
    const records = Array.from({ length: 16 }, (_, n) => one(String(n), 'shrinks', `k${n}`))
    await port.send(records)
    kafka.createTopic('shrinks', 1)
    expect((await port.send(records)).map(outcome)).toEqual(records.map(() => 'accepted'))
    expect(kafka.values('shrinks').sort()).toEqual(records.map(({ value }) => value).sort())
  })

  it('settles what is under way when it is closed', async () => {
    const port = await open()
    kafka.onAnswer = ({ api }) => (api === 'Produce' ? { kind: 'silence' } : { kind: 'send' })
    const sending = port.send([one('1')])
    await waitFor('the batch arrives', () => kafka.values('t').length === 1)
    await port.close()
    expect((await sending).map(outcome)).toEqual(['keep link KAFKA_CLOSED'])
    await waitFor('no connection is left', () => kafka.connectionCount === 0)
  })

  it('rejects a connect that nobody answers, after its time', async () => {
    kafka.onAnswer = () => ({ kind: 'silence' })
    const clock = createVirtualClock()
    const port = createKafkajsPort({ settings: { brokers: kafka.brokers.slice(0, 1), prefix: 'p' }, clientId: 'c', clock })
    ports.push(port)
    const connecting = port.connect()
    const rejected = expect(connecting).rejects.toMatchObject({ code: 'KAFKA_CONNECT_TIMEOUT' })
    await waitFor('the connection is there', () => kafka.connectionCount === 1)
    await clock.advance(21_000)
    await rejected
  })
})

describe('kafkajs port, authentication', () => {
  it('knows a wrong password from a broken link', async () => {
    const kafka = await startScriptedKafka({ users: new Map([['gateway', 'secret']]) })
    kafka.createTopic('t')
    const sasl = { mechanism: 'plain', username: 'gateway' } as const
    const port = (password: string) =>
      createKafkajsPort({
        settings: { brokers: kafka.brokers, prefix: 'p', sasl: { ...sasl, password } },
        clientId: 'c',
        clock: systemClock
      })
    const right = port('secret')
    await right.connect()
    expect(await right.send([{ topic: 't', key: 'k', value: 'v' }])).toEqual([{ kind: 'accepted' }])
    const wrong = port('guess')
    await expect(wrong.connect()).rejects.toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
    await Promise.all([right.close(), wrong.close()])
    await kafka.stop()
  })
})
