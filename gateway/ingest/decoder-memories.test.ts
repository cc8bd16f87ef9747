import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult, Decoder, DecoderMemory } from '../../firmware-protocols/codec.ts'
import { helmet } from '../../firmware-protocols/helmet/helmet-codec.ts'
import { sealMessage, TYPE_REPORT } from '../../firmware-protocols/helmet/helmet-message.ts'
import { fromHex } from '../../firmware-protocols/kit/hex.ts'
import { createMemoryLog } from '../../test-support/memory-log.ts'
import { createDecoderMemories, DECODER_MEMORY } from './decoder-memories.ts'

const TAG = '0102030405060708'
const KEY_HEX = '000102030405060708090a0b0c0d0e0f'
const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0)
const settings = helmet.settings?.parse({ keys: [{ tag: TAG, key: KEY_HEX }] })
const report = (boot: number, sequence: number): Uint8Array =>
  sealMessage({ type: TYPE_REPORT, tag: hex(TAG), boot, sequence, fields: new Uint8Array(0), key: hex(KEY_HEX) })
const nameOf = (result: DecodeResult): string => {
  if (result.kind === 'error') return result.code
  return result.kind === 'readings' && result.readings[0]?.stale === true ? 'late' : result.kind
}

/** A gateway that is killed and started again: what was saved is all that is left. */
function gateway() {
  const log = createMemoryLog()
  const start = (): Decoder => {
    const saved = JSON.parse(JSON.stringify([...(log.state.get(DECODER_MEMORY) ?? [])])) as [string, string][]
    return helmet.createDecoder(settings, createDecoderMemories(log, new Map(saved)).of('hall'))
  }
  return { log, start }
}

describe('what decoders remember', () => {
  it('keeps a helmet tag from being replayed after any restart, and changes nothing else', () => {
    const step = fc.oneof(
      { arbitrary: fc.record({ boot: fc.nat(2), sequence: fc.nat(80) }), weight: 5 },
      { arbitrary: fc.constant('restart' as const), weight: 1 }
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { start } = gateway()
        const never = helmet.createDecoder(settings)
        let decoder = start()
        for (const each of steps) {
          if (each === 'restart') decoder = start()
          else {
            const frame = report(each.boot, each.sequence)
            expect(nameOf(decoder.decode(frame, {}))).toBe(nameOf(never.decode(frame, {})))
          }
        }
      })
    )
  })

  it('is nothing that strangers can fill: what is not sealed is not saved', () => {
    const { log, start } = gateway()
    const decoder = start()
    for (let stranger = 0; stranger < 100; stranger++) {
      const tag = new Uint8Array(8).fill(stranger + 16)
      decoder.decode(sealMessage({ type: TYPE_REPORT, tag, boot: 1, sequence: 1, fields: new Uint8Array(0) }), {})
    }
    decoder.decode(report(1, 1), {})
    expect([...(log.state.get(DECODER_MEMORY) ?? [])]).toEqual([[expect.stringMatching(`^hall ${TAG} [0-9a-f]{8}$`), '1 1 0']])
  })

  it('holds for one key: a tag that lost its numbers begins anew with another', () => {
    const { log, start } = gateway()
    expect(nameOf(start().decode(report(9, 9), {}))).toBe('readings')
    expect(nameOf(start().decode(report(1, 1), {}))).toBe('FRAME_CONTEXT')
    const otherKey = hex(KEY_HEX).map((byte) => byte ^ 255)
    const rekeyed = helmet.settings?.parse({ keys: [{ tag: TAG, key: Buffer.from(otherKey).toString('hex') }] })
    const frame = sealMessage({ type: TYPE_REPORT, tag: hex(TAG), boot: 1, sequence: 1, fields: new Uint8Array(0), key: otherKey })
    const memory = createDecoderMemories(log, new Map(log.state.get(DECODER_MEMORY))).of('hall')
    expect(nameOf(helmet.createDecoder(rekeyed, memory).decode(frame, {}))).toBe('readings')
  })

  it('is of each source by itself, bounded, and makes way for what was saved when that is found late', () => {
    const log = createMemoryLog()
    const memories = createDecoderMemories(log, new Map([['hall a', 'saved']]), 3)
    const hall: DecoderMemory = memories.of('hall')
    expect([hall.recall('a'), memories.of('yard').recall('a')]).toEqual(['saved', undefined])
    hall.remember('b', '1')
    hall.remember('a', '2')
    hall.remember('c', '3')
    hall.remember('d', '4')
    expect(log.state.get(DECODER_MEMORY)).toEqual(
      new Map([
        ['hall a', '2'],
        ['hall c', '3'],
        ['hall d', '4']
      ])
    )
    memories.recall(
      new Map([
        ['hall a', 'older'],
        ['hall e', 'found']
      ])
    )
    expect([hall.recall('a'), hall.recall('e')]).toEqual(['2', 'found'])
  })

  it('takes a text that is none of its own for none', () => {
    const memory = { recall: () => 'x 1', remember: () => undefined }
    expect(nameOf(helmet.createDecoder(settings, memory).decode(report(1, 1), {}))).toBe('readings')
  })
})
