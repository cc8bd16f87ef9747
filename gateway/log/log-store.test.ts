import { copyFileSync, cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LANES, type Lane } from '../events/define-event.ts'
import { BatchBuilder } from './batch-codec.ts'
import type { LoggedEvent } from './event-log.ts'
import type { GapData } from './gap-events.ts'
import { GapLedger } from './gap-ledger.ts'
import { byLane } from './lane-tables.ts'
import { DEFAULT_LOG_LIMITS } from './log-limits.ts'
import type { LogStore, ServedTopic } from './log-store.ts'
import { freshDirectory, movement } from './log-test-support.ts'
import { openLogReader } from './open-log-reader.ts'
import { openLogStore } from './open-log-store.ts'
import { Packer } from './packer.ts'
import { Retention } from './retention.ts'

/**
 * The store against a model of whom it serves: a receiver that has what was forwarded. Whatever happens, in whatever order, in the end
 * each event that was committed has been received, unchanged and in order, or a DataGap that was received names it.
 */

const DAY_MS = 24 * 60 * 60_000
const TOPICS: readonly ServedTopic[] = [
  { lane: 'alarm', topic: 'tag-alert', type: 'TagAlert' },
  { lane: 'alarm', topic: 'data-gap', type: 'DataGap' },
  { lane: 'telemetry', topic: 'tag-movement', type: 'TagMovement' }
]

type Action =
  | { readonly kind: 'append'; readonly lane: Lane; readonly count: number }
  | { readonly kind: 'pack'; readonly lane: Lane }
  | { readonly kind: 'forward'; readonly lane: Lane; readonly count: number }
  | { readonly kind: 'evict' | 'crash' | 'reopen' | 'copy' | 'copy-all' | 'restore' | 'restore-all' | 'delete' | 'move' }
  | { readonly kind: 'age'; readonly days: number }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('append' as const), lane: fc.constantFrom(...LANES), count: fc.integer({ min: 1, max: 9 }) })
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pack' as const), lane: fc.constantFrom(...LANES) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('forward' as const), lane: fc.constantFrom(...LANES), count: fc.integer({ min: 1, max: 12 }) })
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('evict' as const, 'crash' as const, 'reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('age' as const), days: fc.integer({ min: 1, max: 400 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'copy' as const,
        'copy-all' as const,
        'restore' as const,
        'restore-all' as const,
        'delete' as const,
        'move' as const
      )
    })
  }
)

class World {
  readonly directory = join(freshDirectory(), 'log')
  readonly #saved = freshDirectory()
  readonly #committed = new Map<string, string>()
  readonly #received = new Map<string, LoggedEvent>()
  readonly #highWater = new Map<string, number>()
  readonly #abandoned: LogStore[] = []
  #machine = 1
  #n = 0
  #wallMs = 1_790_000_000_000
  #hasCopy = false
  store: LogStore

  constructor() {
    this.store = this.#open()
  }

  #open(): LogStore {
    // Each life takes some time: two epochs never begin in the same millisecond here, though nothing depends on it.
    this.#wallMs += 1000
    const stamp = () => ({ key: 'gw1', bootId: 'b', clockQuality: 'synchronised' as const, wallMs: this.#wallMs, monotonicMs: 1 })
    const { store } = openLogStore({ directory: this.directory, stamp, machineId: `machine${this.#machine}` })
    store.serveTopics(TOPICS)
    return store
  }

  #reopenAfter(change: () => void): void {
    this.store.close()
    change()
    this.store = this.#open()
  }

  run(step: Action): void {
    switch (step.kind) {
      case 'append':
        this.#append(step.lane, step.count)
        break
      case 'pack': {
        const outcome = new Packer(this.store.db).pack(step.lane)
        if (outcome.kind === 'packed') expect(this.store.swapIn(outcome.block)).toBe(true)
        break
      }
      case 'forward':
        this.#forward(step.lane, step.count)
        break
      case 'evict':
        this.#retention().byPressure('size', this.#wallMs)
        break
      case 'age':
        this.#wallMs += step.days * DAY_MS
        this.#retention().byAge(this.#wallMs, 1, 3)
        break
      case 'crash':
        this.#abandoned.push(this.store)
        this.store = this.#open()
        break
      case 'reopen':
        this.#reopenAfter(() => undefined)
        break
      case 'move':
        this.#reopenAfter(() => this.#machine++)
        break
      case 'delete':
        this.#reopenAfter(() => {
          for (const suffix of ['', '-wal', '-shm']) rmSync(join(this.directory, `events.db${suffix}`), { force: true })
        })
        break
      case 'copy':
        this.#reopenAfter(() => copyFileSync(join(this.directory, 'events.db'), join(this.#saved, 'events.db')))
        break
      case 'restore':
        if (!existsSync(join(this.#saved, 'events.db'))) return
        this.#reopenAfter(() => copyFileSync(join(this.#saved, 'events.db'), join(this.directory, 'events.db')))
        break
      case 'copy-all':
        this.#hasCopy = true
        this.#reopenAfter(() => cpSync(this.directory, join(this.#saved, 'all'), { recursive: true }))
        break
      case 'restore-all':
        if (!this.#hasCopy) return
        this.#reopenAfter(() => {
          rmSync(this.directory, { recursive: true })
          cpSync(join(this.#saved, 'all'), this.directory, { recursive: true })
        })
    }
  }

  #retention(): Retention {
    return new Retention(this.store, new GapLedger(this.store.db), DEFAULT_LOG_LIMITS)
  }

  #append(lane: Lane, count: number): void {
    const builder = new BatchBuilder()
    const first = this.store.lastSequence(lane) + 1
    for (let i = 0; i < count; i++) {
      const event = movement(this.#n++, lane)
      const body = JSON.stringify(event.data)
      builder.add(event, body)
      this.#committed.set(`${this.store.epoch} ${lane} ${first + i}`, body)
    }
    this.store.commit([{ lane, payload: builder.finish(), count }])
  }

  /** What the forwarder does: read on from the cursor, receive, advance. */
  #forward(lane: Lane, count: number): boolean {
    const topics = TOPICS.filter((served) => served.lane === lane)
    const at = Math.min(
      ...topics.map(({ topic }) => this.store.cursors().find((each) => each.lane === lane && each.topic === topic)?.sequence ?? 0)
    )
    const reader = openLogReader(join(this.directory, 'events.db'))
    const { events, scannedTo } = reader.read(lane, at, { maxEvents: count, maxBytes: 1e9 })
    reader.close()
    for (const event of events) this.#receive(event)
    this.store.advance(topics.map(({ topic }) => ({ lane, topic, sequence: scannedTo })))
    this.store.commit([])
    return events.length > 0
  }

