import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryKafka, type MemoryKafka, type Mishap } from '../../test-support/memory-kafka.ts'
import { createMemoryReader, type MemoryReader } from '../../test-support/memory-reader.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { LANES, type Lane } from '../events/define-event.ts'
import type { ForwarderMessage } from '../log/reader-contract.ts'
import { Forwarder } from './forwarder.ts'
import type { KafkaSettings } from './kafka-settings.ts'

const SETTINGS: KafkaSettings = { brokers: ['kafka:9092'], prefix: 'p' }
const TYPES = ['TagAlert', 'TagMovement', 'DeviceStatus'] as const
const TOPICS: Readonly<Record<(typeof TYPES)[number], string>> = {
  TagAlert: 'p.tag-alert',
  TagMovement: 'p.tag-movement',
  DeviceStatus: 'p.device-status'
}
/** In all three partitions. */
const KEYS = ['ble:a', 'ble:b', 'ble:d', 'ble:c', 'ble:e']
const RUNS = Number(process.env['FORWARD_HISTORIES'] ?? 150)

type Step =
  | { readonly kind: 'append'; readonly lane: Lane; readonly types: readonly number[]; readonly poison: boolean }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'mishap'; readonly mishap: Mishap }
  | { readonly kind: 'link'; readonly up: boolean }
  | { readonly kind: 'topic'; readonly type: number; readonly refused: boolean }
  /** Killed: what was told to the log since its last commit is gone, and what was under way may have arrived. */
  | { readonly kind: 'crash' }
  | { readonly kind: 'commit' }
  | { readonly kind: 'configure'; readonly online: boolean }
  | { readonly kind: 'clock-step'; readonly ms: number }

const type = fc.nat({ max: TYPES.length - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      lane: fc.constantFrom(...LANES),
      types: fc.array(type, { minLength: 1, maxLength: 6 }),
      poison: fc.boolean()
    })
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 5, 50, 700, 20_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('mishap' as const),
      mishap: fc.constantFrom<Mishap>('lost-ack', 'partial', 'lost-request', 'silence', 'split')
    })
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('link' as const), up: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('topic' as const), type, refused: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('configure' as const), online: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock-step' as const), ms: fc.constantFrom(-86_400_000, 3_600_000, 1_000) }) }
)

const poisonBody = '{"poison":true}'

/** The gateway's side of a history: a log that commits now and then, and a forwarder that may be killed. */
class Life {
  readonly clock = createVirtualClock()
  readonly log: MemoryReader = createMemoryReader()
  readonly kafka: MemoryKafka = createMemoryKafka(3)
  #forwarder: Forwarder
  #uncommitted: ForwarderMessage[] = []
  #online = true
  readonly #draw: () => number

  constructor(draw: () => number) {
    this.#draw = draw
    this.kafka.isPoison = ({ value }) => value.includes('"poison":true')
    this.#forwarder = this.#begin()
  }

  #begin(): Forwarder {
    const life = { alive: true }
    const forwarder = new Forwarder({
      identity: { site: 's', gatewayId: 'g' },
      reader: this.log,
      clock: this.clock,
      random: this.#draw,
      createPort: () => this.kafka.createPort(this.clock),
      tell: (message) => {
        if (life.alive && this.#forwarder === forwarder) this.#told(message)
      },
      onChange: () => undefined
    })
    return forwarder
  }

