import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LANES, type Lane } from '../events/define-event.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { LoggedEvent } from './event-log.ts'
import type { ServedTopic } from './forwarded-cursors.ts'
import type { GapData } from './gap-events.ts'
import { GapLedger } from './gap-ledger.ts'
import { byLane } from './lane-tables.ts'
import { DEFAULT_LOG_LIMITS } from './log-limits.ts'
import type { LogStore } from './log-store.ts'
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
  | { readonly kind: 'evict' | 'tell' | 'checkpoint' | 'crash' | 'reopen' | 'move' }
  | { readonly kind: (typeof FILE_ACTIONS)[number] }
  | { readonly kind: 'age'; readonly days: number }

const FILE_ACTIONS = [
  'copy',
  'copy-all',
  'restore',
  'restore-after-crash',
  'restore-all',
  'delete',
  'delete-after-crash',
  'damage',
  'damage-lives',
  'damage-rows',
  'damage-all'
] as const

/** `mischief`: how often something happens to the files. */
const actionWith = (mischief: number): fc.Arbitrary<Action> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('append' as const), lane: fc.constantFrom(...LANES), count: fc.integer({ min: 1, max: 9 }) })
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('pack' as const), lane: fc.constantFrom(...LANES) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('forward' as const),
        lane: fc.constantFrom(...LANES),
        count: fc.integer({ min: 1, max: 12 })
      })
    },
    {
      weight: 4,
      arbitrary: fc
        .constantFrom('evict' as const, 'tell' as const, 'checkpoint' as const, 'crash' as const, 'reopen' as const)
        .map((kind) => ({
          kind
        }))
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('age' as const), days: fc.integer({ min: 1, max: 400 }) }) },
    { weight: mischief, arbitrary: fc.constantFrom(...FILE_ACTIONS, 'move' as const).map((kind) => ({ kind })) }
  )

class World {
  readonly directory = join(freshDirectory(), 'log')
  readonly #saved = freshDirectory()
  readonly #committed = new Map<string, string>()
  readonly #received = new Map<string, LoggedEvent>()
  readonly #highWater = new Map<string, number>()
  /** Where the numbers of an epoch begin, by lane. */
  readonly #starts = new Map<string, Record<Lane, number>>()
  #machine = 1
  #n = 0
  #wallMs = 1_790_000_000_000
  #hasCopy = false
  store: LogStore

  constructor() {
    this.store = this.#open()
  }

  #open(damage?: string): LogStore {
    // Each life takes some time: two epochs never begin in the same millisecond here, though nothing depends on it.
    this.#wallMs += 1000
    const stamp = () => ({ key: 'gw1', bootId: 'b', clockQuality: 'synchronised' as const, wallMs: this.#wallMs, monotonicMs: 1 })
    let own = 0
    const { store, newLife } = openLogStore({
      directory: this.directory,
      stamp,
      machineId: `machine${this.#machine}`,
      onOwnEvents: (events) => {
        own += events.length
      },
      ...(damage === undefined ? {} : { damage })
    })
    if (newLife !== undefined)
      this.#starts.set(
        store.epoch,
        byLane((lane) => store.lastSequence(lane) + 1 - (lane === 'alarm' ? own : 0))
      )
    store.serveTopics(TOPICS)
    return store
  }

