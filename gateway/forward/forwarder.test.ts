import { describe, expect, it } from 'vitest'
import { createMemoryKafka, type MemoryKafka } from '../../test-support/memory-kafka.ts'
import { createMemoryReader, type MemoryReader } from '../../test-support/memory-reader.ts'
import { createVirtualClock, type VirtualClock } from '../../test-support/virtual-clock.ts'
import { LANES, type Lane } from '../events/define-event.ts'
import { Forwarder } from './forwarder.ts'
import type { KafkaSettings } from './kafka-settings.ts'

const SETTINGS: KafkaSettings = { brokers: ['kafka:9092'], prefix: 'p' }

interface Rig {
  readonly clock: VirtualClock
  readonly kafka: MemoryKafka
  readonly log: MemoryReader
  readonly forwarder: Forwarder
  readonly told: string[]
  /** Appends and wakes. */
  append(lane: Lane, type: string, key?: string, count?: number): void
  commit(): void
  sequences(topic: string, epoch?: string): number[]
}

function createRig(log = createMemoryReader(), kafka = createMemoryKafka(1)): Rig {
  const clock = createVirtualClock()
  const told: string[] = []
  const forwarder = new Forwarder({
    identity: { site: 's', gatewayId: 'g' },
    reader: log,
    clock,
    random: () => 0,
    createPort: () => kafka.createPort(clock),
    tell(message) {
      told.push(message.kind)
      log.take(message)
    },
    onChange: () => undefined
  })
  const commit = () =>
    forwarder.committed({ epoch: log.epoch(), alarm: log.lastSequence('alarm'), telemetry: log.lastSequence('telemetry') })
  return {
    clock,
    kafka,
    log,
    forwarder,
    told,
    commit,
    append(lane, type, key = 'ble:1', count = 1) {
      for (let n = 0; n < count; n++) log.append(lane, type, key)
      commit()
    },
    sequences: (topic, epoch) =>
      (kafka.stored.get(topic) ?? [])
        .flat()
        .map(({ value }) => JSON.parse(value) as { sequence: string; epoch: string })
        .filter((event) => epoch === undefined || event.epoch === epoch)
        .map(({ sequence }) => Number(sequence))
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const cursorsOf = (log: MemoryReader, lane: Lane) =>
  new Map(
    log
      .cursors()
      .filter((cursor) => cursor.lane === lane)
      .map((cursor) => [cursor.topic, cursor.sequence])
  )

describe('forwarder', () => {
  it('tells of a damaged run before a cursor passes it', async () => {
    const log = createMemoryReader()
    const read = log.read.bind(log)
    const damaged = [{ lane: 'telemetry', kind: 'block', lastSequence: 2 }] as const
    Object.assign(log, {
      read: (...given: Parameters<typeof read>) => ({ ...read(...given), ...(given[0] === 'telemetry' ? { damaged } : {}) })
    })
    const rig = createRig(log)
    rig.append('telemetry', 'TagMovement', 'ble:1', 3)
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(100)
    const [firstTold, firstPassed] = [rig.told.indexOf('damaged'), rig.told.indexOf('advance')]
    expect(firstTold).toBeGreaterThan(0)
    expect(firstPassed).toBeGreaterThan(firstTold)
    await rig.forwarder.close()
  })

  it('sends what the log has, then what comes, and moves the cursors of all topics', async () => {
    const rig = createRig()
    rig.append('telemetry', 'TagMovement', 'ble:1', 10)
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(100)
    expect(rig.sequences('p.tag-movement')).toEqual(upTo(10))
    rig.append('telemetry', 'TagInfo')
    await rig.clock.advance(100)
    expect(rig.sequences('p.tag-info')).toEqual([11])
    expect(new Set(cursorsOf(rig.log, 'telemetry').values())).toEqual(new Set([11]))
    expect(rig.forwarder.status()).toMatchObject({
      configured: true,
      connected: true,
      lastError: null,
      lanes: { telemetry: { backlog: 0 } }
    })
    await rig.forwarder.close()
  })

  it('is offline without settings, and says which topics retention must think of', async () => {
    const rig = createRig()
    await rig.forwarder.configure(undefined)
    rig.append('alarm', 'TagAlert')
    await rig.clock.advance(1_000)
    expect(rig.kafka.portsOpened).toBe(0)
    expect(rig.told).toEqual(['topics'])
    expect(rig.forwarder.status().configured).toBe(false)
    await rig.forwarder.close()
    expect(rig.clock.pendingTimers).toBe(0)
  })

  it('never lets an alarm wait behind telemetry', async () => {
    const rig = createRig()
    rig.append('telemetry', 'TagMovement', 'ble:1', 50_000)
    await rig.forwarder.configure(SETTINGS)
    rig.kafka.latencyMs = 1_000
    await rig.clock.advance(3_500)
    rig.append('alarm', 'TagAlert')
    await rig.clock.advance(1_000)
    expect(rig.sequences('p.tag-alert')).toEqual([1])
    expect(rig.forwarder.status().lanes.telemetry.backlog).toBeGreaterThan(0)
    await rig.forwarder.close()
  })

  it('tries again without end while the link is down, alarms first, and loses nothing', async () => {
    const rig = createRig()
    rig.kafka.linkUp = false
    rig.append('alarm', 'TagAlert', 'ble:1', 3)
    rig.append('telemetry', 'TagMovement', 'ble:1', 3)
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(6 * 3_600_000)
    expect(rig.forwarder.status()).toMatchObject({ connected: false, lastError: 'KAFKA_UNREACHABLE: the test says so' })
    // The alarm lane every five seconds, telemetry about once a minute.
    expect(rig.kafka.portsOpened).toBeGreaterThan(6 * 720)
    expect(rig.kafka.portsOpened).toBeLessThan(6 * (720 + 2 * 60) + 20)
    rig.kafka.linkUp = true
    await rig.clock.advance(5_100)
    expect(rig.sequences('p.tag-alert')).toEqual([1, 2, 3])
    expect(rig.sequences('p.tag-movement')).toEqual([1, 2, 3])
    await rig.forwarder.close()
  })

  it.each(['lost-ack', 'partial', 'lost-request'] as const)('sends again after a mishap: %s', async (mishap) => {
    const rig = createRig()
    rig.kafka.mishaps.push(mishap)
    await rig.forwarder.configure(SETTINGS)
    rig.append('alarm', 'TagAlert', 'ble:1', 6)
    await rig.clock.advance(1_000)
    expect(rig.sequences('p.tag-alert')).toEqual(
      { 'lost-ack': [...upTo(6), ...upTo(6)], partial: [...upTo(3), ...upTo(6)], 'lost-request': upTo(6) }[mishap]
    )
    expect(cursorsOf(rig.log, 'alarm').get('p.tag-alert')).toBe(6)
    await rig.forwarder.close()
  })

  it('moves no cursor while nothing is acknowledged, and gives up a port that never settles', async () => {
    const rig = createRig()
    rig.kafka.mishaps.push('silence')
    await rig.forwarder.configure(SETTINGS)
    rig.append('alarm', 'TagAlert')
    await rig.clock.advance(300_000)
    expect(rig.sequences('p.tag-alert')).toEqual([1])
    expect(cursorsOf(rig.log, 'alarm').get('p.tag-alert')).toBeUndefined()
    await rig.clock.advance(200_000)
    expect(rig.sequences('p.tag-alert')).toEqual([1, 1])
    expect(cursorsOf(rig.log, 'alarm').get('p.tag-alert')).toBe(1)
    await rig.forwarder.close()
  })

  it('lets one topic that is refused stop no other, and catches up when it is taken', async () => {
    const rig = createRig()
    rig.kafka.refusedTopics.add('p.tag-info')
    await rig.forwarder.configure(SETTINGS)
    for (let n = 0; n < 50; n++) {
      rig.append('telemetry', 'TagInfo')
      rig.append('telemetry', 'TagMovement')
    }
    await rig.clock.advance(600_000)
    rig.append('telemetry', 'TagMovement')
    await rig.clock.advance(1_000)
    expect(rig.sequences('p.tag-movement')).toEqual([...upTo(50).map((n) => 2 * n), 101])
    expect(rig.sequences('p.tag-info')).toEqual([])
    expect(cursorsOf(rig.log, 'telemetry').get('p.tag-movement')).toBe(101)
    expect(rig.forwarder.status()).toMatchObject({
      connected: true,
      lastError: 'TOPIC_AUTHORIZATION_FAILED: the test says so',
      topicDifferences: [{ topic: 'p.tag-info', actual: 'TOPIC_AUTHORIZATION_FAILED' }],
      lanes: { telemetry: { backlog: 101, stragglers: [{ topic: 'p.tag-info', code: 'TOPIC_AUTHORIZATION_FAILED' }] } }
    })
    rig.kafka.refusedTopics.clear()
    await rig.clock.advance(61_000)
    rig.append('telemetry', 'TagInfo')
    await rig.clock.advance(1_000)
    expect(rig.sequences('p.tag-info')).toEqual([...upTo(50).map((n) => 2 * n - 1), 102])
    expect(rig.forwarder.status().lanes.telemetry).toMatchObject({ backlog: 0, stragglers: [] })
    await rig.forwarder.close()
  })

  it('goes on with the other topics after a restart while one is far behind', async () => {
    const rig = createRig()
    rig.kafka.refusedTopics.add('p.tag-info')
    rig.append('telemetry', 'TagInfo')
    rig.append('telemetry', 'TagMovement', 'ble:1', 20_000)
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(10_000)
    await rig.forwarder.close()
    const again = createRig(rig.log, rig.kafka)
    await again.forwarder.configure(SETTINGS)
    again.append('telemetry', 'TagMovement')
    await again.clock.advance(1_000)
    expect(again.sequences('p.tag-movement')).toEqual(upTo(20_001).slice(1).concat(20_002))
    again.kafka.refusedTopics.clear()
    await again.clock.advance(61_000)
    expect(again.sequences('p.tag-info')).toEqual([1])
    expect(again.forwarder.status().lanes.telemetry).toMatchObject({ backlog: 0, stragglers: [] })
    await again.forwarder.close()
  })

  it('sets aside single records that are never taken, once, and goes on', async () => {
    const rig = createRig()
    rig.kafka.isPoison = ({ value }) => value.includes('"sequence":"00000000000000000003"')
    await rig.forwarder.configure(SETTINGS)
    rig.append('alarm', 'TagAlert', 'ble:1', 5)
    await rig.clock.advance(1_000)
    expect(rig.sequences('p.tag-alert')).toEqual([1, 2, 4, 5])
    expect(rig.log.setAsideRecords).toMatchObject([
      { lane: 'alarm', epoch: 'e1', sequence: 3, type: 'TagAlert', topic: 'p.tag-alert', code: 'INVALID_RECORD' }
    ])
    expect(cursorsOf(rig.log, 'alarm').get('p.tag-alert')).toBe(5)
    await rig.forwarder.close()
  })

  it('sets aside, not silently skips, an event of a type it does not know', async () => {
    const rig = createRig()
    await rig.forwarder.configure(SETTINGS)
    rig.append('telemetry', 'FromTheFuture')
    rig.append('telemetry', 'TagInfo')
    await rig.clock.advance(1_000)
    expect(rig.log.setAsideRecords).toMatchObject([{ sequence: 1, type: 'FromTheFuture', code: 'UNKNOWN_TYPE' }])
    expect(rig.sequences('p.tag-info')).toEqual([2])
    await rig.forwarder.close()
  })

  it('keeps the backlog over a change of settings: no gap, and no start from the beginning', async () => {
    const rig = createRig()
    await rig.forwarder.configure(SETTINGS)
    rig.append('alarm', 'TagAlert', 'ble:1', 5)
    await rig.clock.advance(1_000)
    await rig.forwarder.configure(undefined)
    rig.append('alarm', 'TagAlert', 'ble:1', 5)
    await rig.clock.advance(1_000)
    expect(rig.sequences('p.tag-alert')).toEqual(upTo(5))
    await rig.forwarder.configure({ ...SETTINGS, brokers: ['other:9092'] })
    await rig.clock.advance(1_000)
    expect(rig.sequences('p.tag-alert')).toEqual(upTo(10))
    await rig.forwarder.close()
  })

  it('sends everything that is held to topics of another prefix', async () => {
    const rig = createRig()
    rig.append('alarm', 'TagAlert', 'ble:1', 5)
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(1_000)
    await rig.forwarder.configure({ ...SETTINGS, prefix: 'q' })
    await rig.clock.advance(1_000)
    expect(rig.sequences('q.tag-alert')).toEqual(upTo(5))
    await rig.forwarder.close()
  })

  it('connects anew after a step of the wall clock', async () => {
    const rig = createRig()
    await rig.forwarder.configure(SETTINGS)
    rig.append('alarm', 'TagAlert')
    await rig.clock.advance(1_000)
    const opened = rig.kafka.portsOpened
    rig.clock.stepWall(1_700_000_000_000)
    rig.append('alarm', 'TagAlert')
    await rig.clock.advance(100)
    expect(rig.sequences('p.tag-alert')).toEqual([1, 2])
    expect(rig.kafka.portsOpened).toBe(opened + 1)
    await rig.forwarder.close()
  })

  it('notices within minutes that a quiet link is gone, and that a topic was deleted', async () => {
    const rig = createRig()
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(1_000)
    expect(rig.forwarder.status().connected).toBe(true)
    rig.kafka.linkUp = false
    await rig.clock.advance(130_000)
    expect(rig.forwarder.status().connected).toBe(false)
    rig.kafka.linkUp = true
    await rig.clock.advance(31_000)
    const ensured = rig.kafka.ensured.length
    await rig.clock.advance(130_000)
    expect(rig.kafka.ensured.slice(ensured)).toContain('p.tag-alert')
    await rig.forwarder.close()
  })

  it('begins again when another log stands in the place of the old one', async () => {
    const rig = createRig()
    await rig.forwarder.configure(SETTINGS)
    rig.append('alarm', 'TagAlert', 'ble:1', 20)
    await rig.clock.advance(1_000)
    rig.log.replace('e2')
    rig.append('alarm', 'DataGap', 'g', 2)
    await rig.clock.advance(1_000)
    expect(rig.sequences('p.data-gap')).toEqual([1, 2])
    await rig.forwarder.close()
  })

  it.each([
    ['below what was sent', 2],
    ['beyond it', 30]
  ])('sends all of a log that replaces one whose acknowledgement is under way, with numbers %s', async (_, count) => {
    const rig = createRig()
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(1_000)
    rig.kafka.latencyMs = 2_000
    rig.append('alarm', 'TagAlert', 'ble:1', 20)
    await rig.clock.advance(1_000)
    rig.log.replace('e2', 5)
    for (let n = 0; n < count; n++) rig.log.append('alarm', 'TagAlert', 'ble:1')
    await rig.clock.advance(2_000)
    expect(cursorsOf(rig.log, 'alarm').get('p.tag-alert')).toBeUndefined()
    rig.commit()
    await rig.clock.advance(10_000)
    expect(rig.sequences('p.tag-alert', 'e2')).toEqual(upTo(5 + count).slice(5))
    expect(cursorsOf(rig.log, 'alarm').get('p.tag-alert')).toBe(5 + count)
    await rig.forwarder.close()
  })

  it('takes up the cursors of a log that was replaced while there was no uplink', async () => {
    const rig = createRig()
    await rig.forwarder.configure(SETTINGS)
    rig.append('alarm', 'TagAlert', 'ble:1', 5)
    await rig.clock.advance(1_000)
    await rig.forwarder.configure(undefined)
    rig.log.replace('e2')
    rig.append('alarm', 'TagAlert', 'ble:1', 3)
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(1_000)
    expect(rig.sequences('p.tag-alert', 'e2')).toEqual(upTo(3))
    await rig.forwarder.close()
  })

  it('reads on after the log could not be read', async () => {
    const rig = createRig()
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(1_000)
    const { read } = rig.log
    rig.log.read = () => {
      throw new Error('disk I/O error')
    }
    rig.append('alarm', 'TagAlert')
    await rig.clock.advance(5_000)
    expect(rig.forwarder.status().lastError).toContain('LOG_READ_FAILED')
    rig.log.read = read
    await rig.clock.advance(2_000)
    expect(rig.sequences('p.tag-alert')).toEqual([1])
    expect(rig.forwarder.status().lastError).toBeNull()
    await rig.forwarder.close()
  })

  it('sends less at once on a slow link', async () => {
    const rig = createRig()
    for (let n = 0; n < 4_000; n++) rig.log.append('telemetry', 'TagMovement', 'ble:1', JSON.stringify({ filler: 'x'.repeat(500) }))
    rig.kafka.latencyMs = 4_000
    await rig.forwarder.configure(SETTINGS)
    await rig.clock.advance(24_000)
    const first = rig.kafka.stored.get('p.tag-movement')?.flat().length ?? 0
    await rig.clock.advance(8_000)
    const second = (rig.kafka.stored.get('p.tag-movement')?.flat().length ?? 0) - first
    expect(second).toBeLessThan(first / 4)
    await rig.forwarder.close()
  })

  it('leaves no timer behind when it is closed', async () => {
    for (const linkUp of [true, false]) {
      const rig = createRig()
      rig.kafka.linkUp = linkUp
      rig.kafka.refusedTopics.add('p.tag-info')
      for (const lane of LANES) rig.append(lane, 'TagInfo')
      await rig.forwarder.configure(SETTINGS)
      await rig.clock.advance(5_000)
      await rig.forwarder.close()
      await rig.clock.advance(0)
      expect(rig.clock.pendingTimers).toBe(0)
    }
  })
})
