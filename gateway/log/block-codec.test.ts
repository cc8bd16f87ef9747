import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GatewayEvent } from '../events/define-event.ts'
import { BatchBuilder } from './batch-builder.ts'
import { decodeBatch, openBatch } from './batch-codec.ts'
import { decodeBlock, encodeBlock } from './block-codec.ts'
import type { EventColumns } from './event-columns.ts'
import type { LoggedEvent } from './event-log.ts'
import { hasAnyKey, keyFilter } from './key-filter.ts'
import { loggedEvents } from './log-test-support.ts'

const PLACE = { lane: 'telemetry', epoch: '1', firstSequence: 1 } as const

const EVENT: LoggedEvent = {
  lane: 'telemetry',
  epoch: '1',
  sequence: 1,
  type: 'T',
  key: 'k',
  time: 5,
  source: undefined,
  receivedAt: 5,
  clockQuality: 'unset',
  bootId: 'b',
  monotonicMs: 5,
  body: '{}'
}

function all(columns: EventColumns): LoggedEvent[] {
  return Array.from({ length: columns.count }, (_, i) => columns.eventAt(i, PLACE))
}

function numbered(events: readonly LoggedEvent[]): LoggedEvent[] {
  return events.map((event, i) => ({ ...event, sequence: i + 1 }))
}

function batchOf(events: readonly LoggedEvent[]): Uint8Array {
  const builder = new BatchBuilder()
  for (const { source, body, ...event } of events) {
    builder.add({ ...event, ...(source === undefined ? {} : { source }), data: {} } as GatewayEvent, body)
  }
  return builder.finish()
}

describe('block', () => {
  it('gives every event back, bodies to the letter', () => {
    fc.assert(
      fc.property(loggedEvents(40), fc.nat({ max: 40 }), (events, cut) => {
        const batches = [events.slice(0, cut), events.slice(cut)].map((part) => openBatch(batchOf(part)))
        expect(all(decodeBlock(encodeBlock(batches)))).toEqual(numbered(events))
      }),
      { numRuns: 400 }
    )
  })

  it('finds each body among those of other alphabets', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', '7', '"', '\\', 'é', '€', '🦺', '\u0000'), maxLength: 12 })
    const bodies = fc.array(
      fc.oneof(
        letters,
        fc.record({ name: letters, x: fc.integer() }).map((body) => JSON.stringify(body))
      )
    )
    fc.assert(
      fc.property(bodies, (texts) => {
        const events = texts.map((body, i): LoggedEvent => ({ ...EVENT, sequence: i + 1, key: `k${i % 3}`, body }))
        expect(all(decodeBlock(encodeBlock([openBatch(batchOf(events))])))).toEqual(events)
      }),
      { numRuns: 300 }
    )
  })

  it('survives more shapes than it keeps', () => {
    const events = Array.from({ length: 700 }, (_, i): LoggedEvent => {
      const body = JSON.stringify({ [`k${i}`]: i, list: Array.from({ length: i % 9 }, (__, j) => j / 8) })
      return { ...EVENT, sequence: i + 1, time: i, receivedAt: i, monotonicMs: i, body }
    })
    expect(all(decodeBlock(encodeBlock([openBatch(batchOf(events))])))).toEqual(events)
  })

  it('refuses bytes that are no block', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => all(decodeBlock(bytes))).toThrow()
      })
    )
  })
})

it('keeps several shapes of one type apart, by turns', () => {
  const shapes = [{ x: 1, y: 2 }, { x: 1 }, { text: 'a' }, { x: 1, text: 'b' }, { list: [1, 2] }, { list: [1] }]
  const events = Array.from(
    { length: 60 },
    (_, i): LoggedEvent => ({ ...EVENT, sequence: i + 1, body: JSON.stringify(shapes[i % shapes.length]) })
  )
  expect(all(decodeBlock(encodeBlock([openBatch(batchOf(events))])))).toEqual(events)
})

describe('batch', () => {
  it('gives every event back, bodies to the letter', () => {
    fc.assert(
      fc.property(loggedEvents(20), (events) => {
        expect(all(decodeBatch(batchOf(events)))).toEqual(numbered(events))
      }),
      { numRuns: 300 }
    )
  })

  it('is built in the same memory as the one before', () => {
    const builder = new BatchBuilder()
    fc.assert(
      fc.property(loggedEvents(100), (events) => {
        builder.clear()
        for (const { source, body, ...event } of events) {
          builder.add({ ...event, ...(source === undefined ? {} : { source }), data: { body } } as GatewayEvent)
        }
        expect(builder.count).toBe(events.length)
        const found = all(decodeBatch(builder.finish()))
        expect(found).toEqual(numbered(events).map((event) => ({ ...event, body: JSON.stringify({ body: event.body }) })))
      }),
      { numRuns: 100 }
    )
  })

  it('refuses what was cut short', () => {
    fc.assert(
      fc.property(loggedEvents(5), fc.nat(), (events, cut) => {
        const bytes = batchOf(events)
        expect(() => decodeBatch(bytes.subarray(0, cut % bytes.length))).toThrow()
      })
    )
  })
})

describe('key filter', () => {
  it('never denies a key that is there, and denies most that are not', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), (keys) => {
        const filter = keyFilter(keys)
        for (const key of keys) expect(hasAnyKey(filter, new Set([key]))).toBe(true)
      })
    )
    const filter = keyFilter(Array.from({ length: 1000 }, (_, i) => `tag:${i}`))
    const wrong = Array.from({ length: 10_000 }, (_, i) => `other:${i}`).filter((key) => hasAnyKey(filter, new Set([key])))
    expect(wrong.length).toBeLessThan(300)
  })
})
