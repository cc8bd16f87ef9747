import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ackPacket, createPacketCutter, packet, publishPacket } from '../../test-support/mqtt-bytes.ts'
import { settlePromises } from '../../test-support/virtual-clock.ts'
import type { Unacknowledged } from './ack-gate.ts'
import { type HeldAckSettings, HeldAckStream } from './held-ack-stream.ts'

/** The socket's place: keeps what is written, and gives what the test says. */
class FakeLink extends Duplex {
  readonly written: Buffer[] = []
  held: (() => void) | undefined
  holdWrites = false

  override _read(): void {
    // Data comes by `push` from the test.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk)
    if (this.holdWrites) this.held = done
    else done()
  }

  get bytes(): Buffer {
    return Buffer.concat(this.written)
  }
}

function open(settings: Partial<HeldAckSettings> = {}) {
  const link = new FakeLink()
  const stream = new HeldAckStream(link, {
    protocolVersion: '3.1.1',
    maxPacketBytes: 1_000_000,
    readWhileUnacknowledged: 1000,
    ...settings
  })
  const failures: Error[] = []
  stream.on('error', (error) => failures.push(error))
  return { link, stream, failures }
}

/** What the client does for one received message: hand on, then acknowledge. */
function receive(stream: HeldAckStream, packetId: number): Unacknowledged {
  const entry = stream.gate.expect(packetId, 0)
  stream.write(ackPacket('puback', packetId))
  return entry
}

const outgoing = fc.oneof(
  fc.record({ kind: fc.constant('ack' as const), type: fc.constantFrom('puback' as const, 'pubrec' as const) }),
  fc.record({ kind: fc.constant('other' as const), bytes: fc.uint8Array({ maxLength: 40 }).map((body) => packet(0x30, body)) })
)

