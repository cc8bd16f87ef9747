import type { Clock, Command, SendOutcome } from '../drivers/driver.ts'
import type { GatewayView, LogProgress } from '../gateway/state/gateway-view.ts'
import type { AlarmView, Overview, PlanView, Snapshot, SourceView, TagView } from '../gateway/state/snapshot.ts'

const COUNTERS = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }

export function fakeSource(id: string, rest: Partial<SourceView> = {}): SourceView {
  return { id, driver: 'mqtt', protocol: 'pans-mqtt', health: 'up', lastError: null, counters: COUNTERS, steerable: false, ...rest }
}

const rectangle = (x: number, y: number, width: number, height: number) => [
  { x, y },
  { x: x + width, y },
  { x: x + width, y: y + height },
  { x, y: y + height }
]

export const FAKE_PLAN: PlanView = {
  name: 'Demo site',
  sources: ['demo'],
  outline: rectangle(0, 0, 60, 36),
  rooms: [
    { name: 'Press hall', outline: rectangle(2, 14, 30, 20) },
    { name: 'Paint shop', outline: rectangle(36, 18, 22, 16) },
    { name: 'Store', outline: rectangle(36, 2, 22, 12) },
    { name: 'Office', outline: rectangle(2, 2, 14, 8) }
  ],
  anchors: [
    { id: 'demo:a001', x: 2, y: 2 },
    { id: 'demo:a002', x: 58, y: 2 },
    { id: 'demo:a003', x: 58, y: 34 },
    { id: 'demo:a004', x: 2, y: 34 },
    { id: 'demo:a005', x: 32, y: 18 }
  ]
}

export function fakeSnapshot(clock: Clock): Snapshot {
  const nowMono = clock.monotonicMs()
  return {
    nowMono,
    time: clock.wallMs(),
    gateway: {
      id: 'gw-7f3a',
      site: 'demo',
      epoch: '0001',
      version: '0.1.0',
      startedMono: nowMono - 125_000,
      clockQuality: 'synchronised'
    },
    sources: [fakeSource('demo', { driver: 'simulator', protocol: null, steerable: true })],
    lanes: {
      alarm: { lastSequence: 12, durableSequence: 12, waiting: 0, backlog: 0, backlogAgeMs: null, forwarded: 0 },
      telemetry: { lastSequence: 5000, durableSequence: 5000, waiting: 0, backlog: 0, backlogAgeMs: null, forwarded: 0 }
    },
    storage: {
      state: 'ok',
      error: null,
      logBytes: 48_000_000,
      freeBytes: 12_400_000_000,
      commits: 1000,
      lastCommitMs: 3.2,
      damagedBlocks: 0
    },
    uplink: { configured: false, brokers: [], reachable: null, lastError: null, differences: [], setAside: 0 },
    tags: [],
    alarms: [],
    problems: [],
    plan: FAKE_PLAN
  }
}

/** A gateway in memory: a test sets what it shows and sees what it was told. */
export class FakeGatewayView implements GatewayView {
  readonly commands: { sourceId: string; target: string; command: Command }[] = []
  /** How often the whole state was asked for. */
  snapshots = 0
  outcome: SendOutcome = { stage: 'acknowledged' }
  readonly #clock: Clock
  readonly #listeners = new Set<(alarm: AlarmView) => void>()
  #state: Snapshot

  constructor(clock: Clock) {
    this.#clock = clock
    this.#state = fakeSnapshot(clock)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  set(part: Partial<Snapshot>): void {
    this.#state = { ...this.#state, ...part }
  }

  setTag(tag: TagView): void {
    this.set({ tags: [...this.#state.tags.filter((other) => other.id !== tag.id), tag] })
  }

  raise(alarm: AlarmView): void {
    this.set({ alarms: [alarm, ...this.#state.alarms].slice(0, 50) })
    for (const listener of this.#listeners) listener(alarm)
  }

  snapshot(): Snapshot {
    this.snapshots += 1
    return { ...this.#state, nowMono: this.#clock.monotonicMs(), time: this.#clock.wallMs() }
  }

  overview(): Overview {
    const { tags, alarms: _, plan: __, ...common } = this.#state
    return { ...common, nowMono: this.#clock.monotonicMs(), time: this.#clock.wallMs(), tagCount: tags.length }
  }

  hasSource(sourceId: string): boolean {
    return this.#state.sources.some(({ id }) => id === sourceId)
  }

  logProgress(): LogProgress {
    const { storage, lanes } = this.#state
    const waiting = lanes.alarm.waiting + lanes.telemetry.waiting
    return { storage: storage.state, storageError: storage.error, commits: storage.commits, waiting }
  }

  subscribe(listener: (alarm: AlarmView) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  command(sourceId: string, target: string, command: Command): Promise<SendOutcome> {
    this.commands.push({ sourceId, target, command })
    return Promise.resolve(this.outcome)
  }
}
