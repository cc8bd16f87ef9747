import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { structuredRecord, type ToldEvent } from '../../test-support/kafka/event-records.ts'
import { History, type HistoryOptions, type HistoryReport } from './history.ts'
import type { DeletedFrom } from './lane-ledger.ts'

interface Placed extends ToldEvent {
  readonly topic: string
  readonly partition: number
  readonly appendedMs?: number
}

const TYPES = ['TagMovement', 'TagInfo', 'DeviceStatus']

/** One lane without a fault: each type has its topic, each key its partition. */
function lane(first: number, last: number, event: Partial<Placed> = {}): Placed[] {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const sequence = first + index
    const type = TYPES[sequence % 3] ?? ''
    const partition = (sequence * 7) % 4
    return { topic: `p.${type}`, partition, type, key: `pans:000${partition}`, ...event, sequence }
  })
}

function told(records: readonly Placed[], deletedFrom: readonly DeletedFrom[] = [], more: Partial<HistoryOptions> = {}): HistoryReport {
  const history = new History({ deletedFrom, ...more })
  for (const { topic, partition, appendedMs = 1_000 + (records[0]?.sequence ?? 0), ...event } of records) {
    const { key, value } = structuredRecord(event)
    history.add({ key: Buffer.from(key), value: Buffer.from(value), offset: '0' }, { topic, partition, appendedMs })
  }
  return history.report()
}

function faults(report: HistoryReport): Record<string, number> {
  const names = ['lost', 'misordered', 'duplicatesAfterHighWater', 'duplicates', 'conflicting', 'explainedByDataGap'] as const
  const sums = names.map((name): [string, number] => [name, report.lanes.reduce((sum, each) => sum + each[name], 0)])
  return Object.fromEntries([...sums, ['malformed', report.malformed] as const].filter(([, count]) => count > 0))
}

function gapRecord(data: Record<string, unknown>, event: Partial<Placed> = {}): Placed {
  const complete = { countByType: {}, timeFrom: null, timeTo: null, ...data }
  return { topic: 'p.data-gap', partition: 0, lane: 'alarm', type: 'DataGap', key: 'gw1', sequence: 1, ...event, data: complete }
}

/** A good lane of at least ten events, and some of its inner places. */
const laneWithPlaces = fc
  .record({
    length: fc.integer({ min: 10, max: 90 }),
    seeds: fc.array(fc.nat(), { minLength: 1, maxLength: 8 })
  })
  .map(({ length, seeds }) => ({
    records: lane(1, length),
    inner: [...new Set(seeds.map((seed) => 1 + (seed % (length - 2))))]
  }))

