import { rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createMemoryKafka, type MemoryKafka } from '../../test-support/memory-kafka.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { Forwarder } from '../forward/forwarder.ts'
import { freshDirectory, movement, openTestLog } from '../log/log-test-support.ts'
import { openLogReader } from '../log/open-log-reader.ts'
import type { Origin } from '../log/told-lives.ts'
import { History } from './history.ts'

const HALL_1: Origin = { gatewayId: 'hall-1', site: 'north' }
const HALL_2: Origin = { gatewayId: 'hall-2', site: 'north' }
const HALL_2_SOUTH: Origin = { gatewayId: 'hall-2', site: 'south' }

let directory: string
beforeEach(() => {
  directory = freshDirectory()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** A life of the gateway under some identity: it records, and ends. */
async function live(origin: Origin, from: number, count: number): Promise<string> {
  const log = await openTestLog(directory, { gapOrigin: { ...origin, bootId: 'boot1' } })
  for (let n = from; n < from + count; n++) {
    log.append(movement(n))
    if (n % 3 === 0) log.append(movement(n, 'alarm'))
  }
  await log.close()
  return log.path
}

async function forwardAll(path: string, identity: Origin): Promise<MemoryKafka> {
  const kafka = createMemoryKafka(2)
  const clock = createVirtualClock()
  const reader = openLogReader(path)
  const forwarder = new Forwarder({
    identity,
    reader,
    clock,
    random: () => 0,
    createPort: () => kafka.createPort(clock),
    tell: () => undefined,
    onChange: () => undefined
  })
  await forwarder.configure({ brokers: ['kafka:9092'], prefix: 'p' })
  await clock.advance(1_000)
  await forwarder.close()
  reader.close()
  return kafka
}

function verified(kafka: MemoryKafka, leave: (value: string) => boolean = () => true): ReturnType<History['report']> {
  const history = new History({ deletedFrom: [] })
  for (const [topic, partitions] of kafka.stored)
    for (const [partition, records] of partitions.entries())
      for (const [offset, { key, value }] of records.filter((record) => leave(record.value)).entries())
        history.add(
          { key: Buffer.from(key), value: Buffer.from(value), offset: String(offset) },
          { topic, partition, appendedMs: 1_000 + offset }
        )
  return history.report()
}

const sources = (kafka: MemoryKafka, type: string): string[] => {
  const values = [...kafka.stored.values()].flat(2).map(({ value }) => JSON.parse(value) as { source: string; type: string })
  return [...new Set(values.filter((event) => event.type === type).map(({ source }) => source))].sort()
}

it('leaves each event the identity under which it was recorded, whatever the gateway is called when it is forwarded', async () => {
  await live(HALL_1, 0, 50)
  await live(HALL_2, 50, 30)
  const path = await live(HALL_2_SOUTH, 80, 20)
  const kafka = await forwardAll(path, HALL_2_SOUTH)
  expect(sources(kafka, 'TagMovement')).toEqual(['/site/north/gateway/hall-1', '/site/north/gateway/hall-2', '/site/south/gateway/hall-2'])
  const { lanes, malformed } = verified(kafka)
  expect(malformed).toBe(0)
  const faults = lanes.map(({ lost, misordered, duplicatesAfterHighWater, conflicting }) => ({
    lost,
    misordered,
    duplicatesAfterHighWater,
    conflicting
  }))
  expect(new Set(faults.map((each) => JSON.stringify(each)))).toEqual(
    new Set([JSON.stringify({ lost: 0, misordered: 0, duplicatesAfterHighWater: 0, conflicting: 0 })])
  )
  const telemetry = lanes.filter(({ lane }) => lane === 'telemetry')
  expect(telemetry.map(({ gateway, events, judgedFrom, judgedTo }) => [gateway, events, judgedFrom, judgedTo])).toEqual([
    ['hall-1', 50, 1, 50],
    ['hall-2', 30, 51, 80],
    ['hall-2', 20, 81, 100]
  ])
})

it('goes on in its epoch while it stays the same, and tells of a change with the first record of the next', async () => {
  await live(HALL_1, 0, 5)
  await live(HALL_1, 5, 5)
  const path = await live(HALL_2, 10, 1)
  const reader = openLogReader(path)
  const { events } = reader.read('alarm', 0, { maxEvents: 100, maxBytes: 1e6 })
  const epochs = [...new Set(events.map(({ epoch }) => epoch))]
  expect(epochs.map((epoch) => reader.originOf(epoch))).toEqual([HALL_1, HALL_2])
  const told = events.filter(({ epoch, type }) => epoch === epochs[1] && type === 'DataGap')
  expect(told.map(({ key }) => key)).toEqual(['hall-2', 'hall-2'])
  expect(told.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
    { lane: 'alarm', epoch: epochs[0], gateway: 'hall-1', reason: 'gateway-changed', from: told[0]?.sequence, to: null },
    { lane: 'telemetry', epoch: epochs[0], gateway: 'hall-1', reason: 'gateway-changed', from: 11, to: null }
  ])
  reader.close()
})

it('sees what is missing at the end of the old identity, and believes the new one when it tells of it', async () => {
  await live(HALL_1, 0, 20)
  const kafka = await forwardAll(await live(HALL_2, 20, 5), HALL_2)
  const isLastOfOld = (value: string): boolean => /"id":"hall-1\/\d+\/telemetry\/20"/.test(value)
  const lost = verified(kafka, (value) => !isLastOfOld(value)).lanes.filter((lane) => lane.lost > 0)
  expect(lost).toMatchObject([{ gateway: 'hall-1', lane: 'telemetry', lost: 1, lostRanges: [[20, 20]] }])
})
