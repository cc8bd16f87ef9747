import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FrameContext } from '../firmware-protocols/codec.ts'
import { createMemoryLogger } from '../test-support/memory-logger.ts'
import { createToyCodec } from '../test-support/toy-codec.ts'
import { createVirtualClock } from '../test-support/virtual-clock.ts'
import { createFrameFeed, createStreamFeed, type Envelope, type FeedContext } from './codec-feed.ts'
import { type Delivery, DriverError } from './driver.ts'

function setUp() {
  const clock = createVirtualClock()
  const log = createMemoryLogger()
  const deliveries: Delivery[] = []
  const counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
  const context: FeedContext = { sourceId: 'hall', clock, log, counters, sink: { deliver: (delivery) => deliveries.push(delivery) } }
  return { clock, log, deliveries, counters, context }
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('frames', () => {
  it('are decoded, stamped, counted and delivered with their envelope', () => {
    const { context, deliveries, counters, clock } = setUp()
    const onDurable = () => undefined
    createFrameFeed(createToyCodec(), context).frame(bytes('4d18 1.5 2'), { topic: 'a/b' }, { onDurable, redelivered: true })
    expect(deliveries).toEqual([
      {
        readings: [{ tag: '4d18', position: { x: 1.5, y: 2 } }],
        receivedAt: clock.wallMs(),
        monotonicMs: clock.monotonicMs(),
        onDurable,
        redelivered: true
      }
    ])
    expect(counters).toMatchObject({ frames: 1, readings: 1, errors: 0 })
  })

  it('carry all that an envelope and a context can say', () => {
    // Typed as complete, so that a new field which the feed forgets does not compile here unnoticed.
    const envelope: Required<Envelope> = {
      idNamespace: 'ble',
      receiver: 'gate',
      rssiDbm: -70,
      redelivered: true,
      onDurable: () => undefined,
      onGivenUp: () => undefined,
      pressing: true
    }
    const facts: Required<Omit<FrameContext, 'receivedAt'>> = {
      topic: 'a/b',
      address: 'c0ffee',
      name: 'tag',
      characteristic: '2a19',
      fPort: 7,
      key: bytes('k'),
      retained: true
    }
    const { context, deliveries } = setUp()
    const seen: FrameContext[] = []
    const codec = createToyCodec({
      createDecoder: () => ({
        decode(_frame, given) {
          seen.push(given)
          return { kind: 'readings', readings: [{ tag: '1' }] }
        }
      })
    })
    createFrameFeed(codec, context).frame(bytes('x'), facts, envelope)
    expect(deliveries).toMatchObject([envelope])
    expect(seen).toMatchObject([facts])
  })

  it('hand the facts about the frame to the decoder', () => {
    const { context, clock } = setUp()
    const seen: unknown[] = []
    const codec = createToyCodec({
      createDecoder: () => ({
        decode(_frame, facts) {
          seen.push(facts)
          return { kind: 'incomplete', why: 'more to come' }
        }
      })
    })
    createFrameFeed(codec, context).frame(bytes('x'), { topic: 'a/b', retained: true })
    expect(seen).toEqual([{ topic: 'a/b', retained: true, receivedAt: clock.wallMs() }])
    expect(context.counters.incomplete).toBe(1)
  })

  it.each([
    ['says nothing', ''],
    ['is bad', 'nonsense'],
    ['makes the codec throw', 'throw']
  ])('confirm at once when the frame %s', (_why, text) => {
    const { context, deliveries } = setUp()
    let confirmed = 0
    createFrameFeed(createToyCodec(), context).frame(bytes(text), {}, { onDurable: () => confirmed++ })
    expect(confirmed).toBe(1)
    expect(deliveries).toEqual([])
  })

  it('leave the confirmation of a repeat to who knows what became of the first', () => {
    const { context, deliveries } = setUp()
    let confirmed = 0
    const codec = createToyCodec({ createDecoder: () => ({ decode: () => ({ kind: 'ignored', why: 'a duplicate', repeat: true }) }) })
    const feed = createFrameFeed(codec, context)
    feed.frame(bytes('x'))
    expect(deliveries).toEqual([])
    feed.frame(bytes('x'), {}, { onDurable: () => confirmed++ })
    expect([confirmed, deliveries.map(({ readings, repeat }) => [readings, repeat])]).toEqual([0, [[[], true]]])
    deliveries[0]?.onDurable?.()
    expect([confirmed, context.counters.ignored]).toEqual([1, 2])
  })

  it('leave the confirmation to the receiver of a delivery', () => {
    const { context, deliveries } = setUp()
    let confirmed = 0
    createFrameFeed(createToyCodec(), context).frame(bytes('4d18 1 2'), {}, { onDurable: () => confirmed++ })
    expect(confirmed).toBe(0)
    deliveries[0]?.onDurable?.()
    expect(confirmed).toBe(1)
  })

  it('get the tag that the link implies where they name none', () => {
    const { context, deliveries } = setUp()
    const readings = [{ speedMps: 1 }, { tag: '4d18', speedMps: 2 }, { device: 'a001', online: true }]
    const codec = createToyCodec({ createDecoder: () => ({ decode: () => ({ kind: 'readings', readings }) }) })
    createFrameFeed(codec, context, { impliedTag: 'loader-3' }).frame(bytes('x'))
    expect(deliveries[0]?.readings).toEqual([{ tag: 'loader-3', speedMps: 1 }, readings[1], readings[2]])
  })

  it('survive a codec that throws: counted each time, said once a minute', () => {
    const { context, counters, log, clock } = setUp()
    const feed = createFrameFeed(createToyCodec(), context)
    for (let time = 0; time < 100; time++) feed.frame(bytes('throw'))
    expect(counters.errors).toBe(100)
    expect(log.lines).toHaveLength(1)
    clock.advanceSync(60_000)
    feed.frame(bytes('throw'))
    expect(log.lines[1]?.details).toMatchObject({ unsaid: 99, protocol: 'toy' })
  })
})

describe('streams', () => {
  it('refuse a protocol that does not travel on one', () => {
    const { context } = setUp()
    const { createFramer: _, ...codec } = createToyCodec()
    expect(() => createStreamFeed(codec, context)).toThrow(DriverError)
  })

  it('give the same deliveries however they are cut', () => {
    const line = fc.oneof(
      fc.constantFrom('4d18 1 2', '0ca8 -3.25 4', '', 'nonsense', 'throw', 'x'.repeat(100)),
      fc.string({ maxLength: 80 })
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (lines, cuts) => {
        const stream = bytes(lines.map((each) => `${each}\n`).join(''))
        const whole = setUp()
        createStreamFeed(createToyCodec(), whole.context).bytes(stream)
        const cut = setUp()
        const feed = createStreamFeed(createToyCodec(), cut.context)
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          feed.bytes(stream.subarray(at, at + size))
          at += size
        }
        expect(cut.deliveries).toEqual(whole.deliveries)
        expect(cut.counters).toEqual(whole.counters)
        expect(cut.counters.bytesIn).toBe(stream.length)
      })
    )
  })

  it('discard a half frame when the link is opened again', () => {
    const { context, counters, deliveries } = setUp()
    const feed = createStreamFeed(createToyCodec(), context)
    feed.bytes(bytes('4d18 1'))
    feed.reset()
    feed.bytes(bytes('4d18 1 2\n'))
    expect(counters.discardedBytes).toBe(6)
    expect(deliveries).toHaveLength(1)
  })

  it('survive a framer that throws, and go on with a new one', () => {
    const { context, counters, deliveries } = setUp()
    const codec = createToyCodec()
    let framers = 0
    const feed = createStreamFeed(
      {
        ...codec,
        createFramer: () => {
          const framer = codec.createFramer?.()
          if (framer === undefined) throw new Error('the toy codec has a framer')
          if (framers++ > 0) return framer
          return {
            counters: framer.counters,
            reset: () => framer.reset(),
            push: () => {
              throw new RangeError('a defect in the framer')
            }
          }
        }
      },
      context
    )
    feed.bytes(bytes('4d18 1 2\n'))
    feed.bytes(bytes('4d18 1 2\n'))
    expect(deliveries).toHaveLength(1)
    expect(counters).toMatchObject({ errors: 1, bytesIn: 18 })
  })
})