describe('History', () => {
  it('finds no fault in a good history of several gateways, epochs and lanes, however partitions alternate', () => {
    const lanes = [
      lane(1, 200),
      lane(1, 90, { lane: 'alarm' }),
      lane(201, 300, { epoch: '2' }),
      lane(1, 40, { gateway: 'gw2' }),
      lane(41, 61, { gateway: 'gw2', epoch: '10' })
    ]
    const report = told(lanes.flat())
    expect(faults(report)).toEqual({})
    expect(report.lanes.map(({ gateway, epoch, lane: name, first, last, events }) => [gateway, epoch, name, first, last, events])).toEqual([
      ['gw1', '1', 'alarm', 1, 90, 90],
      ['gw1', '1', 'telemetry', 1, 200, 200],
      ['gw1', '2', 'telemetry', 201, 300, 100],
      ['gw2', '1', 'telemetry', 1, 40, 40],
      ['gw2', '10', 'telemetry', 41, 61, 21]
    ])
    const byPartition = lanes.flat().sort((a, b) => a.partition - b.partition)
    expect(told(byPartition).lanes).toEqual(report.lanes)
    expect(told(lanes.flat(), [], { gateway: 'gw2' }).lanes).toEqual(report.lanes.filter(({ gateway }) => gateway === 'gw2'))
  })

  it('counts what was removed as lost, and says where', () => {
    fc.assert(
      fc.property(laneWithPlaces, ({ records, inner }) => {
        const report = told(records.filter((_, index) => !inner.includes(index)))
        expect(faults(report)).toEqual({ lost: inner.length })
        const listed = report.lanes[0]?.lostRanges.flatMap(([from, to]) =>
          Array.from({ length: to - from + 1 }, (_, index) => from + index)
        )
        expect(listed).toEqual(inner.sort((a, b) => a - b).map((index) => records[index]?.sequence))
      })
    )
  })

  it('counts what is repeated in its partition, at any later place, as a duplicate on the wire only', () => {
    fc.assert(
      fc.property(laneWithPlaces, fc.nat(), ({ records, inner }, seed) => {
        const repeated = [...records]
        for (const index of inner) {
          const record = records[index]
          const original = repeated.findIndex((candidate) => candidate.sequence === record?.sequence)
          if (record) repeated.splice(original + 1 + (seed % (repeated.length - original)), 0, record)
        }
        expect(faults(told(repeated))).toEqual({ duplicates: inner.length })
      })
    )
  })

  it('counts what is repeated in another topic or partition as passing the high-water rule twice', () => {
    fc.assert(
      fc.property(
        laneWithPlaces,
        fc.constantFrom({ topic: 'p.other' }, { partition: 9 }),
        fc.boolean(),
        ({ records, inner }, elsewhere, firstRead) => {
          const places = inner.sort((a, b) => a - b)
          const copies = records.filter((_, index) => places.includes(index)).map((record) => ({ ...record, ...elsewhere }))
          const report = told(firstRead ? [...copies, ...records] : [...records, ...copies])
          expect(faults(report)).toEqual({ duplicates: copies.length, duplicatesAfterHighWater: copies.length })
        }
      )
    )
  })

  it('counts two records of a partition that changed places as misordered', () => {
    fc.assert(
      fc.property(laneWithPlaces, ({ records, inner }) => {
        const [index = 1] = inner
        const early = records[index]
        const late = records.findIndex(
          (record, place) => place > index && record.topic === early?.topic && record.partition === early?.partition
        )
        fc.pre(late > 0)
        const swapped = [...records]
        ;[swapped[index], swapped[late]] = [records[late] as Placed, early as Placed]
        expect(faults(told(swapped))).toEqual({ misordered: 1 })
      })
    )
  })

  it('counts a key whose records lie over partitions side by side as misordered, one that moved once as in order', () => {
    const moved = lane(1, 60, { topic: 'p.t', key: 'pans:1' }).map((record) => {
      const later = record.sequence > 30
      return { ...record, partition: later ? 1 : 0, appendedMs: later ? 2_000 : 1_000 }
    })
    expect(faults(told(moved))).toEqual({})
    expect(faults(told([...moved].reverse().sort((a, b) => b.partition - a.partition || a.sequence - b.sequence)))).toEqual({})
    expect(faults(told(moved.map((record) => ({ ...record, partition: record.sequence % 2 }))))).toEqual({ misordered: 1 })
    expect(faults(told(moved.map((record) => ({ ...record, appendedMs: 3_000 - (record.appendedMs ?? 0) }))))).toEqual({ misordered: 1 })
  })

  it('reports what was invented: another event under a used number, a number out of nowhere, no event at all', () => {
    const good = lane(1, 50)
    const other = { ...(good[20] as Placed), data: { position: { x: -1, y: -1 } } }
    expect(faults(told([...good, other]))).toEqual({ duplicates: 1, conflicting: 1 })
    expect(faults(told([...good, { ...(good[20] as Placed), sequence: 61 }]))).toEqual({ lost: 10 })
    const history = new History({ deletedFrom: [] })
    history.add({ key: null, value: Buffer.from('hello'), offset: '17' }, { topic: 'p.t', partition: 3, appendedMs: 1 })
    expect(history.report().malformedExamples).toEqual([{ topic: 'p.t', partition: 3, offset: '17', why: 'the value is no JSON object' }])
  })

  it('explains by a DataGap exactly the numbers that it names', () => {
    const holed = lane(1, 100).filter(({ sequence }) => sequence < 20 || sequence > 29)
    const gap = { lane: 'telemetry', epoch: '1', reason: 'evicted-by-size' }
    expect(faults(told([...holed, gapRecord({ ...gap, from: 20, to: 29 })]))).toEqual({ explainedByDataGap: 10 })
    expect(faults(told([...holed, gapRecord({ ...gap, from: 21, to: 40 })]))).toEqual({ lost: 1, explainedByDataGap: 9 })
    expect(faults(told([...holed, gapRecord({ ...gap, epoch: '2', from: 20, to: 29 })]))).toEqual({ lost: 10 })
    expect(faults(told([...holed, gapRecord({ ...gap, lane: 'alarm', from: 20, to: 29 })]))).toEqual({ lost: 10 })
    expect(faults(told([...holed, gapRecord({ ...gap, from: 25, to: null })]))).toEqual({ lost: 5, explainedByDataGap: 5 })
  })

  it('takes a log that ended unknown as the reason for what some partition did not get any more, and for nothing before', () => {
    const old = lane(1, 100, { topic: 'p.a', partition: 0 }).filter(({ sequence }) => sequence < 40 || sequence % 2 === 0)
    const slower = lane(41, 61, { topic: 'p.b', partition: 0 }).filter(({ sequence }) => sequence % 2 === 1)
    const bare = gapRecord({ lane: 'alarm', epoch: null, from: null, to: null, reason: 'log-created' }, { epoch: '2' })
    // 63, 65 … 99 were of the slower topic; nothing tells more about them. So it is until 61 came, and without the gap.
    expect(faults(told([...old, ...slower, bare]))).toEqual({ explainedByDataGap: 19 })
    expect(faults(told([...old, ...slower]))).toEqual({ lost: 19 })
    expect(faults(told([...old.filter(({ sequence }) => sequence !== 8), ...slower, bare]))).toEqual({ lost: 1, explainedByDataGap: 19 })
  })
})

