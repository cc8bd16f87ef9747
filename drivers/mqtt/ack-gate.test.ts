import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AckGate, AckOrderError, type Unacknowledged } from './ack-gate.ts'

/** An acknowledgement that can be told apart. */
const ackOf = (packetId: number): Uint8Array => Uint8Array.of(packetId >> 8, packetId & 0xff)
const idOf = (ack: Uint8Array): number => (ack[0] ?? 0) * 256 + (ack[1] ?? 0)

function gateWithRecord() {
  const released: number[] = []
  return { gate: new AckGate((ack) => released.push(idOf(ack))), released }
}

interface Modelled {
  readonly entry: Unacknowledged
  written: boolean
  durable: boolean
  settled: boolean
}

/** The gate beside a list that says in the plainest way what it should do. */
class GateModel {
  readonly #released: number[] = []
  readonly #gate = new AckGate((ack) => this.#released.push(idOf(ack)))
  readonly #messages: Modelled[] = []

  receive(): void {
    this.#messages.push({ entry: this.#gate.expect(this.#messages.length + 1, 0), written: false, durable: false, settled: false })
  }

  write(): void {
    const index = this.#messages.findIndex(({ written }) => !written)
    const next = this.#messages[index]
    if (next === undefined) return
    next.written = true
    this.#gate.hold(index + 1, ackOf(index + 1))
  }

  confirm(pick: number): void {
    const chosen = this.#messages[pick % Math.max(1, this.#messages.length)]
    if (chosen === undefined) return
    chosen.durable = true
    this.#gate.confirm(chosen.entry, 0)
  }

  settle(pick: number): void {
    const chosen = this.#messages[pick % Math.max(1, this.#messages.length)]
    if (chosen === undefined) return
    if (!chosen.durable) chosen.settled = true
    chosen.durable = true
    this.#gate.settle(chosen.entry, 0)
  }

  check(): void {
    const open = this.#messages.findIndex(({ written, durable }) => !written || !durable)
    const inTurn = open === -1 ? this.#messages.length : open
    const mayLeave = ({ written, settled }: Modelled, index: number): boolean => index < inTurn || (written && settled)
    const expected = this.#messages.flatMap((message, index) => (mayLeave(message, index) ? [index + 1] : []))
    expect([...this.#released].sort((a, b) => a - b)).toEqual(expected)
    const ofTheTurn = this.#released.filter((id) => this.#messages[id - 1]?.settled === false)
    expect(ofTheTurn).toEqual([...ofTheTurn].sort((a, b) => a - b))
    expect(this.#gate.size).toBe(this.#messages.length - expected.length)
    expect(this.#gate.oldest).toBe(this.#messages[inTurn]?.entry)
  }
}

const step = fc.record({
  kind: fc.constantFrom('receive' as const, 'write' as const, 'confirm' as const, 'settle' as const),
  pick: fc.nat()
})

describe('AckGate', () => {
  it('releases exactly the longest row of messages, from the oldest on, that are durable and acknowledged by the client, and whatever is settled out of turn', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const model = new GateModel()
        for (const { kind, pick } of steps) {
          model[kind](pick)
          model.check()
        }
      })
    )
  })

  it('keeps its place over many messages', () => {
    const { gate, released } = gateWithRecord()
    const entries: Unacknowledged[] = []
    for (let id = 1; id <= 20_000; id += 1) {
      entries.push(gate.expect(id, 0))
      gate.hold(id, ackOf(id))
    }
    for (const entry of entries.slice(1)) gate.confirm(entry, 0)
    expect(released).toEqual([])
    for (const entry of entries.slice(0, 1)) gate.confirm(entry, 0)
    expect(released).toHaveLength(20_000)
    expect(released).toEqual(entries.map(({ packetId }) => packetId))
    expect(gate.size).toBe(0)
  })

  it('lets any number of settled messages pass one that waits, and remembers none of them', () => {
    const { gate, released } = gateWithRecord()
    const first = gate.expect(1, 0)
    gate.hold(1, ackOf(1))
    for (let id = 2; id <= 30_000; id += 1) {
      gate.settle(gate.expect(id, 0), 0)
      gate.hold(id, ackOf(id))
      expect(gate.size).toBe(1)
    }
    expect(released).toHaveLength(29_999)
    expect(gate.oldest).toBe(first)
    gate.confirm(first, 0)
    expect([gate.size, released.at(-1)]).toEqual([0, 1])
    gate.confirm(gate.expect(2, 0), 0)
    gate.hold(2, ackOf(2))
    expect(released.at(-1)).toBe(2)
  })

  it('refuses an acknowledgement that is not the next one', () => {
    const { gate, released } = gateWithRecord()
    const first = gate.expect(1, 0)
    gate.expect(2, 0)
    expect(() => gate.hold(2, ackOf(2))).toThrow(AckOrderError)
    expect(() => new AckGate(() => undefined).hold(1, ackOf(1))).toThrow(AckOrderError)
    gate.confirm(first, 0)
    expect(released).toEqual([])
  })

  it('releases nothing after it was dropped', () => {
    const { gate, released } = gateWithRecord()
    const entry = gate.expect(1, 0)
    gate.hold(1, ackOf(1))
    gate.drop()
    gate.confirm(entry, 0)
    gate.hold(7, ackOf(7))
    gate.confirm(gate.expect(2, 0), 0)
    expect(released).toEqual([])
    expect(gate.size).toBe(0)
  })

  it('tells since when a later message has been durable while the oldest is not', () => {
    const { gate } = gateWithRecord()
    const [first, second, third, fourth] = [1, 2, 3, 4].map((id) => {
      const entry = gate.expect(id, 100)
      gate.hold(id, ackOf(id))
      return entry
    }) as [Unacknowledged, Unacknowledged, Unacknowledged, Unacknowledged]
    expect(gate.overtakenSinceMs).toBeUndefined()
    gate.confirm(third, 200)
    expect(gate.overtakenSinceMs).toBe(200)
    gate.confirm(fourth, 250)
    expect(gate.overtakenSinceMs).toBe(200)
    gate.confirm(first, 300)
    // The second is now the oldest, and behind the third as well.
    expect(gate.overtakenSinceMs).toBe(300)
    gate.confirm(second, 400)
    expect(gate.overtakenSinceMs).toBeUndefined()
    expect(gate.oldest).toBeUndefined()
  })
})