  #file(suffix = ''): string {
    return join(this.directory, `events.db${suffix}`)
  }

  #reopenAfter(change: () => void, damage?: string): void {
    this.store.close()
    change()
    this.store = this.#open(damage)
  }

  /** As it is after a kill: what SQLite had written to its files is there, and nothing was closed. */
  #crash(change: () => void = () => undefined): void {
    const files = ['', '-wal'].map((suffix) => ({ path: this.#file(suffix), bytes: readFileSync(this.#file(suffix)) }))
    this.#reopenAfter(() => {
      for (const { path, bytes } of files) writeFileSync(path, bytes)
      change()
    })
  }

  #putBack(): void {
    if (existsSync(join(this.#saved, 'events.db'))) copyFileSync(join(this.#saved, 'events.db'), this.#file())
  }

  /** Rows of the tail or blocks are gone, which the check at opening finds when others stand around them; here it is told. */
  #loseRows(which: string): void {
    for (const lane of LANES)
      for (const table of ['tail', 'block']) this.store.db.prepare(`DELETE FROM ${lane}_${table} WHERE ${which}`).run()
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
        {
          const { epoch } = this.store
          this.#crash()
          expect(this.store.epoch).toBe(epoch)
        }
        break
      case 'tell':
        this.#tell()
        break
      case 'checkpoint':
        this.store.db.pragma('wal_checkpoint(PASSIVE)')
        break
      case 'damage':
        this.#reopenAfter(() => undefined, 'said so')
        break
      case 'damage-lives':
        this.store.db.prepare("DELETE FROM meta WHERE name = 'lives'").run()
        this.#reopenAfter(() => undefined, 'said so')
        break
      case 'damage-rows':
        this.#loseRows('last_seq % 3 = 1')
        this.#reopenAfter(() => undefined, 'said so')
        break
      case 'damage-all':
        this.#reopenAfter(() => writeFileSync(this.#file(), Buffer.alloc(40_000, 0x5a)))
        break
      case 'reopen':
        this.#reopenAfter(() => undefined)
        break
      case 'move':
        this.#reopenAfter(() => this.#machine++)
        break
      case 'delete':
        this.#reopenAfter(() => {
          for (const suffix of ['', '-wal', '-shm']) rmSync(this.#file(suffix), { force: true })
        })
        break
      case 'delete-after-crash':
        this.#crash(() => rmSync(this.#file()))
        break
      case 'copy':
        this.#reopenAfter(() => copyFileSync(join(this.directory, 'events.db'), join(this.#saved, 'events.db')))
        break
      case 'restore':
        this.#reopenAfter(() => this.#putBack())
        break
      case 'restore-after-crash':
        this.#crash(() => this.#putBack())
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
    // What was told to be lost may come late, out of a copy from before it was.
    else if (!this.#told(event.epoch, event.lane, event.sequence)) expect(event.sequence).toBeGreaterThan(this.#highWater.get(stream) ?? 0)
    this.#received.set(name, event)
    this.#highWater.set(stream, Math.max(event.sequence, this.#highWater.get(stream) ?? 0))
  }

  #tell(): void {
    const ledger = new GapLedger(this.store.db)
    this.store.tell(() => ledger.take(this.#wallMs, true))
  }

  settle(): void {
    this.#tell()
    for (const lane of LANES) while (this.#forward(lane, 100));
  }

  #gaps(): LoggedEvent[] {
    return [...this.#received.values()].filter(({ type }) => type === 'DataGap')
  }

  #told(epoch: string, lane: string, sequence: number): boolean {
    return this.#gaps().some((event) => {
      const gap = JSON.parse(event.body) as GapData
      if (gap.lane !== lane || gap.epoch === null) return false
      // An open end speaks of all that came between its epoch and the one that tells of it.
      if (gap.to === null && Number(gap.epoch) < Number(epoch) && Number(epoch) < Number(event.epoch)) return true
      return gap.epoch === epoch && (gap.from ?? 0) <= sequence && sequence <= (gap.to ?? Number.POSITIVE_INFINITY)
    })
  }

  check(): void {
    const gaps = this.#gaps()
    const lost = [...this.#committed].filter(([name, body]) => {
      const [epoch = '', lane = '', sequence = ''] = name.split(' ')
      const received = this.#received.get(name)
      if (received === undefined) return !this.#told(epoch, lane, Number(sequence))
      expect(received.body).toBe(body)
      return false
    })
    expect(lost.map(([name]) => name)).toEqual([])
    const strays = gaps.filter(({ body }) => {
      const { epoch, lane, from } = JSON.parse(body) as GapData
      return from !== null && from < (this.#starts.get(epoch ?? '')?.[lane] ?? 0)
    })
    expect(strays.map(({ body }) => body)).toEqual([])
    const firsts = [...this.#received.values()].filter(
      ({ epoch, lane, sequence }) => lane === 'alarm' && sequence === this.#starts.get(epoch)?.alarm
    )
    expect(firsts.filter(({ type }) => type !== 'DataGap')).toEqual([])
  }

  /** What the store keeps in mind of the tail is what is there. */
  checkTail(): void {
    for (const lane of LANES) {
      const { events, oldest } = this.store.statements[lane].tailSize.get() ?? { events: 0, oldest: null }
      expect([this.store.tailEvents(lane), this.store.tailSince(lane)]).toEqual([events, oldest])
    }
  }

  dispose(): void {
    this.store.close()
    rmSync(join(this.directory, '..'), { recursive: true, force: true })
    rmSync(this.#saved, { recursive: true, force: true })
  }
}