describe('where numbers begin and end', () => {
  const opening = (data: Record<string, unknown>, event: Partial<Placed>) =>
    gapRecord({ lane: 'alarm', epoch: '1', to: null, reason: 'log-restored', ...data }, { epoch: '2', ...event })
  const second = (first: number, last: number) => lane(first, last, { epoch: '2' })
  const bare = (reason: string, sequence: number) => opening({ epoch: null, from: null, reason }, { sequence })

  it('misses what is not there of the oldest epoch from 1 on, where nothing was deleted', () => {
    expect(faults(told(lane(5, 6)))).toEqual({ lost: 4 })
    expect(told(lane(5, 6)).lanes[0]).toMatchObject({ first: 5, judgedFrom: 1, lostRanges: [[1, 4]] })
    expect(faults(told([...lane(1, 9), ...lane(2, 3, { lane: 'alarm' })]))).toEqual({ lost: 1 })
    const evicted = gapRecord({ lane: 'telemetry', epoch: '1', from: 1, to: 4, reason: 'evicted-by-age' })
    expect(faults(told([...lane(5, 6), evicted]))).toEqual({ explainedByDataGap: 4 })
  })

  it('begins at the first number there is when told that the gateway came in mid-life', () => {
    const report = told([...lane(5, 6), ...second(9, 9)], [], { fromFirst: true })
    expect(report.lanes[0]).toMatchObject({ judgedFrom: 5, judgedTo: 8, lost: 2 })
  })

  it('misses the end of an epoch that another goes on from', () => {
    const report = told([...lane(1, 2), ...second(9, 12)])
    expect(faults(report)).toEqual({ lost: 6 })
    expect(report.lanes).toMatchObject([
      { epoch: '1', last: 2, judgedTo: 8, lostRanges: [[3, 8]] },
      { epoch: '2', judgedFrom: 9, lost: 0 }
    ])
    const end = (data: Record<string, unknown>) => opening({ lane: 'telemetry', from: 3, ...data }, {})
    expect(faults(told([...lane(1, 2), ...second(9, 12), end({})]))).toEqual({ explainedByDataGap: 6 })
    expect(faults(told([...lane(1, 2), ...second(9, 12), end({ to: 7 })]))).toEqual({ lost: 1, explainedByDataGap: 5 })
    // Epoch 2 left nothing of this lane: what is told of it lies between.
    const third = lane(9, 12, { epoch: '3' })
    expect(faults(told([...lane(1, 2), ...third, end({ epoch: '2', to: 8 })]))).toEqual({ explainedByDataGap: 6 })
    expect(faults(told([...lane(1, 2), ...third, end({ epoch: '3', to: 8 })]))).toEqual({ lost: 6 })
  })

  it('lets a new database begin at 1, and misses its beginning', () => {
    expect(faults(told([...lane(1, 20), bare('log-created', 1), ...second(1, 30)]))).toEqual({})
    expect(faults(told([...lane(1, 20), bare('log-created', 1), ...second(3, 30)]))).toEqual({ lost: 2 })
    expect(faults(told([...lane(1, 20), bare('log-created', 1), ...second(25, 30)]))).toEqual({ lost: 24 })
  })

  it('lets a copy that was put back go on from its own end', () => {
    const ends = [opening({ from: 8 }, { sequence: 8 }), opening({ lane: 'telemetry', from: 41 }, { sequence: 9 })]
    const before = [...lane(1, 60), ...lane(1, 11, { lane: 'alarm' })]
    expect(faults(told([...before, ...ends, ...second(41, 80)]))).toEqual({})
    expect(faults(told([...before, ...ends, ...second(44, 80)]))).toEqual({ lost: 3 })
    expect(faults(told([...before, ...ends, ...second(71, 80)]))).toEqual({ lost: 30 })
    const alarm = (sequence: number): Placed => ({ topic: 'p.tag-alert', partition: 0, lane: 'alarm', epoch: '2', sequence })
    expect(faults(told([...before, ...ends, alarm(10)]))).toEqual({})
    expect(faults(told([...before, alarm(10)]))).toEqual({ lost: 1 })
    // Where the copy's end is told by nothing, only what is there can be judged.
    expect(told([...before, bare('log-restored', 8), ...second(44, 80)]).lanes.at(-1)).toMatchObject({ judgedFrom: 44, lost: 0 })
  })

  it('lets a database that was put back after another one go on from its own end, not from the other one', () => {
    const other = [opening({ from: 4, to: 4, reason: 'log-created' }, { sequence: 1 }), ...second(1, 20)]
    const back = [
      opening({ from: 5 }, { epoch: '3', sequence: 5 }),
      opening({ lane: 'telemetry', from: 101 }, { epoch: '3', sequence: 6 }),
      ...lane(101, 120, { epoch: '3' })
    ]
    const first = [...lane(1, 100), ...lane(1, 4, { lane: 'alarm' })]
    expect(faults(told([...first, ...other, ...back]))).toEqual({})
    expect(faults(told([...first.filter(({ sequence }) => sequence < 99), ...other, ...back]))).toEqual({ lost: 2 })
  })

  it('does not ask for an end that a topic may have deleted', () => {
    const records = [...lane(1, 20, { appendedMs: 100 }), ...second(31, 40).map((record) => ({ ...record, appendedMs: 900 }))]
    const emptied = { topic: 'p.other', partition: 0, lanes: ['telemetry'] }
    expect(faults(told(records))).toEqual({ lost: 10 })
    expect(faults(told(records, [{ ...emptied, keptSinceMs: 500 }]))).toEqual({})
    expect(faults(told(records, [{ ...emptied, keptSinceMs: 50 }]))).toEqual({ lost: 10 })
  })
})

