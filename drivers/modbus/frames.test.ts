import fc from 'fast-check'
import { ModbusRTURequest, requests } from 'jsmodbus'
import { describe, expect, it } from 'vitest'
import { MbapFramer, mbapFrame } from './mbap-frames.ts'
import { readAnswer, readRequest, writeRequest } from './pdu.ts'
import { crc16, frameGapMs, RtuReceiver, rtuFrame } from './rtu-frames.ts'

const pduArb = fc.uint8Array({ minLength: 1, maxLength: 253 })

/** Cuts bytes into chunks at any places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

describe('frames over TCP', () => {
  it('come out the same however the stream is cut', () => {
    const frame = fc.record({ transaction: fc.nat(0xffff), unit: fc.nat(255), pdu: pduArb })
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(2000), { maxLength: 12 }), (frames, cuts) => {
        const framer = new MbapFramer()
        const heard: object[] = []
        for (const chunk of pieces(joined(frames.map(({ pdu, transaction, unit }) => mbapFrame(transaction, unit, pdu))), cuts))
          expect(framer.push(chunk, ({ pdu, transaction, unit }) => heard.push({ transaction, unit, pdu: Uint8Array.from(pdu) }))).toBe('')
        expect(heard).toEqual(frames)
      })
    )
  })

  it('are given up at the first header that can be none, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.array(fc.nat(600), { maxLength: 5 }), (noise, cuts) => {
        const framer = new MbapFramer()
        for (const chunk of pieces(noise, cuts)) framer.push(chunk, ({ pdu }) => expect(pdu.length).toBeGreaterThan(0))
      })
    )
    const framer = new MbapFramer()
    expect(framer.push(Uint8Array.from([0, 1, 0, 0, 0, 255, 1, 3]), () => undefined)).toContain('not Modbus TCP')
    expect(framer.push(mbapFrame(1, 1, Uint8Array.of(3)), () => expect.unreachable())).toContain('not Modbus TCP')
  })
})

describe('frames on a serial line', () => {
  it('carry the CRC that another implementation computes', () => {
    const body = new requests.ReadHoldingRegistersRequestBody(107, 3)
    expect([...rtuFrame(17, body.createPayload())]).toEqual([...new ModbusRTURequest(17, body).createPayload()])
    // Modbus over Serial Line V1.02, 6.2.2: 02 07 has the CRC 41 12.
    expect([...rtuFrame(2, Uint8Array.of(7))]).toEqual([2, 7, 0x41, 0x12])
    fc.assert(fc.property(fc.nat(255), pduArb, (unit, pdu) => crc16(rtuFrame(unit, pdu)) === 0))
  })

  const answerArb = fc.record({ unit: fc.integer({ min: 1, max: 247 }), data: fc.uint8Array({ minLength: 1, maxLength: 250 }) })

  it('are found in whatever lies before them, however it is cut, and every other byte is counted', () => {
    fc.assert(
      fc.property(
        answerArb,
        fc.uint8Array({ maxLength: 700 }),
        fc.array(fc.nat(1000), { maxLength: 8 }),
        fc.boolean(),
        (answer, noise, cuts, isException) => {
          const pdu = isException ? Uint8Array.of(0x83, 2) : Uint8Array.of(3, answer.data.length, ...answer.data)
          const receiver = new RtuReceiver()
          receiver.expect({ unit: answer.unit, functionCode: 3, pduBytes: answer.data.length + 2 })
          // Noise that looks like its beginning must not hide it.
          const disguise = Uint8Array.of(answer.unit, 3)
          const stream = joined([noise, disguise, rtuFrame(answer.unit, pdu)])
          const found = pieces(stream, cuts).flatMap((chunk) => receiver.push(chunk) ?? [])
          expect(found.map((bytes) => [...bytes])).toEqual([[...pdu]])
          expect(receiver.discardedBytes).toBe(noise.length + disguise.length)
        }
      )
    )
  })

  it('of other units, functions, lengths, or with a flipped bit are no answer', () => {
    const answer = rtuFrame(5, Uint8Array.of(3, 2, 0x12, 0x34))
    const expected = { unit: 5, functionCode: 3, pduBytes: 4 }
    const heard = (frame: Uint8Array, other: Partial<typeof expected> = {}): boolean => {
      const receiver = new RtuReceiver()
      receiver.expect({ ...expected, ...other })
      return receiver.push(frame) !== undefined
    }
    expect(heard(answer)).toBe(true)
    expect(heard(answer, { unit: 6 })).toBe(false)
    expect(heard(answer, { functionCode: 4 })).toBe(false)
    expect(heard(answer, { pduBytes: 6 })).toBe(false)
    for (let bit = 0; bit < answer.length * 8; bit++) {
      const flipped = Uint8Array.from(answer)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(heard(flipped), `bit ${bit}`).toBe(false)
    }
  })

  it('that come before the request is sent are not its answer', () => {
    const receiver = new RtuReceiver()
    const answer = rtuFrame(5, Uint8Array.of(3, 2, 0x12, 0x34))
    expect(receiver.push(answer)).toBeUndefined()
    receiver.expect({ unit: 5, functionCode: 3, pduBytes: 4 })
    expect(receiver.push(answer.subarray(0, 4))).toBeUndefined()
    receiver.expect({ unit: 5, functionCode: 3, pduBytes: 4 })
    expect(receiver.push(answer.subarray(4))).toBeUndefined()
    expect(receiver.push(answer)).toBeDefined()
    expect(receiver.discardedBytes).toBe(2 * answer.length)
  })

  it('keep the silence that the specification wants', () => {
    expect(frameGapMs(9600)).toBeCloseTo(4.01, 2)
    expect(frameGapMs(19_200)).toBeCloseTo(2.005, 3)
    expect(frameGapMs(115_200)).toBe(1.75)
  })
})

describe('requests and answers', () => {
  const range = { unit: 1, start: 19, count: 19 }

  // The examples of the Application Protocol V1.1b3, 6.1 to 6.6.
  it.each([
    ['coil', [1, 0, 19, 0, 19], [1, 3, 0xcd, 0x6b, 0x05], [0xcd, 0x6b, 0x05]],
    ['discrete-input', [2, 0, 19, 0, 19], [2, 3, 0xac, 0xdb, 0x35], [0xac, 0xdb, 0x35]]
  ] as const)('read %ss', (table, asked, answered, data) => {
    const request = readRequest({ ...range, table })
    expect([...request.pdu]).toEqual(asked)
    expect(readAnswer(request, Uint8Array.from(answered))).toEqual({ kind: 'values', data: Uint8Array.from(data) })
  })

  it.each([
    ['holding-register', 3],
    ['input-register', 4]
  ] as const)('read %ss', (table, code) => {
    const request = readRequest({ unit: 1, table, start: 107, count: 2 })
    expect([...request.pdu]).toEqual([code, 0, 107, 0, 2])
    expect(readAnswer(request, Uint8Array.of(code, 4, 2, 0x2b, 0, 0x64))).toEqual({ kind: 'values', data: Uint8Array.of(2, 0x2b, 0, 0x64) })
  })

  it.each([
    ['a coil', 'coil', 1, false, [5, 0, 172, 0xff, 0], [5, 0, 172, 0xff, 0]],
    ['a coil off', 'coil', 0, false, [5, 0, 172, 0, 0], [5, 0, 172, 0, 0]],
    ['a register', 'holding-register', 3, false, [6, 0, 172, 0, 3], [6, 0, 172, 0, 3]],
    ['a coil among several', 'coil', 1, true, [15, 0, 172, 0, 1, 1, 1], [15, 0, 172, 0, 1]],
    ['a register among several', 'holding-register', 0x102, true, [16, 0, 172, 0, 1, 2, 1, 2], [16, 0, 172, 0, 1]]
  ] as const)('write %s', (_, table, value, asMultiple, asked, answered) => {
    const request = writeRequest({ unit: 1, table, address: 172, value, asMultiple })
    expect([...request.pdu]).toEqual(asked)
    expect(readAnswer(request, Uint8Array.from(answered))).toEqual({ kind: 'written' })
    expect(readAnswer(request, Uint8Array.from(answered).with(2, 173))).toMatchObject({ kind: 'unfit' })
  })

  it('tell exceptions by their names', () => {
    const request = readRequest({ ...range, table: 'coil' })
    expect(readAnswer(request, Uint8Array.of(0x81, 2))).toEqual({ kind: 'exception', code: 2, why: 'illegal data address' })
    expect(readAnswer(request, Uint8Array.of(0x81, 99))).toEqual({ kind: 'exception', code: 99, why: 'exception 99' })
    expect(readAnswer(request, Uint8Array.of(0x81))).toMatchObject({ kind: 'unfit' })
  })

  it('take no other length than was asked for, and throw at nothing', () => {
    const table = fc.constantFrom('coil' as const, 'discrete-input' as const, 'holding-register' as const, 'input-register' as const)
    fc.assert(
      fc.property(
        table,
        fc.integer({ min: 1, max: 125 }),
        fc.uint8Array({ maxLength: 260 }),
        fc.boolean(),
        (kind, count, bytes, hasCode) => {
          const request = readRequest({ unit: 1, table: kind, start: 0, count })
          const pdu = hasCode ? Uint8Array.of(request.functionCode, request.answerBytes - 2, ...bytes) : bytes
          const answer = readAnswer(request, pdu)
          if (hasCode) expect(answer.kind === 'values').toBe(pdu.length === request.answerBytes)
        }
      )
    )
  })
})