const history = fc.oneof(...[4, 16].map((mischief) => fc.array(actionWith(mischief), { minLength: 5, maxLength: 40 })))
const SEED = process.env['TAGWARD_MODEL_SEED']
const RUNS = Number(process.env['TAGWARD_MODEL_RUNS'] ?? 25)
/** A history takes well under a second. */
const LIMIT_MS = 120_000 + RUNS * 1_000

it(
  'loses nothing that it does not tell of, whatever happens',
  () => {
    fc.assert(
      fc.property(history, (actions) => {
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

const append = (lane: Lane, count: number): Action => ({ kind: 'append', lane, count })
const forward = (lane: Lane, count: number): Action => ({ kind: 'forward', lane, count })
const plain = (kind: Exclude<Action['kind'], 'append' | 'forward' | 'pack' | 'age'>): Action => ({ kind })

it.each<[string, Action[]]>([
  [
    'a copy is put back beside the write-ahead log of what came after it',
    [
      plain('copy'),
      append('alarm', 3),
      plain('reopen'),
      forward('alarm', 9),
      forward('telemetry', 9),
      plain('crash'),
      append('telemetry', 2),
      plain('restore-after-crash'),
      plain('evict')
    ]
  ],
  [
    'the same, with carried-over pages in between',
    [
      append('telemetry', 4),
      { kind: 'pack', lane: 'telemetry' },
      plain('copy'),
      append('telemetry', 3),
      plain('checkpoint'),
      append('alarm', 2),
      plain('checkpoint'),
      forward('telemetry', 2),
      append('telemetry', 2),
      plain('restore-after-crash'),
      append('telemetry', 1)
    ]
  ],
  [
    'a gap is lost with the database before it is told, or told and not forwarded',
    [
      append('telemetry', 1),
      plain('evict'),
      append('telemetry', 1),
      forward('telemetry', 1),
      plain('reopen'),
      plain('delete'),
      append('telemetry', 2),
      plain('evict'),
      plain('tell'),
      append('telemetry', 1),
      forward('telemetry', 1),
      plain('delete')
    ]
  ],
  [
    'a gap is told after the cursor has passed what it names, and lost with the database',
    [
      append('telemetry', 1),
      plain('evict'),
      append('telemetry', 1),
      forward('telemetry', 1),
      plain('tell'),
      append('alarm', 1),
      plain('delete-after-crash'),
      append('alarm', 1)
    ]
  ],
  [
    'a gap that is not forwarded is lost with the row it stands in',
    [append('telemetry', 3), plain('evict'), plain('tell'), append('telemetry', 1), forward('telemetry', 9), plain('damage-all')]
  ]
])('loses nothing untold when %s', (_, steps) => {
  const world = new World()
  try {
    for (const step of steps) world.run(step)
    world.settle()
    world.check()
  } finally {
    world.dispose()
  }
})

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
