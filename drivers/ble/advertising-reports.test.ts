import fc from 'fast-check'
import { expect, it } from 'vitest'
import { eachReport, isAdvertisingEvent } from './advertising-reports.ts'

const legacy = fc.uint8Array({ maxLength: 31 }).map((data) => [3, 1, 6, 5, 4, 3, 2, 1, data.length, ...data, 0xc0])
const extended = fc.uint8Array({ maxLength: 31 }).map((data) => [...Array.from({ length: 23 }, (_unused, at) => at), data.length, ...data])
const events = fc.oneof(
  fc.tuple(fc.constant(0x02), fc.array(legacy, { minLength: 1, maxLength: 5 })),
  fc.tuple(fc.constant(0x0d), fc.array(extended, { minLength: 1, maxLength: 4 }))
)
const packetOf = (subevent: number, reports: readonly number[][]): Buffer => {
  const body = reports.flat()
  return Buffer.from([4, 0x3e, body.length + 2, subevent, reports.length, ...body])
}

it('gives on every report of an event, as an event of its own', () => {
  fc.assert(
    fc.property(events, ([subevent, reports]) => {
      const packet = packetOf(subevent, reports)
      const given: Buffer[] = []
      expect(isAdvertisingEvent(packet)).toBe(true)
      expect(eachReport(packet, (each) => given.push(each))).toBe(reports.length)
      expect(given).toEqual(reports.map((report) => packetOf(subevent, [report])))
    })
  )
})

it('refuses an event that is cut off, too long, or says another number of reports', () => {
  fc.assert(
    fc.property(events, fc.nat(300), fc.integer({ min: 1, max: 9 }), ([subevent, reports], cut, more) => {
      const packet = packetOf(subevent, reports)
      const refused = (bytes: Buffer): void => {
        if (isAdvertisingEvent(bytes)) expect(eachReport(bytes, () => expect.unreachable())).toBe(-1)
      }
      refused(packet.subarray(0, cut % packet.length))
      refused(Buffer.concat([packet, Buffer.alloc(more)]))
      const counted = Buffer.from(packet)
      counted[4] = reports.length + more
      refused(counted)
    })
  )
})

it('takes any bytes at all without complaint', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(0x02, 0x0d), (bytes, subevent) => {
      const packet = Buffer.from([4, 0x3e, bytes.length + 1, subevent, ...bytes])
      if (isAdvertisingEvent(packet)) eachReport(packet, (each) => expect(each.length).toBe((each[2] ?? 0) + 3))
    })
  )
})
