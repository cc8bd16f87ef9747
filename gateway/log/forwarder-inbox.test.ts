import { expect, it } from 'vitest'
import { ForwarderInbox } from './forwarder-inbox.ts'
import { gapsOfSetAside } from './gap-events.ts'
import type { BlockRow } from './lane-tables.ts'
import { decodeRun } from './log-runs.ts'
import type { CursorState, SetAsideRecord } from './reader-contract.ts'

const record = (sequence: number, more: Partial<SetAsideRecord> = {}): SetAsideRecord => ({
  lane: 'telemetry',
  epoch: '1',
  sequence,
  type: 'TagMovement',
  topic: 'tag-movement',
  code: 'TOO_LARGE',
  why: `${sequence} bytes`,
  at: 1,
  ...more
})
const cursor = (sequence: number): CursorState => ({ lane: 'telemetry', topic: 'tag-movement', sequence })

class FakeStore {
  readonly done: string[] = []
  epoch = '1'
  full = false
  #write(what: string): void {
    if (this.full) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    this.done.push(what)
  }
  advance(cursors: readonly CursorState[]): void {
    for (const { sequence } of cursors) this.done.push(`cursor ${sequence}`)
  }
  setAside(records: readonly SetAsideRecord[]): void {
    this.#write(`aside ${records.map(({ sequence }) => sequence)}`)
  }
  blockDamaged(_lane: string, sequence: number): void {
    this.#write(`block ${sequence}`)
  }
  dropDamagedRow(_lane: string, sequence: number): void {
    this.#write(`row ${sequence}`)
  }
}

it('lets no cursor pass what is not told yet, however often the disk refuses', () => {
  const store = new FakeStore()
  const inbox = new ForwarderInbox()
  inbox.add({ kind: 'advance', epoch: '1', cursors: [cursor(4)] }, store)
  inbox.add({ kind: 'set-aside', records: [record(5)] }, store)
  inbox.add({ kind: 'advance', epoch: '1', cursors: [cursor(5)] }, store)
  inbox.add({ kind: 'damaged', epoch: '1', runs: [{ lane: 'telemetry', kind: 'block', lastSequence: 9 }] }, store)
  inbox.add({ kind: 'advance', epoch: '1', cursors: [cursor(9)] }, store)
  store.full = true
  for (let attempt = 0; attempt < 2; attempt++) expect(() => inbox.write(store)).toThrow('full')
  expect(store.done).toEqual(['cursor 4'])
  store.full = false
  inbox.write(store)
  expect(store.done).toEqual(['cursor 4', 'aside 5', 'block 9', 'cursor 9'])
  expect(inbox.waits).toBe(false)
})

it('ignores what was said of another life of the log', () => {
  const store = new FakeStore()
  const inbox = new ForwarderInbox()
  store.epoch = '2'
  inbox.add({ kind: 'advance', epoch: '1', cursors: [cursor(4)] }, store)
  inbox.add({ kind: 'damaged', epoch: '1', runs: [{ lane: 'telemetry', kind: 'block', lastSequence: 9 }] }, store)
  expect(inbox.waits).toBe(false)
  inbox.add({ kind: 'set-aside', records: [record(5)] }, store)
  inbox.add({ kind: 'advance', epoch: '1', cursors: [cursor(9)] }, store)
  inbox.write(store)
  expect(store.done).toEqual(['aside 5'])
})

it('names neighbours that were refused alike in one gap', () => {
  const records = [record(5), record(6), record(7, { code: 'INVALID' }), record(9, { code: 'INVALID' }), record(10, { epoch: '2' })]
  expect(gapsOfSetAside(records).map(({ epoch, from, to, countByType }) => [epoch, from, to, countByType['TagMovement']])).toEqual([
    ['1', 5, 6, 2],
    ['1', 7, 7, 1],
    ['1', 9, 9, 1],
    ['2', 10, 10, 1]
  ])
})

