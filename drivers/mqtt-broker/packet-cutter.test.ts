import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRemainingLength } from '../mqtt/oversize-filter.ts'
import { MalformedPacketError } from '../mqtt/packet-filter.ts'
import { PacketCutter, PacketRefusedError } from './packet-cutter.ts'

const MAX = 1_000

function room(limit = Number.POSITIVE_INFINITY) {
  let held = 0
  return {
    hold: (bytes: number) => {
      held += bytes
      return held <= limit
    },
    letGo: (bytes: number) => {
      held -= bytes
    },
    held: () => held
  }
}

const packet = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 300 }))
  .map(([first, body]) => Buffer.from([first, ...encodeRemainingLength(body.length), ...body]))

describe('cutting a stream into packets', () => {
  it('gives the same packets however the stream is cut, and lets go of all room', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (packets, sizes) => {
        const own = room()
        const cutter = new PacketCutter(own)
        const got: Buffer[] = []
        const stream = Buffer.concat(packets)
        for (let at = 0, n = 0; at < stream.length; n++) {
          const size = sizes[n % sizes.length] ?? 1
          cutter.add(stream.subarray(at, at + size))
          at += size
          for (let next = cutter.next(MAX); next !== undefined; next = cutter.next(MAX)) got.push(Buffer.from(next))
        }
        expect(got).toEqual(packets)
        expect(own.held()).toBe(0)
      })
    )
  })

  it('refuses a packet that is too long by its header, and a header without end', () => {
    const long = new PacketCutter(room())
    long.add(Buffer.from([0x30, ...encodeRemainingLength(MAX)]))
    expect(() => long.next(MAX)).toThrow(PacketRefusedError)
    const endless = new PacketCutter(room())
    endless.add(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]))
    expect(() => endless.next(MAX)).toThrow(MalformedPacketError)
  })

  it('refuses to hold more than there is room for, and gives the room back when it is closed', () => {
    const own = room(700)
    const begun = Buffer.from([0x30, ...encodeRemainingLength(500), 1, 2, 3])
    const first = new PacketCutter(own)
    first.add(begun)
    expect(first.next(MAX)).toBeUndefined()
    const second = new PacketCutter(own)
    second.add(begun)
    expect(() => second.next(MAX)).toThrow(PacketRefusedError)
    expect(own.held()).toBe(503)
    first.close()
    expect(own.held()).toBe(0)
  })

  it('never throws anything else, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 })), (chunks) => {
        const cutter = new PacketCutter(room())
        try {
          for (const chunk of chunks) {
            cutter.add(Buffer.from(chunk))
            while (cutter.next(MAX) !== undefined);
          }
        } catch (error) {
          expect(error instanceof MalformedPacketError || error instanceof PacketRefusedError).toBe(true)
        }
      })
    )
  })
})
