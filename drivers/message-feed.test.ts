import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryLogger } from '../test-support/memory-logger.ts'
import { createToyCodec } from '../test-support/toy-codec.ts'
import { createVirtualClock } from '../test-support/virtual-clock.ts'
import type { FeedContext } from './codec-feed.ts'
import type { Delivery } from './driver.ts'
import { createMessageFeed } from './message-feed.ts'

function setUp(framed = true) {
  const deliveries: Delivery[] = []
  const counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
  const log = createMemoryLogger()
  const context: FeedContext = {
    sourceId: 'hall',
    clock: createVirtualClock(),
    log,
    counters,
    sink: { deliver: (delivery) => deliveries.push(delivery) }
  }
  const { createFramer, ...unframed } = createToyCodec({ transport: 'udp' })
  const feed = createMessageFeed(framed && createFramer !== undefined ? { ...unframed, createFramer } : unframed, context)
  return { feed, deliveries, counters, log }
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.each([true, false])('a message (framed: %s)', (framed) => {
  it('is delivered with its context and envelope, and confirmed when it is durable', () => {
    const { feed, deliveries, counters } = setUp(framed)
    let durable = 0
    expect(feed.message(bytes('4d18 1 2\n'), { address: 'c0000207' }, { onDurable: () => durable++, receiver: 'gate' })).toBeUndefined()
    expect(deliveries).toMatchObject([{ readings: [{ tag: '4d18' }], receiver: 'gate' }])
    expect(durable).toBe(0)
    deliveries[0]?.onDurable?.()
    expect(durable).toBe(1)
    expect(counters).toMatchObject({ bytesIn: 9, frames: 1, readings: 1 })
  })

  it('is confirmed at once when it says nothing, and tells why it was refused', () => {
    const { feed, counters } = setUp(framed)
    let durable = 0
    const onDurable = () => durable++
    expect(feed.message(bytes('garbage\n'), undefined, { onDurable })).toMatchObject({ code: 'FRAME_FORMAT', why: 'not a toy line' })
    expect(feed.message(bytes('\n'), undefined, { onDurable })).toBeUndefined()
    expect(durable).toBe(2)
    expect(counters).toMatchObject({ errors: 1, ignored: 1, frames: 2 })
  })

  it('outlives a codec that throws', () => {
    const { feed, deliveries, log } = setUp(framed)
    expect(feed.message(bytes('throw\n'))).toMatchObject({ code: 'FRAME_FORMAT' })
    expect(feed.message(bytes('4d18 1 2\n'))).toBeUndefined()
    expect(deliveries).toHaveLength(1)
    expect(log.lines.map(({ message }) => message)).toEqual(['a codec threw'])
  })
})

it('confirms a message of several frames once, when all of them are durable', () => {
  const { feed, deliveries } = setUp()
  let durable = 0
  expect(feed.message(bytes('4d18 1 2\nnoise\n\n4d18 3 4\n'), undefined, { onDurable: () => durable++ })).toBeUndefined()
  expect(deliveries).toHaveLength(2)
  deliveries[1]?.onDurable?.()
  expect(durable).toBe(0)
  deliveries[0]?.onDurable?.()
  expect(durable).toBe(1)
})

it('says that no frame is in it when there is none', () => {
  const { feed, counters } = setUp()
  expect(feed.message(bytes('4d18 1 2'))).toMatchObject({ code: 'FRAME_FORMAT' })
  expect(feed.message(bytes(''))).toBeUndefined()
  expect(counters.discardedBytes).toBe(8)
})

it('lets no message change what the next one says, whatever is in it', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 10 }), (messages) => {
      const { feed, deliveries, counters } = setUp()
      for (const message of messages) {
        feed.message(message)
        const before = deliveries.length
        expect(feed.message(bytes('4d18 1 2\n'))).toBeUndefined()
        expect(deliveries.slice(before)).toMatchObject([{ readings: [{ tag: '4d18', position: { x: 1, y: 2 } }] }])
      }
      expect(counters.bytesIn).toBe(messages.reduce((sum, { length }) => sum + length + 9, 0))
    })
  )
})
