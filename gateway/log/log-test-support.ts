import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { ClockQuality, GatewayEvent, Lane } from '../events/define-event.ts'
import type { LoggedEvent } from './event-log.ts'
import { type EventLogHandle, type EventLogOptions, openEventLog } from './open-event-log.ts'

/** What the tests of the log share. Not part of the program. */

export function freshDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'tagward-log-'))
}

export const testClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  quality: (): ClockQuality => 'synchronised'
}

export function openTestLog(directory: string, more: Partial<EventLogOptions> = {}): Promise<EventLogHandle> {
  return openEventLog({
    directory,
    clock: testClock,
    gapOrigin: { gatewayId: 'gw1', bootId: 'boot1' },
    limits: { reserveBytes: 0 },
    machineId: 'machine1',
    ...more
  })
}

export function movement(i: number, lane: Lane = 'telemetry'): GatewayEvent {
  return {
    type: lane === 'alarm' ? 'TagAlert' : 'TagMovement',
    lane,
    key: `sim:${(i % 10).toString(16).padStart(4, '0')}`,
    time: 1_790_000_000_000 + i * 7,
    source: 'simulator',
    receivedAt: 1_790_000_000_003 + i * 7,
    clockQuality: 'synchronised',
    bootId: 'boot1',
    monotonicMs: 5000 + i * 7 + (i % 8) / 8,
    data: { tag: `sim:${(i % 10).toString(16).padStart(4, '0')}`, n: i, position: { x: (i % 977) / 100, y: -((i * 31) % 5003) / 100 } }
  }
}

/** Carries text that no packing makes smaller, so that a small disk fills within moments. */
export function bulkyMovement(i: number): GatewayEvent {
  const event = movement(i)
  const noise = createHash('shake256', { outputLength: 480 }).update(String(i)).digest('base64')
  return { ...event, data: { ...event.data, noise } }
}

/** Events as they come back from a block or batch, with the strangest bodies that JSON allows. */
export const loggedEvents = (maxLength: number): fc.Arbitrary<LoggedEvent[]> =>
  fc.array(
    fc.record({
      lane: fc.constant<Lane>('telemetry'),
      epoch: fc.constant('1'),
      sequence: fc.constant(0),
      type: fc.constantFrom('TagMovement', 'TagInfo', 'TagAlert'),
      key: fc.oneof(fc.constantFrom('ble:01', 'ble:02'), fc.string({ unit: 'binary' })),
      time: fc.oneof(fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }), fc.integer()),
      source: fc.option(fc.string(), { nil: undefined }),
      receivedAt: fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
      clockQuality: fc.constantFrom('synchronised', 'unset'),
      bootId: fc.constantFrom('a', 'b'),
      monotonicMs: fc.oneof(
        fc.double({ noNaN: true }),
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 0, max: 1e9 }).map((n) => n / 1000)
      ),
      body: bodyText
    }),
    { maxLength }
  )

/** JSON texts: of typical shapes, of any shape, with white space, and texts that are no JSON at all. */
const bodyText: fc.Arbitrary<string> = fc.oneof(
  fc
    .record({
      x: fc.integer({ min: -99999, max: 99999 }).map((n) => n / 100),
      t: fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
      s: fc.string()
    })
    .map((value) => JSON.stringify(value)),
  fc
    .record({ v: fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger(), fc.double({ min: -1e-4, max: 1e-4 })) })
    .map((value) => JSON.stringify(value)),
  fc.json(),
  fc.jsonValue().map((value) => JSON.stringify(value, undefined, 2)),
  fc.constantFrom(
    '{"v":-0}',
    '{"v":1.50}',
    '{"v":007}',
    '{"v":1e5}',
    '{"v":--1}',
    '{"v":1.2.3}',
    '{"v":0.0000001}',
    '{"a":"\\"}',
    '"',
    '-',
    '.',
    ''
  ),
  fc.stringMatching(/^\{"v":-?[0-9]{0,20}\.?[0-9]{0,20}\}$/),
  fc.string()
)
