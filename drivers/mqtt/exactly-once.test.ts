import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExactlyOnce } from './exactly-once.ts'

const TOPIC = 'dwm/node/4d18/uplink/location'
const SOS = Buffer.from('sos')

describe('ExactlyOnce', () => {
  it('knows a message that is sent again because our PUBREC was lost', () => {
    const memory = new ExactlyOnce()
    expect(memory.connected(false)).toBe(false)
    memory.receive(5, false, TOPIC, SOS)?.()
    expect(memory.connected(true)).toBe(false)
    expect(memory.receive(5, true, TOPIC, SOS)).toBeUndefined()
  })

  it('takes a message for new when it is not known to be durable', () => {
    const memory = new ExactlyOnce()
    memory.connected(false)
    const durable = memory.receive(5, false, TOPIC, SOS)
    memory.connected(true)
    expect(memory.receive(5, true, TOPIC, SOS)).toBeDefined()
    // The late word from the first connection concerns the first copy only.
    durable?.()
    memory.connected(true)
    expect(memory.receive(5, true, TOPIC, SOS)).toBeDefined()
  })

  it('takes a repeat within one connection for known while the first is being stored', () => {
    const memory = new ExactlyOnce()
    memory.connected(false)
    expect(memory.receive(5, false, TOPIC, SOS)).toBeDefined()
    expect(memory.receive(5, true, TOPIC, SOS)).toBeUndefined()
  })

  it('never takes another message for a repeat, whatever ids the broker gives', () => {
    const memory = new ExactlyOnce()
    memory.connected(false)
    memory.receive(5, false, TOPIC, SOS)?.()
    expect(memory.receive(5, true, TOPIC, Buffer.from('fall'))).toBeDefined()
    memory.receive(6, false, TOPIC, SOS)?.()
    expect(memory.receive(6, true, 'other', SOS)).toBeDefined()
    memory.receive(7, false, TOPIC, SOS)?.()
    expect(memory.receive(7, false, TOPIC, SOS)).toBeDefined()
    memory.receive(8, false, TOPIC, SOS)?.()
    memory.completed(8)
    expect(memory.receive(8, true, TOPIC, SOS)).toBeDefined()
    memory.receive(9, false, TOPIC, SOS)?.()
    expect(memory.connected(false)).toBe(true)
    expect(memory.receive(9, true, TOPIC, SOS)).toBeDefined()
  })

  it('stores every message at least once over any run of losses, and holds one entry an id at most', () => {
    const event = fc.record({
      kind: fc.constantFrom('send' as const, 'sendAgain' as const, 'commit' as const, 'complete' as const, 'cut' as const),
      id: fc.integer({ min: 1, max: 3 })
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 100 }), (events) => {
        const world = new LossyWorld()
        for (const { kind, id } of events) {
          world[kind](id)
          expect(world.memory.size).toBeLessThanOrEqual(3)
        }
      })
    )
  })
})

/** A broker that sends and sends again, and a log that loses on its way what a cut finds there. */
class LossyWorld {
  readonly memory = new ExactlyOnce()
  readonly #payloads = new Map<number, string>()
  readonly #storing = new Map<number, (() => void)[]>()
  readonly #stored = new Set<string>()
  #serial = 0

  constructor() {
    this.memory.connected(false)
  }

  send(id: number): void {
    if (this.#payloads.has(id)) return
    this.#serial += 1
    this.#payloads.set(id, `message ${this.#serial}`)
    this.#handOver(id, false)
  }

  sendAgain(id: number): void {
    if (this.#payloads.has(id)) this.#handOver(id, true)
  }

  commit(id: number): void {
    for (const done of this.#storing.get(id)?.splice(0) ?? []) done()
  }

  complete(id: number): void {
    if (!this.#stored.has(this.#payloads.get(id) ?? '')) return
    this.memory.completed(id)
    this.#payloads.delete(id)
    this.#storing.delete(id)
  }

  cut(): void {
    this.memory.connected(true)
    this.#storing.clear()
  }

  #handOver(id: number, dup: boolean): void {
    const payload = this.#payloads.get(id) ?? ''
    const durable = this.memory.receive(id, dup, TOPIC, Buffer.from(payload))
    const storing = this.#storing.get(id) ?? []
    // Taken for a repeat: then it is stored, or on its way there in this very connection.
    if (durable === undefined) expect(this.#stored.has(payload) || storing.length > 0).toBe(true)
    else
      storing.push(() => {
        this.#stored.add(payload)
        durable()
      })
    this.#storing.set(id, storing)
  }
}
