import { describe, expect, it } from 'vitest'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { CODECS } from '../../firmware-protocols/registry.ts'
import { createToyCodec } from '../toy-codec.ts'
import { CodecFuzz } from './fuzz-codec.ts'
import { loadSeeds } from './load-seeds.ts'
import { mutateFrame } from './mutate-frame.ts'
import { SeededRandom } from './seeded-random.ts'

const FRAMES = 2_000
const SEED = 20_261_120

describe('every codec takes mutated frames', () => {
  it.each(CODECS.map((codec) => [codec.protocol, codec] as const))('%s', (_protocol, codec) => {
    const report = new CodecFuzz(codec, loadSeeds(codec), SEED).run(FRAMES)
    // What a frame costs and what a heap does are figures of the long form: here other work is under way.
    expect(report.faults.filter((fault) => !/processor time|heap/.test(fault))).toEqual([])
    expect(report.mutated).toBeGreaterThan(0.8 * FRAMES)
    expect(report.readings).toBeGreaterThan(0)
    expect(report.errors + report.ignored + report.incomplete).toBeGreaterThan(0)
  })
})

describe('the search for faults', () => {
  const frame = Uint8Array.from('0123456789', (digit) => digit.charCodeAt(0))
  const seeds = [{ bytes: frame, context: {} }]
  const codec = (decode: () => never | ReturnType<ReturnType<Codec['createDecoder']>['decode']>): Codec => {
    const { createFramer: _framer, ...message } = createToyCodec()
    return { ...message, createDecoder: () => ({ decode }) }
  }

  it('finds a codec that throws', () => {
    const { faults } = new CodecFuzz(
      codec(() => {
        throw new RangeError('offset is out of bounds')
      }),
      seeds,
      SEED
    ).run(20)
    expect(faults[0]).toContain('offset is out of bounds')
  })

  it('finds a reading that is no JSON', () => {
    const result = { kind: 'readings', readings: [{ batteryV: Number.NaN }] } as const
    expect(
      new CodecFuzz(
        codec(() => result),
        seeds,
        SEED
      ).run(20).faults[0]
    ).toContain('no JSON')
  })

  it('finds a codec that keeps what it reads', () => {
    const kept: Uint8Array[] = []
    const { faults } = new CodecFuzz(
      codec(() => {
        kept.push(new Uint8Array(16_384))
        return { kind: 'ignored', why: 'kept' }
      }),
      seeds,
      SEED
    ).run(1_000)
    expect(faults.at(-1)).toContain('the heap has grown')
  })

  it('finds a frame that costs more than a millisecond', () => {
    const { faults, slowestMs } = new CodecFuzz(
      codec(() => {
        const end = process.cpuUsage().user + 3_000
        while (process.cpuUsage().user < end);
        return { kind: 'ignored', why: 'slow' }
      }),
      seeds,
      SEED
    ).run(3)
    expect(slowestMs).toBeGreaterThan(1)
    expect(faults[0]).toContain('processor time')
  })

  it('mutates alike for a seed, and nearly every time', () => {
    const all = (seed: number): string[] => {
      const random = new SeededRandom(seed)
      return Array.from({ length: 200 }, () => String(mutateFrame(frame, frame, random)))
    }
    expect(all(1)).toEqual(all(1))
    expect(all(1)).not.toEqual(all(2))
    expect(all(1).filter((mutated) => mutated === String(frame)).length).toBeLessThan(20)
    expect(new Set(all(1)).size).toBeGreaterThan(150)
  })
})
