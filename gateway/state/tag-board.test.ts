import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
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
const movement = (tag: string, atMs: number, x: number, rest: object = {}) =>
  event('TagMovement', atMs, { tag, position: { x, y: 2 }, ...rest })
const alert = (atMs: number, rest: object) =>
  event('TagAlert', atMs, { tag: 'demo:w01', kind: 'sos', edge: 'raised', announcedAs: 'level', count: 1, repeats: 0, ...rest }, 'alarm')
const newBoard = (maxTags = 100) => new TagBoard({ maxTags, lapseMs: 60_000 })

describe('TagBoard', () => {
  it('knows the last fix, the last frame and the battery', () => {
    const board = newBoard()
    board.observe(movement('demo:w01', 10, 1))
    board.observe(movement('demo:w01', 20, 3))
    board.observe(event('TagInfo', 30, { tag: 'demo:w01', batteryPct: 81 }))
    expect(board.tags(40)).toEqual([
      { id: 'demo:w01', source: 'demo', position: { x: 3, y: 2 }, fixMono: 20, seenMono: 30, batteryPct: 81, alerts: [] }
    ])
  })

  it('does not take a repeat of old data for a sign of life', () => {
    const board = newBoard()
    board.observe(movement('demo:w01', 10, 1))
    board.observe(movement('demo:w01', 90, 7, { stale: true }))
    board.observe(movement('demo:w02', 90, 7, { stale: true }))
    expect(board.tags(100)).toMatchObject([{ id: 'demo:w01', seenMono: 10, position: { x: 1 } }])
  })

  it('holds a level until it is cleared, however long', () => {
    const board = newBoard()
    board.observe(alert(10, {}))
    expect(board.tags(9_000_000)[0]?.alerts).toMatchObject([{ kind: 'sos', atMono: 10 }])
    board.observe(alert(9_000_000, { edge: 'cleared' }))
    expect(board.tags(9_000_001)[0]?.alerts).toEqual([])
  })

  it('lets an alert lapse that the tag never clears', () => {
    const board = newBoard()
    board.observe(alert(10, { announcedAs: 'counter' }))
    expect(board.tags(60_009)[0]?.alerts).toHaveLength(1)
    expect(board.tags(60_010)[0]?.alerts).toEqual([])
  })

  it('keeps inputs of one kind apart', () => {
    const board = newBoard()
    board.observe(alert(1, { kind: 'button', slot: '1' }))
    board.observe(alert(2, { kind: 'button', slot: '2' }))
    board.observe(alert(3, { kind: 'button', slot: '1', edge: 'cleared' }))
    expect(board.tags(4)[0]?.alerts).toMatchObject([{ atMono: 2 }])
  })

  it('places a tag by the fix that came with its alert', () => {
    const board = newBoard()
    board.observe(alert(5000, { lastFix: { position: { x: 4, y: 5 }, ageMs: 3000 } }))
    expect(board.tags(5000)).toMatchObject([{ position: { x: 4, y: 5 }, fixMono: 2000 }])
  })

  it('stays within its limit and never drops a tag in alarm for one that is not', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 400 }), (ids) => {
        const board = newBoard(20)
        board.observe(alert(0, {}))
        ids.forEach((id, index) => {
          board.observe(movement(`x:${id}`, index + 1, 0))
        })
        expect(board.size).toBeLessThanOrEqual(20)
        expect(board.tags(1000).some((tag) => tag.id === 'demo:w01')).toBe(true)
      })
    )
  })
})

describe('AlarmList', () => {
  it('keeps the last 50 of the alarm lane, newest first', () => {
    const list = new AlarmList()
    list.observe(movement('demo:w01', 1, 1))
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
