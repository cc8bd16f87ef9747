import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Reading } from '../../firmware-protocols/reading.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import { AlarmList } from './alarm-list.ts'
import { TagBoard } from './tag-board.ts'

const event = (type: string, monotonicMs: number, data: object, lane: GatewayEvent['lane'] = 'telemetry'): GatewayEvent => ({
  type,
  lane,
  key: 'demo:w01',
  time: 1_700_000_000_000 + monotonicMs,
  source: 'demo',
  receivedAt: 1_700_000_000_000 + monotonicMs,
  clockQuality: 'synchronised',
  bootId: 'b',
  monotonicMs,
  data
})
const alert = (atMs: number, rest: object) =>
  event('TagAlert', atMs, { tag: 'demo:w01', kind: 'sos', edge: 'raised', announcedAs: 'level', count: 1, repeats: 0, ...rest }, 'alarm')
const newBoard = (maxTags = 100, maxShown = 100) => new TagBoard({ maxTags, maxShown, lapseMs: 60_000 })
const move = (board: TagBoard, tag: string, atMs: number, x: number, rest: Reading = {}) =>
  board.heard(tag, 'demo', { position: { x, y: 2 }, ...rest }, atMs)

describe('TagBoard', () => {
  it('knows the last fix, the last frame and the battery', () => {
    const board = newBoard()
    move(board, 'demo:w01', 10, 1)
    move(board, 'demo:w01', 20, 3)
    board.heard('demo:w01', 'demo', { batteryPct: 81 }, 30)
    expect(board.tags(40)).toEqual([
      { id: 'demo:w01', source: 'demo', position: { x: 3, y: 2 }, fixMono: 20, seenMono: 30, batteryPct: 81, alerts: [] }
    ])
  })

  it('does not take a repeat of old data for a sign of life', () => {
    const board = newBoard()
    move(board, 'demo:w01', 10, 1)
    move(board, 'demo:w01', 90, 7, { stale: true })
    move(board, 'demo:w02', 90, 7, { stale: true })
    expect(board.tags(100)).toMatchObject([{ id: 'demo:w01', seenMono: 10, position: { x: 1 } }])
  })

  it('holds a level until it is cleared, however long', () => {
    const board = newBoard()
    board.alert(alert(10, {}))
    expect(board.tags(9_000_000)[0]?.alerts).toMatchObject([{ kind: 'sos', atMono: 10 }])
    board.alert(alert(9_000_000, { edge: 'cleared' }))
    expect(board.tags(9_000_001)[0]?.alerts).toEqual([])
  })

  it('lets an alert lapse that the tag never clears', () => {
    const board = newBoard()
    board.alert(alert(10, { announcedAs: 'counter' }))
    expect(board.tags(60_009)[0]?.alerts).toHaveLength(1)
    expect(board.tags(60_010)[0]?.alerts).toEqual([])
  })

  it('keeps inputs of one kind apart', () => {
    const board = newBoard()
    board.alert(alert(1, { kind: 'button', slot: '1' }))
    board.alert(alert(2, { kind: 'button', slot: '2' }))
    board.alert(alert(3, { kind: 'button', slot: '1', edge: 'cleared' }))
    expect(board.tags(4)[0]?.alerts).toMatchObject([{ atMono: 2 }])
  })

  it('places a tag by the fix that came with its alert', () => {
    const board = newBoard()
    board.alert(alert(5000, { lastFix: { position: { x: 4, y: 5 }, ageMs: 3000 } }))
    expect(board.tags(5000)).toMatchObject([{ position: { x: 4, y: 5 }, fixMono: 2000 }])
  })

  it('stays within its limit and never drops a tag in alarm for one that is not', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 400 }), (ids) => {
        const board = newBoard(20)
        board.alert(alert(0, {}))
        ids.forEach((id, index) => {
          move(board, `x:${id}`, index + 1, 0)
        })
        expect(board.size).toBeLessThanOrEqual(20)
        expect(board.tags(1000).some((tag) => tag.id === 'demo:w01')).toBe(true)
      })
    )
  })
})

describe('a board without room', () => {
  const of = (tag: string, atMs: number) => ({ ...alert(atMs, { tag }), key: tag })

  it('takes in tags in alarm up to as many again, and drops none of them for calm ones', () => {
    const board = newBoard(10)
    for (let id = 0; id < 10; id += 1) board.alert(of(`x:${id}`, id))
    expect(move(board, 'x:calm', 50, 4)).toMatchObject({ position: { x: 4 } })
    for (let id = 10; id < 40; id += 1) board.alert(of(`x:${id}`, 100 + id))
    expect(board.tags(200).map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, id) => `x:${id}`))
  })
  it('makes room again when alarms have lapsed or are cleared', () => {
    const board = newBoard(2)
    board.alert({ ...alert(0, { tag: 'x:1', announcedAs: 'counter' }) })
    board.alert(of('x:2', 0))
    move(board, 'x:3', 59_000, 1)
    expect(board.tags(59_000).map(({ id }) => id)).toEqual(['x:1', 'x:2'])
    move(board, 'x:3', 60_000, 1)
    expect(board.tags(60_000).map(({ id }) => id)).toEqual(['x:2', 'x:3'])
  })
  it('shows those in alarm and those heard last', () => {
    const board = newBoard(100, 3)
    board.alert(of('x:alarm', 0))
    for (let id = 1; id < 9; id += 1) move(board, `x:${id}`, id, 1)
    expect(board.size).toBe(9)
    expect(board.tags(100).map(({ id }) => id)).toEqual(['x:alarm', 'x:8', 'x:7'])
  })
})

describe('AlarmList', () => {
  it('keeps the last 50 of the alarm lane, newest first', () => {
    const list = new AlarmList()
    list.observe(event('TagMovement', 1, { tag: 'demo:w01' }))
    for (let count = 1; count <= 60; count++) list.observe(alert(count, {}))
    const alarms = list.newestFirst()
    expect(alarms).toHaveLength(50)
    expect([alarms[0]?.atMono, alarms[49]?.atMono]).toEqual([60, 11])
  })

  it('tells its listeners at once, until they leave', () => {
    const list = new AlarmList()
    const heard: number[] = []
    const leave = list.subscribe((alarm) => heard.push(alarm.id))
    list.observe(alert(1, {}))
    leave()
    list.observe(alert(2, {}))
    expect(heard).toEqual([1])
  })

  it('gives what each type has to say', () => {
    const list = new AlarmList()
    list.observe(alert(1, { kind: 'fall', collapsed: { alerts: 90, windowMs: 60_000, limitPerMinute: 30 }, count: 90 }))
    list.observe(event('SourceLost', 2, { sourceId: 'hall', driver: 'mqtt', reason: 'ECONNREFUSED', retriable: true }, 'alarm'))
    const gap = { lane: 'telemetry', countByType: { TagMovement: 4, TagInfo: 2 }, reason: 'evicted-by-full-disk' }
    list.observe(event('DataGap', 3, gap, 'alarm'))
    list.observe(event('DeviceStatus', 4, { device: 'demo:a001', online: false }, 'alarm'))
    expect(list.newestFirst()).toMatchObject([
      { type: 'DeviceStatus', online: false },
      { type: 'DataGap', gap: { reason: 'evicted-by-full-disk', lane: 'telemetry', events: 6 } },
      { type: 'SourceLost', detail: 'ECONNREFUSED' },
      { type: 'TagAlert', alert: { kind: 'fall', edge: 'raised', count: 90, collapsed: true } }
    ])
  })
})