  /** Every cursor that is told must be true at that moment: all up to it is stored over there, or set aside. */
  #told(message: ForwarderMessage): void {
    this.#uncommitted.push(message)
    if (message.kind !== 'advance') return
    const aside = new Set(
      [...this.#uncommitted.flatMap((each) => (each.kind === 'set-aside' ? each.records : [])), ...this.log.setAsideRecords].map(
        ({ lane, sequence }) => `${lane}/${sequence}`
      )
    )
    for (const { lane, topic, sequence } of message.cursors) {
      const stored = new Set(this.stored(topic).flat())
      for (const event of this.log.events[lane].slice(0, sequence)) {
        const name = `${lane}/${event.sequence}`
        if (TOPICS[event.type as keyof typeof TOPICS] === topic && !stored.has(name) && !aside.has(name))
          throw new Error(`cursor of ${topic} at ${lane}/${sequence}, but ${name} is not there`)
      }
    }
  }

  /** `lane/sequence` of what is stored in a topic, by partition. */
  stored(topic: string): string[][] {
    return (this.kafka.stored.get(topic) ?? []).map((list) =>
      list.map(({ value }) => {
        const { lane, sequence } = JSON.parse(value) as { lane: string; sequence: string }
        return `${lane}/${Number(sequence)}`
      })
    )
  }

  #wake(): void {
    this.#forwarder.committed({
      epoch: this.log.epoch(),
      alarm: this.log.lastSequence('alarm'),
      telemetry: this.log.lastSequence('telemetry')
    })
  }

  commit(): void {
    for (const message of this.#uncommitted.splice(0)) this.log.take(message)
  }

  async start(): Promise<void> {
    await this.#forwarder.configure(SETTINGS)
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case 'append':
        for (const [index, type] of step.types.entries())
          this.log.append(
            step.lane,
            TYPES[type] ?? TYPES[0],
            KEYS[index % KEYS.length] ?? '',
            step.poison && index === 1 ? poisonBody : '{}'
          )
        this.#wake()
        break
      case 'advance':
        await this.clock.advance(step.ms)
        break
      case 'mishap':
        this.kafka.mishaps.push(step.mishap)
        break
      case 'link':
        this.kafka.linkUp = step.up
        break
      case 'topic': {
        const topic = TOPICS[TYPES[step.type] ?? TYPES[0]]
        if (step.refused) this.kafka.refusedTopics.add(topic)
        else this.kafka.refusedTopics.delete(topic)
        break
      }
      case 'crash': {
        const killed = this.#forwarder
        this.#uncommitted = []
        this.#forwarder = this.#begin()
        await killed.close()
        if (this.#online) await this.#forwarder.configure(SETTINGS)
        break
      }
      case 'commit':
        this.commit()
        break
      case 'configure':
        this.#online = step.online
        await this.#forwarder.configure(step.online ? SETTINGS : undefined)
        break
      case 'clock-step':
        this.clock.stepWall(step.ms)
        break
    }
  }

  /** Everything is well again, and stays so for long enough. */
  async heal(): Promise<void> {
    this.kafka.linkUp = true
    this.kafka.mishaps.length = 0
    this.kafka.refusedTopics.clear()
    if (!this.#online) await this.run({ kind: 'configure', online: true })
    this.#wake()
    for (let minute = 0; minute < 12; minute++) await this.clock.advance(60_000)
    this.commit()
    await this.#forwarder.close()
  }
}

/** What somebody gets who keeps a high-water mark for each lane and partition, and drops what is not above it. */
function passed(partitions: readonly (readonly string[])[]): string[] {
  return partitions.flatMap((list) => {
    const marks = new Map<string, number>()
    return list.filter((name) => {
      const [lane = '', sequence = '0'] = name.split('/')
      if (Number(sequence) <= (marks.get(lane) ?? 0)) return false
      marks.set(lane, Number(sequence))
      return true
    })
  })
}

describe('forwarder, random histories', () => {
  it('loses nothing, and whoever keeps a high-water mark gets everything exactly once and in order', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })),
        async (steps, draws) => {
          const life = new Life(() => draws.next().value ?? 0)
          await life.start()
          for (const each of steps) await life.run(each)
          await life.heal()
          for (const type of TYPES) {
            const due = LANES.flatMap((lane) =>
              life.log.events[lane]
                .filter((event) => event.type === type && event.body !== poisonBody)
                .map(({ sequence }) => `${lane}/${sequence}`)
            )
            expect(passed(life.stored(TOPICS[type])).sort()).toEqual(due.sort())
          }
          const poisoned = LANES.flatMap((lane) =>
            life.log.events[lane].filter(({ body }) => body === poisonBody).map(({ sequence }) => `${lane}/${sequence}`)
          )
          expect([...new Set(life.log.setAsideRecords.map(({ lane, sequence }) => `${lane}/${sequence}`))].sort()).toEqual(poisoned.sort())
          expect(life.clock.pendingTimers).toBe(0)
        }
      ),
      { numRuns: RUNS }
    )
  })
})