type Step =
  | { readonly kind: 'append'; readonly alarms: number; readonly telemetry: number }
  | { readonly kind: 'copy' | 'restore' | 'move' | 'delete' | 'rename' }

/** What the topics hold when databases are moved, deleted, put back from copies and taken over by a gateway of another id, and all that was appended is forwarded. */
function historyOf(steps: readonly Step[]): Placed[] {
  const records: Placed[] = []
  let gateway = 'gw1'
  let database = { epoch: 1, alarm: 0, telemetry: 0, gateway }
  let copy = database
  let newest = 1
  const append = (laneName: 'alarm' | 'telemetry', count: number) => {
    const place = { lane: laneName, epoch: String(database.epoch), gateway }
    records.push(...lane(database[laneName] + 1, database[laneName] + count, place))
    database = { ...database, [laneName]: database[laneName] + count }
  }
  const begin = (gaps: readonly Record<string, unknown>[], from: typeof database) => {
    newest += 1
    database = { ...from, epoch: newest, alarm: from.alarm + gaps.length, gateway }
    const place = { epoch: String(newest), gateway }
    for (const [index, data] of gaps.entries()) records.push(gapRecord(data, { ...place, sequence: from.alarm + index + 1 }))
  }
  const bare = (reason: string) => [{ lane: 'alarm', epoch: null, from: null, to: null, reason }]
  const ends = (reason: string, { epoch, alarm, telemetry, ...of }: typeof database) => {
    const common = { epoch: String(epoch), to: null, reason, ...(of.gateway === gateway ? {} : { gateway: of.gateway }) }
    return [
      { lane: 'alarm', from: alarm + 1, ...common },
      { lane: 'telemetry', from: telemetry + 1, ...common }
    ]
  }
  newest = 0
  begin(bare('log-created'), database)
  copy = database
  for (const step of steps) {
    if (step.kind === 'append') {
      append('alarm', step.alarms)
      append('telemetry', step.telemetry)
    } else if (step.kind === 'copy') copy = database
    else if (step.kind === 'move') begin(ends('log-moved', database), database)
    else if (step.kind === 'delete') begin(bare('log-created'), { epoch: 0, alarm: 0, telemetry: 0, gateway })
    else if (step.kind === 'rename') {
      gateway = gateway === 'gw1' ? 'gw2' : 'gw1'
      begin(ends('gateway-changed', database), database)
    } else begin(copy.epoch === database.epoch && copy !== database ? bare('log-restored') : ends('log-restored', copy), copy)
  }
  return records
}

