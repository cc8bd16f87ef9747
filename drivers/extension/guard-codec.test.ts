import { describe, expect, it } from 'vitest'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { createLineDecoder } from '../../firmware-protocols/decode-line.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { createVirtualClock, settlePromises } from '../../test-support/virtual-clock.ts'
import { createStreamFeed } from '../codec-feed.ts'
import type { Delivery, Driver } from '../driver.ts'
import type { HealthChange } from '../supervisor/supervised-source.ts'
import { createSupervisor } from '../supervisor/supervisor.ts'
import { guardCodec } from './guard-codec.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A source that is fed by the test, through the codec as a supervisor gives it to its driver. */
async function runWith(codec: Codec) {
  const deliveries: Delivery[] = []
  const changes: HealthChange[] = []
  const clock = createVirtualClock()
  const log = createMemoryLogger()
  let feed = (_bytes: Uint8Array): void => undefined
  const driver: Driver<unknown> = {
    kind: 'fed',
    title: 'Fed by a test',
    carries: ['serial'],
    settings: { parse: (input) => input },
    createRun(_settings, given, context) {
      const stream = createStreamFeed(given as Codec, context)
      feed = (chunk) => stream.bytes(chunk)
      return { start: () => Promise.resolve(), stop: () => Promise.resolve(), send: () => Promise.resolve({ stage: 'unsupported' }) }
    }
  }
  const supervisor = createSupervisor({
    drivers: [driver],
    findCodec: () => codec,
    clock,
    log,
    random: () => 0.5,
    onDelivery: (_source, delivery) => deliveries.push(delivery),
    onHealth: (_source, change) => changes.push(change)
  })
  supervisor.apply([{ id: 'gate', driver: 'fed', protocol: 'toy', enabled: true, settings: {} }])
  await settlePromises()
  return {
    changes,
    clock,
    counters: () => supervisor.statuses()[0]?.counters,
    deliveries,
    feed: (text: string) => feed(bytes(text)),
    log,
    status: () => supervisor.statuses()[0]
  }
}

/** What the decoder of a toy line makes of certain words. */
function hostileCodec(): Codec {
  const toy = createToyCodec()
  return createToyCodec({
    createDecoder: () => {
      const inner = toy.createDecoder()
      return {
        decode(frame, context) {
          const text = new TextDecoder().decode(frame).trim()
          if (text === 'loop') for (;;);
          if (text === 'nonsense')
            return { kind: 'readings', readings: [{ tag: '4d18', batteryPct: 900, signals: [{ kind: 'sos', form: 'level', on: true }] }] }
          if (text === 'nothing') return undefined as never
          if (text === 'lazy loop')
            return {
              kind: 'readings',
              readings: [
                {
                  get tag(): string {
                    for (;;);
                  }
                }
              ]
            }
          return inner.decode(frame, context)
        }
      }
    }
  })
}