  /** A receiver keeps a high-water mark per epoch and lane; what is above it must be new and in order. */
  #receive(event: LoggedEvent): void {
    const name = `${event.epoch} ${event.lane} ${event.sequence}`
    const stream = `${event.epoch} ${event.lane}`
    const before = this.#received.get(name)
    if (before !== undefined) expect(event).toEqual(before)
    else expect(event.sequence).toBeGreaterThan(this.#highWater.get(stream) ?? 0)
    this.#received.set(name, event)
    this.#highWater.set(stream, Math.max(event.sequence, this.#highWater.get(stream) ?? 0))
  }

  settle(): void {
    const ledger = new GapLedger(this.store.db)
    this.store.tell(() => ledger.take(this.#wallMs, true))
    for (const lane of LANES) while (this.#forward(lane, 100));
  }

  check(): void {
    const gaps = [...this.#received.values()].filter(({ type }) => type === 'DataGap')
    const told = (epoch: string, lane: string, sequence: number) =>
      gaps.some((event) => {
        const gap = JSON.parse(event.body) as GapData
        if (gap.lane !== lane || gap.epoch === null) return false
        // An open end speaks of all that came between its epoch and the one that tells of it.
        if (gap.to === null && Number(gap.epoch) < Number(epoch) && Number(epoch) < Number(event.epoch)) return true
        return gap.epoch === epoch && (gap.from ?? 0) <= sequence && sequence <= (gap.to ?? Number.POSITIVE_INFINITY)
      })
    const lost = [...this.#committed].filter(([name, body]) => {
      const [epoch = '', lane = '', sequence = ''] = name.split(' ')
      const received = this.#received.get(name)
      if (received === undefined) return !told(epoch, lane, Number(sequence))
      expect(received.body).toBe(body)
      return false
    })
    expect(lost.map(([name]) => name)).toEqual([])
    const alarmsByEpoch = new Map<string, LoggedEvent>()
    for (const event of this.#received.values()) {
      const first = alarmsByEpoch.get(event.epoch)
      if (event.lane === 'alarm' && (first === undefined || event.sequence < first.sequence)) alarmsByEpoch.set(event.epoch, event)
    }
    expect([...alarmsByEpoch.values()].filter(({ type }) => type !== 'DataGap')).toEqual([])
  }

  /** What the store keeps in mind of the tail is what is there. */
  checkTail(): void {
    for (const lane of LANES) {
      const { events, oldest } = this.store.statements[lane].tailSize.get() ?? { events: 0, oldest: null }
      expect([this.store.tailEvents(lane), this.store.tailSince(lane)]).toEqual([events, oldest])
    }
  }

  dispose(): void {
    for (const store of [this.store, ...this.#abandoned]) store.close()
    rmSync(join(this.directory, '..'), { recursive: true, force: true })
    rmSync(this.#saved, { recursive: true, force: true })
  }
}

const SEED = process.env['TAGWARD_MODEL_SEED']
const RUNS = Number(process.env['TAGWARD_MODEL_RUNS'] ?? 25)
/** A history takes well under a second. */
const LIMIT_MS = 120_000 + RUNS * 1_000

it(
  'loses nothing that it does not tell of, whatever happens',
  () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 40 }), (actions) => {
        const world = new World()
        try {
          for (const step of actions) {
            world.run(step)
            world.checkTail()
          }
          world.settle()
          world.check()
        } finally {
          world.dispose()
        }
      }),
      { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) }
    )
  },
  LIMIT_MS
)

it('never evicts an alarm that is not forwarded, and tells what it evicts in one gap', () => {
  const world = new World()
  for (let i = 0; i < 5; i++) {
    world.run({ kind: 'append', lane: 'telemetry', count: 4 })
    world.run({ kind: 'append', lane: 'alarm', count: 1 })
  }
  for (let i = 0; i < 12; i++) world.run({ kind: 'evict' })
  world.run({ kind: 'age', days: 4000 })
  expect(byLane((lane) => world.store.firstSequence(lane))).toEqual({ alarm: 1, telemetry: 21 })
  const reader = openLogReader(join(world.directory, 'events.db'))
  const ledger = new GapLedger(world.store.db)
  world.store.tell(() => ledger.take(0, true))
  const last = reader.read('alarm', 0, { types: new Set(['DataGap']), maxEvents: 10, maxBytes: 1e6 }).events
  reader.close()
  expect(last.slice(1).map(({ body }) => JSON.parse(body))).toMatchObject([
    { lane: 'telemetry', reason: 'evicted-by-size', from: 1, to: 20, countByType: { TagMovement: 20 }, epoch: world.store.epoch }
  ])
  world.dispose()
})