describe('a history of databases that are moved, deleted, put back and taken over', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('append' as const), alarms: fc.nat(4), telemetry: fc.nat(12) }) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom('copy' as const, 'restore' as const, 'move' as const, 'delete' as const, 'rename' as const)
        .map((kind) => ({ kind }))
    }
  )
  const steps = fc.array(step, { maxLength: 14 })

  it('has no fault when everything arrived', () => {
    fc.assert(
      fc.property(steps, (list) => {
        expect(faults(told(historyOf(list)))).toEqual({})
      }),
      { numRuns: 200 }
    )
  })

  it('has one hole where a record within an epoch is missing', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (list, seed) => {
        const records = historyOf([...list, { kind: 'append', alarms: 3, telemetry: 3 }])
        const places = new Set(records.map(({ epoch, lane: name, sequence }) => `${epoch} ${name} ${sequence}`))
        const inner = records.filter(({ epoch, lane: name, sequence, type }) => {
          const isThere = (other: number) => places.has(`${epoch} ${name} ${other}`)
          return type !== 'DataGap' && isThere(sequence - 1) && isThere(sequence + 1)
        })
        const missing = inner[seed % inner.length]
        const sums = faults(told(records.filter((record) => record !== missing)))
        // What a partition had not got when its log ended unknown is told, not lost.
        expect((sums['lost'] ?? 0) + (sums['explainedByDataGap'] ?? 0)).toBe(1)
      }),
      { numRuns: 200 }
    )
  })
})

describe('retention', () => {
  const deletion = (topic: string, keptSinceMs = 500): DeletedFrom => ({ topic, partition: 0, keptSinceMs })
  const all = lane(1, 90, { partition: 0 })
  const kept = all.filter(({ sequence, topic }) => sequence > 40 || topic !== 'p.TagInfo')

  it('begins to judge where the topic that has deleted most begins', () => {
    expect(faults(told(kept))).toEqual({ lost: 14 })
    const report = told(kept, [deletion('p.TagInfo')])
    expect(faults(report)).toEqual({})
    expect(report.lanes[0]).toMatchObject({ first: 2, judgedFrom: 43, last: 90, judgedTo: 90 })
    expect(
      faults(
        told(
          kept.filter(({ sequence }) => sequence !== 50),
          [deletion('p.TagInfo')]
        )
      )
    ).toEqual({ lost: 1 })
  })

  it('goes by time where a topic holds nothing of the lane any more', () => {
    const emptied = all.filter(({ topic }) => topic !== 'p.TagInfo').map((record) => ({ ...record, appendedMs: record.sequence * 10 }))
    const since = (keptSinceMs: number) => told(emptied, [deletion('p.TagInfo', keptSinceMs)])
    expect(faults(since(5_000))).toEqual({})
    expect(since(5_000).lanes[0]?.judgedFrom).toBeNull()
    // From 60 on everything has to be there: 61, 64 … 88 are not.
    expect(since(600).lanes[0]).toMatchObject({ judgedFrom: 60, lost: 10 })
    expect(faults(since(Number.POSITIVE_INFINITY))).toEqual({})
  })

  it('lets a topic of the other lane say nothing about this one', () => {
    const emptied: DeletedFrom = { topic: 'p.tag-alert', partition: 0, keptSinceMs: Number.POSITIVE_INFINITY, lanes: ['alarm'] }
    expect(
      told(
        all.filter(({ sequence }) => sequence !== 50),
        [emptied]
      ).lanes[0]
    ).toMatchObject({ lost: 1, judgedFrom: 1 })
  })
})