describe('a codec of a third party', () => {
  it('costs one frame when it throws, and one error', async () => {
    const source = await runWith(guardCodec(hostileCodec()))
    source.feed('4d18 1 2\nthrow\nnothing\n4d18 3 4\n')
    expect(source.deliveries.flatMap(({ readings }) => readings)).toEqual([
      { tag: '4d18', position: { x: 1, y: 2 } },
      { tag: '4d18', position: { x: 3, y: 4 } }
    ])
    expect(source.counters()).toMatchObject({ frames: 4, errors: 2, readings: 2 })
    expect(source.status()?.health).toBe('up')
  })

  it('loses the field that makes no sense, counted and said, and keeps the alarm', async () => {
    const source = await runWith(guardCodec(hostileCodec()))
    source.feed('nonsense\nnonsense\n')
    expect(source.deliveries.flatMap(({ readings }) => readings)).toEqual(
      Array.from({ length: 2 }, () => ({ tag: '4d18', signals: [{ kind: 'sos', form: 'level', on: true }] }))
    )
    expect(source.counters()).toMatchObject({ errors: 2 })
    expect(source.log.lines.filter(({ details }) => String(details['why']).includes('batteryPct'))).toHaveLength(1)
  })

  it('fails its run when it does not come to an end, and the run is tried again', async () => {
    const source = await runWith(guardCodec(hostileCodec()))
    source.feed('4d18 1 2\nloop\n4d18 3 4\n')
    await settlePromises()
    expect(source.status()).toMatchObject({ health: 'down', lastError: { code: 'EXTENSION_HANGS', retriable: true } })
    expect(source.deliveries).toHaveLength(1)
    await source.clock.advance(1_000)
    expect(source.status()?.health).toBe('up')
    source.feed('4d18 5 6\n')
    expect(source.deliveries).toHaveLength(2)
  })

  it('fails its run when its parts cannot be made', async () => {
    for (const part of [
      () => {
        throw new TypeError('no decoder today')
      },
      () => ({}) as never
    ]) {
      const source = await runWith(guardCodec(createToyCodec({ createDecoder: part })))
      expect(source.status()).toMatchObject({ health: 'down', lastError: { code: 'EXTENSION_DEFECT' } })
    }
  })

  it('cannot break off what is done with its frames, nor hand on what is none', async () => {
    const toy = createToyCodec()
    const framer = toy.createFramer?.()
    const source = await runWith(
      guardCodec(
        createToyCodec({
          createFramer: () => ({
            counters: { bytesIn: Number.NaN, frames: -5, badChecksum: 3, oversize: 0, discardedBytes: 0, resyncs: 0 },
            push(chunk, onFrame) {
              framer?.push(chunk, onFrame)
              onFrame('text' as never)
            },
            reset: () => undefined
          })
        })
      )
    )
    source.feed('4d18 1 2\n')
    expect(source.deliveries).toHaveLength(1)
    expect(source.counters()).toMatchObject({ frames: 1 })
    expect(source.counters()?.errors).toBeGreaterThan(0)
  })

  it('remembers what a call that came to its end told it to, and nothing of others', () => {
    const kept = new Map([['a', 'before']])
    const memory = { recall: (name: string) => kept.get(name), remember: (name: string, text: string) => void kept.set(name, text) }
    const codec = guardCodec(
      createToyCodec({
        createDecoder: (_settings, given) => ({
          decode(frame) {
            const [name = '', text = ''] = new TextDecoder().decode(frame).split('=')
            const known = given?.recall(name) ?? ''
            given?.remember(name, text)
            if (text === 'throw') throw new TypeError('after it')
            return { kind: 'ignored', why: `${known}, ${given?.recall(name)}`, repeat: true }
          }
        })
      })
    )
    const decoder = codec.createDecoder(undefined, memory)
    expect(decoder.decode(bytes('a=now'), {})).toEqual({ kind: 'ignored', why: 'before, now', repeat: true })
    expect(() => decoder.decode(bytes('a=throw'), {})).toThrow('after it')
    expect(() => decoder.decode(bytes(`a=${'x'.repeat(2_000)}`), {})).toThrow('1000 characters')
    expect([...kept]).toEqual([['a', 'now']])
  })

  it('is told of every fault on the command line', () => {
    const codec = guardCodec(hostileCodec())
    const decode = createLineDecoder('toy', [codec])
    expect(decode?.('4d18 1 2\\n')).toEqual({ readings: [{ tag: '4d18', position: { x: 1, y: 2 } }] })
    expect(decode?.('nonsense\\n')).toEqual({ error: expect.stringMatching(/^EXTENSION_DEFECT: .*batteryPct/) })
    expect(decode?.('throw\\n')).toEqual({ error: expect.stringContaining('a defect in the decoder') })
    expect(decode?.('loop\\n')).toEqual({ error: expect.stringContaining('EXTENSION_HANGS') })
    const other = createLineDecoder('toy', [guardCodec(hostileCodec())])
    expect(other?.('nothing\\n')).toEqual({ error: expect.stringContaining('it gave no result') })
    expect(other?.('lazy loop\\n')).toEqual({ error: expect.stringContaining('EXTENSION_HANGS') })
  })
})