describe('HeldAckStream', () => {
  it('lets everything but acknowledgements pass in order, and those in order of receipt by the commit, never inside a packet', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(outgoing, { maxLength: 25 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        async (packets, sizes, random) => {
          const { link, stream } = open()
          const entries: Unacknowledged[] = []
          const parts = packets.map((one) => {
            if (one.kind === 'other') return one.bytes
            entries.push(stream.gate.expect(entries.length + 1, 0))
            return ackPacket(one.type, entries.length)
          })
          const bytes = Buffer.concat(parts)
          const toConfirm = [...entries]
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1
            stream.write(bytes.subarray(at, at + size))
            at += size
            const [pick = 0] = random
            const [confirmed] = pick % 3 === 0 ? toConfirm.splice(pick % Math.max(1, toConfirm.length), 1) : []
            if (confirmed !== undefined) stream.gate.confirm(confirmed, 0)
            if (pick % 2 === 0) await settlePromises()
            expectOrder(link.bytes, entries)
          }
          for (const entry of toConfirm) stream.gate.confirm(entry, 0)
          await settlePromises()
          expectOrder(link.bytes, entries)
          const sent = createPacketCutter()(link.bytes)
          const others = sent.filter(({ first }) => first === 0x30).map(({ first, body }) => packet(first, body).toString('hex'))
          expect(others).toEqual(packets.flatMap((one) => (one.kind === 'other' ? [one.bytes.toString('hex')] : [])))
          expect(sent.length).toBe(packets.length)
          expect(link.bytes.length).toBe(bytes.length)
          stream.destroy()
        }
      ),
      { numRuns: 60 }
    )
  })

  it('sends the acknowledgements of one commit in one write', async () => {
    const { link, stream } = open()
    const entries = [1, 2, 3, 4].map((id) => receive(stream, id))
    await settlePromises()
    expect(link.written).toEqual([])
    for (const entry of entries) stream.gate.confirm(entry, 0)
    await settlePromises()
    expect(link.written).toHaveLength(1)
    expect(link.bytes).toEqual(Buffer.concat([1, 2, 3, 4].map((id) => ackPacket('puback', id))))
  })

  it('sends what the client answers within one turn in one write, and with it what a commit released, in the order in which they came to leave', async () => {
    const { link, stream } = open()
    const entries = [1, 2].map((id) => receive(stream, id))
    await settlePromises()
    const disconnect = packet(0xe0, Buffer.alloc(0))
    const [first, second] = entries
    if (first === undefined || second === undefined) throw new Error('two messages were received')
    stream.write(ackPacket('pubcomp', 8))
    stream.gate.confirm(first, 0)
    stream.write(ackPacket('pubcomp', 9))
    await new Promise<void>((resolve) => process.nextTick(resolve))
    stream.gate.confirm(second, 0)
    stream.write(disconnect)
    expect(link.written).toEqual([])
    await settlePromises()
    expect(link.written).toHaveLength(1)
    const expected = [ackPacket('pubcomp', 8), ackPacket('puback', 1), ackPacket('pubcomp', 9), ackPacket('puback', 2), disconnect]
    expect(link.bytes.toString('hex')).toBe(Buffer.concat(expected).toString('hex'))
  })

  it('drops what is held when the link ends', async () => {
    const { link, stream } = open()
    const entry = receive(stream, 1)
    link.destroy()
    await settlePromises()
    expect(stream.destroyed).toBe(true)
    stream.gate.confirm(entry, 0)
    await settlePromises()
    expect(link.bytes).toHaveLength(0)
  })

  it('fails, and acknowledges nothing more, when the client acknowledges what it was not given', async () => {
    const { link, stream, failures } = open()
    const entry = stream.gate.expect(1, 0)
    stream.write(ackPacket('puback', 2))
    await settlePromises()
    stream.gate.confirm(entry, 0)
    await settlePromises()
    expect(failures.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      'AckOrderError: acknowledgement of packet 2 where that of packet 1 was due'
    ])
    expect(link.bytes).toHaveLength(0)
  })

  it('reads nothing while too many messages wait for the log, and goes on when half are done', async () => {
    const paused: boolean[] = []
    const { link, stream } = open({ readWhileUnacknowledged: 4, onPaused: (is) => paused.push(is) })
    const received: Buffer[] = []
    stream.on('data', (bytes: Buffer) => received.push(bytes))
    const entries = [1, 2, 3, 4, 5].map((id) => receive(stream, id))
    stream.checkBackpressure()
    const message = publishPacket('3.1.1', { topic: 'a', payload: 'b', qos: 1, packetId: 6 })
    link.push(message)
    await settlePromises()
    expect(received).toEqual([])
    expect(paused).toEqual([true])
    for (const entry of entries.slice(0, 2)) stream.gate.confirm(entry, 0)
    await settlePromises()
    expect(received).toEqual([])
    for (const entry of entries.slice(2)) stream.gate.confirm(entry, 0)
    await settlePromises()
    expect(Buffer.concat(received)).toEqual(message)
    expect(paused).toEqual([true, false])
  })

  it('makes the client wait while the link takes nothing, and loses nothing by it', async () => {
    const { link, stream } = open()
    link.holdWrites = true
    const big = packet(0x30, Buffer.alloc(100_000, 1))
    let taken = false
    stream.write(big, () => {
      taken = true
    })
    await settlePromises()
    expect(taken).toBe(false)
    link.holdWrites = false
    link.held?.()
    await settlePromises()
    expect(taken).toBe(true)
    expect(link.bytes.equals(big)).toBe(true)
  })

  it('ends when the other side ends', async () => {
    const { link, stream } = open()
    stream.resume()
    let closed = false
    stream.on('close', () => {
      closed = true
    })
    link.push(null)
    await settlePromises()
    await settlePromises()
    expect(closed).toBe(true)
    expect(link.destroyed).toBe(true)
  })

  it('ends on bytes that are not MQTT', async () => {
    const { link, stream, failures } = open()
    stream.resume()
    link.push(Buffer.alloc(10, 0xff))
    await settlePromises()
    expect(stream.destroyed).toBe(true)
    expect(failures.map(({ name }) => name)).toEqual(['MalformedPacketError'])
  })
})

/** So far: whole packets (but for the last), acknowledgements 1, 2, 3 … and each of a durable message. */
function expectOrder(bytes: Buffer, entries: readonly Unacknowledged[]): void {
  const acks = createPacketCutter()(bytes)
    .filter(({ first }) => first !== 0x30)
    .map(({ first, body }) => {
      expect([0x40, 0x50]).toContain(first)
      return body.readUInt16BE(0)
    })
  expect(acks).toEqual(acks.map((_, index) => index + 1))
  for (const id of acks) expect(entries[id - 1]?.durable).toBe(true)
}