it('tells any number of refused records in bounded memory: the first one by one, the rest together where they were refused alike', () => {
  const store = new FakeStore()
  const inbox = new ForwarderInbox()
  const told: SetAsideRecord[] = []
  store.setAside = (records) => {
    told.push(...records)
  }
  const total = 30_000
  for (let sequence = 1; sequence <= total; sequence++) {
    const code = sequence % 2 === 0 ? 'TOO_LARGE' : 'INVALID'
    inbox.add({ kind: 'set-aside', records: [record(sequence, { code, type: sequence > 20_000 ? 'TagInfo' : 'TagMovement' })] }, store)
  }
  inbox.add({ kind: 'advance', epoch: '1', cursors: [cursor(total)] }, store)
  let writes = 0
  for (; inbox.waits; writes++) {
    expect(store.done).toEqual([])
    inbox.write(store)
  }
  expect(store.done).toEqual([`cursor ${total}`])
  expect([told.length, writes]).toEqual([10_002, 20])
  const gaps = gapsOfSetAside(told)
  const count = (type: string): number => gaps.reduce((sum, { countByType }) => sum + (countByType[type] ?? 0), 0)
  expect([count('TagMovement'), count('TagInfo')]).toEqual([20_000, 10_000])
  expect(gaps.slice(-2).map(({ from, to }) => [from, to])).toEqual([
    [10_001, 29_999],
    [10_002, 30_000]
  ])
  // Once all is told, they are told one by one again.
  inbox.add({ kind: 'set-aside', records: [record(total + 1)] }, store)
  inbox.write(store)
  expect(told.at(-1)).toEqual(record(total + 1))
})

const block: BlockRow = {
  last_seq: 8,
  count: 8,
  epoch: '1',
  stored_at: 0,
  min_time: 0,
  max_time: 0,
  bytes: 1,
  crc: 1,
  types: '{}',
  damaged: 0
}
const run = { kind: 'block', lastSequence: 8, count: 8, epoch: '1', block } as const

it.each(['SQLITE_IOERR_READ', 'SQLITE_BUSY', 'SQLITE_NOMEM'])('does not take %s for damage', (code) => {
  const fail = () => {
    throw Object.assign(new Error('not now'), { code })
  }
  expect(() => decodeRun({ blockData: { get: fail }, tailAfter: { get: fail } }, run)).toThrow('not now')
  expect(() => decodeRun({ blockData: { get: fail }, tailAfter: { get: fail } }, { ...run, kind: 'tail', block: undefined })).toThrow(
    'not now'
  )
})

it('takes wrong bytes and a broken chain of pages for damage', () => {
  const none = () => undefined
  const broken = () => {
    throw Object.assign(new Error('malformed'), { code: 'SQLITE_CORRUPT' })
  }
  expect(decodeRun({ blockData: { get: () => ({ data: Buffer.from('x') }) }, tailAfter: { get: none } }, run)).toBeUndefined()
  expect(decodeRun({ blockData: { get: broken }, tailAfter: { get: none } }, run)).toBeUndefined()
})

it('keeps one cursor a topic while the disk lets nothing be told', () => {
  const store = new FakeStore()
  const inbox = new ForwarderInbox()
  inbox.add({ kind: 'set-aside', records: [record(1)] }, store)
  let handed: readonly CursorState[] = []
  store.advance = (cursors) => {
    handed = cursors
  }
  for (let n = 2; n < 1000; n++) {
    const other = { ...cursor(n), topic: 'tag-info' }
    inbox.add({ kind: 'advance', epoch: '1', cursors: [cursor(n), other] }, store)
    inbox.add({ kind: 'damaged', epoch: '1', runs: [{ lane: 'telemetry', kind: 'block', lastSequence: 9 }] }, store)
  }
  inbox.write(store)
  expect(handed.map(({ sequence, topic }) => [topic, sequence])).toEqual([
    ['tag-movement', 999],
    ['tag-info', 999]
  ])
  expect(store.done).toEqual(['aside 1', 'block 9'])
})
