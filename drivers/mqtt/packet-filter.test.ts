import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packet } from '../../test-support/mqtt-bytes.ts'
import { MalformedPacketError, PacketFilter, packetType } from './packet-filter.ts'

const anyPacket = fc
  .record({ first: fc.integer({ min: 0, max: 255 }), body: fc.oneof(fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ maxLength: 300 })) })
  .map(({ first, body }) => ({ first, body, bytes: packet(first, body) }))

/** Cuts a stream into chunks of the given sizes, over and over. */
function chunksOf(stream: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, turn = 0; at < stream.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    chunks.push(stream.subarray(at, at + size))
    at += size
  }
  return chunks
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })

function filterOf(takes: (type: number) => boolean, replacement?: Uint8Array) {
  const passed: Uint8Array[] = []
  const taken: Uint8Array[] = []
  let parts: Uint8Array[] = []
  const filter = new PacketFilter(
    {
      take(header, headerBytes) {
        if (!takes(packetType(header))) return false
        parts = [header.slice(0, headerBytes)]
        return true
      },
      body: (chunk, from, to) => parts.push(chunk.slice(from, to)),
      end() {
        taken.push(Buffer.concat(parts))
        return replacement
      }
    },
    (bytes) => passed.push(bytes.slice())
  )
  return { filter, taken, passed: () => Buffer.concat(passed) }
}

describe('PacketFilter', () => {
  it('takes out what it is asked to and passes the rest in order, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(anyPacket, { maxLength: 20 }), chunkSizes, fc.boolean(), (packets, sizes, replaces) => {
        const takes = (type: number): boolean => type === 4 || type === 5
        const replacement = replaces ? Buffer.from('in its place') : undefined
        const { filter, taken, passed } = filterOf(takes, replacement)
        for (const chunk of chunksOf(Buffer.concat(packets.map(({ bytes }) => bytes)), sizes)) filter.push(chunk)

        const isTaken = ({ first }: { first: number }): boolean => takes(first >> 4)
        expect(taken.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
          packets.filter(isTaken).map(({ bytes }) => bytes.toString('hex'))
        )
        const expected = packets.map((one) => (isTaken(one) ? (replacement ?? Buffer.alloc(0)) : one.bytes))
        expect(passed().toString('hex')).toBe(Buffer.concat(expected).toString('hex'))
        expect(filter.midPacket).toBe(false)
      })
    )
  })

  it('passes what it can at once: all but an unfinished header', () => {
    fc.assert(
      fc.property(fc.array(anyPacket, { minLength: 1, maxLength: 5 }), fc.nat(), (packets, cut) => {
        const stream = Buffer.concat(packets.map(({ bytes }) => bytes))
        const { filter, passed } = filterOf(() => false)
        const length = cut % (stream.length + 1)
        filter.push(stream.subarray(0, length))
        expect(length - passed().length).toBeLessThanOrEqual(4)
        expect(passed().equals(stream.subarray(0, passed().length))).toBe(true)
      })
    )
  })

  it('says when a packet has passed in part', () => {
    const { filter } = filterOf((type) => type === 4)
    const whole = packet(0x30, Buffer.alloc(10))
    filter.push(whole.subarray(0, 1))
    expect(filter.midPacket).toBe(false)
    filter.push(whole.subarray(1, 5))
    expect(filter.midPacket).toBe(true)
    filter.push(whole.subarray(5))
    expect(filter.midPacket).toBe(false)
    filter.push(packet(0x40, Buffer.alloc(2)).subarray(0, 3))
    expect(filter.midPacket).toBe(false)
  })

  it('reads a remaining length of four bytes, and refuses five', () => {
    const { filter, passed } = filterOf(() => false)
    filter.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3]))
    expect(passed().length).toBe(8)
    expect(filter.midPacket).toBe(true)
    expect(() => filterOf(() => false).filter.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff]))).toThrow(MalformedPacketError)
  })

  it('throws nothing but MalformedPacketError on noise', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        const { filter } = filterOf((type) => type === 4)
        try {
          for (const chunk of chunks) filter.push(chunk)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedPacketError)
        }
      })
    )
  })
})
