import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CODECS, findCodec } from '../../firmware-protocols/registry.ts'
import { randomBytes, streamOf } from '../../test-support/codec-stream.ts'
import { SeededRandom } from '../../test-support/fuzz/seeded-random.ts'
import { receivedAt } from '../../test-support/uart.ts'
import { baudRatesOf } from './baud-ladder.ts'
import { travelsOver } from './propose-source.ts'
import { findingOf, isClear, possibilities, rank } from './rank-streams.ts'
import { rankTopics } from './rank-topics.ts'
import { StreamPanel } from './stream-panel.ts'
import { TopicPanel } from './topic-panel.ts'

const STREAM_CODECS = CODECS.filter(({ createFramer }) => createFramer !== undefined)

function ranked(bytes: Uint8Array, cuts = 1) {
  const panel = new StreamPanel(CODECS)
  const step = Math.ceil(bytes.length / cuts)
  for (let from = 0; from < bytes.length; from += step) panel.push(bytes.subarray(from, from + step))
  panel.end()
  return rank(panel.evidence())
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 })

describe.each(STREAM_CODECS)('$protocol', (codec) => {
  it('is found in its own frames, whatever noise is between them', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 4 }), (seed, noiseOneIn) => {
        const list = ranked(streamOf(codec, new SeededRandom(seed), 60, { noiseOneIn }))
        const finding = findingOf(list)
        expect(finding?.protocol, JSON.stringify(list.map(({ evidence, score, bits }) => [evidence.codec.protocol, score, bits]))).toBe(
          codec.protocol
        )
        expect(finding?.frames).toBeGreaterThan(20)
      }),
      { numRuns: 8 }
    )
  })

  it('is not claimed for a few frames in a lot of noise', () => {
    const random = new SeededRandom(5)
    const noise = randomBytes(random, 120_000)
    const list = ranked(Uint8Array.of(...noise.subarray(0, 60_000), ...streamOf(codec, random, 6), ...noise.subarray(60_000)))
    expect(findingOf(list)).toBeUndefined()
    expect(list.find(({ evidence }) => evidence.codec === codec)?.bits).toBeGreaterThan(0)
  })

  it('tells the same, however the stream was cut', () => {
    const stream = streamOf(codec, new SeededRandom(7), 40, { noiseOneIn: 3 })
    const whole = findingOf(ranked(stream))
    expect(whole).toBeDefined()
    expect(findingOf(ranked(stream, 997))).toEqual(whole)
  })

  it('is not found in what a receiver at another speed makes of its frames', () => {
    const rates = baudRatesOf(CODECS)
    fc.assert(
      fc.property(seeds, fc.constantFrom(...rates), fc.constantFrom(...rates), (seed, sent, heard) => {
        fc.pre(sent !== heard)
        const garbled = receivedAt(heard, streamOf(codec, new SeededRandom(seed), 60), { baudRate: sent })
        expect(findingOf(ranked(garbled))?.protocol).toBeUndefined()
      }),
      { numRuns: 20 }
    )
  })
})

describe('noise', () => {
  it('is no protocol', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 20_000 }), (seed, length) => {
        expect(findingOf(ranked(randomBytes(new SeededRandom(seed), length)))?.protocol).toBeUndefined()
      }),
      { numRuns: 40 }
    )
  })

  it('is no protocol where it is text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 60 }), { maxLength: 100 }), (lines) => {
        expect(findingOf(ranked(new TextEncoder().encode(lines.join('\r\n'))))?.protocol).toBeUndefined()
      }),
      { numRuns: 40 }
    )
  })

  it('is no protocol where a few bytes are repeated', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 2_000 }), (piece, times) => {
        const bytes = Uint8Array.from({ length: piece.length * times }, (_, index) => piece[index % piece.length] ?? 0)
        expect(findingOf(ranked(bytes))?.protocol).toBeUndefined()
      }),
      { numRuns: 100 }
    )
  })
})

describe('what else fits', () => {
  it('is told with its reason, and no tie where one reads more', () => {
    const pdoa = findCodec('decawave-pdoa-json')
    if (pdoa === undefined) throw new Error('no such codec')
    const finding = findingOf(ranked(streamOf(pdoa, new SeededRandom(1), 50)))
    expect(finding?.protocol).toBe('decawave-pdoa-json')
    for (const { why } of finding?.alternatives ?? []) expect(why).toMatch(/^explains \d+ % of the bytes/)
  })

  it('is named as possible where it says nothing yet but its prompt', () => {
    const list = ranked(new TextEncoder().encode('dwm> dwm> dwm> '))
    expect(findingOf(list)).toBeUndefined()
    expect(possibilities(list)[0]?.protocol).toBe('dwm1001-uart-shell')
  })

  it('is clear after enough frames, and not before', () => {
    const nmea = findCodec('nmea0183')
    if (nmea === undefined) throw new Error('no such codec')
    expect(isClear(ranked(streamOf(nmea, new SeededRandom(1), 30)))).toBe(true)
    expect(isClear(ranked(streamOf(nmea, new SeededRandom(1), 2)))).toBe(false)
  })
})

const MQTT = CODECS.filter((codec) => travelsOver(codec, 'mqtt'))

describe('messages', () => {
  it('that are noise are of no protocol, on whatever topics', () => {
    const level = fc.constantFrom(
      'a',
      'site',
      'node',
      '4d18',
      'uplink',
      'location',
      'gw',
      'ac233fc01234',
      'status',
      'up',
      'tags',
      'x',
      'event'
    )
    const topic = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'))
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.jsonValue().map((value) => new TextEncoder().encode(JSON.stringify(value))),
      fc.string().map((text) => new TextEncoder().encode(text))
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(topic, payload), { maxLength: 40 }), (messages) => {
        const panel = new TopicPanel(MQTT)
        for (const [name, bytes] of messages) panel.take(bytes, { topic: name })
        expect(rankTopics(panel.evidence()).findings.map(({ protocol, why }) => `${protocol} ${why}`)).toEqual([])
      }),
      { numRuns: 150 }
    )
  })

  it('cost no more memory on endless topics', () => {
    const panel = new TopicPanel(MQTT)
    const payload = new TextEncoder().encode('{"x":1}')
    const word = (index: number): string => [...String(index)].map((digit) => 'ghijklmnop'[Number(digit)]).join('')
    for (let index = 0; index < 2_000; index++) panel.take(payload, { topic: `t/${word(index)}` })
    expect(panel.messages).toBe(2_000)
    expect(panel.evidence()).toHaveLength(500)
    expect(panel.beyond).toBe(1_500)
  })
})

describe('speeds', () => {
  it('are those of the protocols first, each once', () => {
    const rates = baudRatesOf(CODECS)
    expect(rates.slice(0, 3)).toEqual([115_200, 9600, 921_600])
    expect(new Set(rates).size).toBe(rates.length)
    for (const { serialHabits } of CODECS) for (const rate of serialHabits?.baudRates ?? []) expect(rates).toContain(rate)
  })

  it('are known of every protocol of serial lines', () => {
    for (const codec of CODECS.filter(({ createFramer }) => createFramer !== undefined))
      expect(codec.serialHabits?.baudRates.length, codec.protocol).toBeGreaterThan(0)
  })
})
