import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ackPacket, createPacketCutter, publishPacket } from '../../test-support/mqtt-bytes.ts'
import { OversizeFilter } from './oversize-filter.ts'

const MAX_BYTES = 1024
const version = fc.constantFrom('3.1.1' as const, '5' as const)
const publish = fc.record({
  topic: fc.string({ minLength: 1, maxLength: 200 }),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  packetId: fc.integer({ min: 1, max: 65_535 }),
  dup: fc.boolean(),
  retain: fc.boolean(),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 900, max: 3000 }).map((length) => Buffer.alloc(length, 0x30))
  )
})

describe('OversizeFilter', () => {
  it('passes everything but the payloads of what is too long, however the stream is cut', () => {
    fc.assert(
      fc.property(version, fc.array(publish, { maxLength: 8 }), fc.integer({ min: 1, max: 1500 }), (protocol, publishes, chunkBytes) => {
        const passed: Uint8Array[] = []
        const filter = new OversizeFilter(MAX_BYTES, protocol, (bytes) => passed.push(bytes.slice()))
        const between = ackPacket('pubrel', 7)
        const sent = publishes.map((fields) => publishPacket(protocol, fields))
        const stream = Buffer.concat(sent.flatMap((bytes) => [bytes, between]))
        for (let at = 0; at < stream.length; at += chunkBytes) filter.push(stream.subarray(at, at + chunkBytes))

        const expected = publishes.flatMap((fields, index) => {
          const tooLong = (sent[index]?.length ?? 0) > MAX_BYTES
          return [publishPacket(protocol, tooLong ? { ...fields, payload: '' } : fields), between]
        })
        expect(Buffer.concat(passed).toString('hex')).toBe(Buffer.concat(expected).toString('hex'))
        expect(publishes.map((_, index) => filter.wasCut(index + 1))).toEqual(sent.map(({ length }) => length > MAX_BYTES))
      })
    )
  })

  it('holds nothing of a payload of 100 MB', () => {
    const passed: Uint8Array[] = []
    const filter = new OversizeFilter(MAX_BYTES, '3.1.1', (bytes) => passed.push(bytes.slice()))
    const bytes = 100_000_000
    filter.push(
      Buffer.from([
        0x32,
        0x80 | ((bytes + 5) % 128),
        0x80 | (((bytes + 5) >> 7) % 128),
        0x80 | (((bytes + 5) >> 14) % 128),
        (bytes + 5) >> 21
      ])
    )
    filter.push(Buffer.from([0, 1, 0x61, 0, 9]))
    const chunk = Buffer.alloc(1_000_000)
    for (let sent = 0; sent < bytes; sent += chunk.length) {
      expect(passed).toEqual([])
      filter.push(chunk)
    }
    const [only] = createPacketCutter()(Buffer.concat(passed))
    expect(only).toEqual({ first: 0x32, body: Buffer.from([0, 1, 0x61, 0, 9]) })
  })
})
