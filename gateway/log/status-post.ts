import { byLane } from './lane-tables.ts'
import type { ThreadStatus } from './log-messages.ts'
import type { StoreKeeper } from './store-keeper.ts'

const AT_LEAST_EVERY_MS = 1_000

/** What a commit was like. */
export interface CommitFigures {
  readonly commits: number
  readonly lastCommitMs: number
}

/** What the log thread says of itself: when something has changed, and once a second in any case, as a sign of life. */
export class StatusPost {
  readonly #keeper: StoreKeeper
  readonly #post: (status: ThreadStatus) => void
  #lanes: ThreadStatus['lanes'] = byLane(() => ({ lastSequence: 0, firstSequence: 1 }))
  #postedText = ''
  #postedAt = 0

  constructor(keeper: StoreKeeper, post: (status: ThreadStatus) => void) {
    this.#keeper = keeper
    this.#post = post
  }

  /** A sign of life, too: it goes on whatever the disk and the database do. */
  say(figures: CommitFigures): void {
    const status = this.status(figures)
    const text = JSON.stringify(status)
    if (text === this.#postedText && performance.now() - this.#postedAt < AT_LEAST_EVERY_MS) return
    this.#postedText = text
    this.#postedAt = performance.now()
    this.#post(status)
  }

  status({ commits, lastCommitMs }: CommitFigures): ThreadStatus {
    const { store, room, health } = this.#keeper
    this.#lanes = this.#readLanes() ?? this.#lanes
    const { logBytes, freeBytes, diskFull } = room.state
    const { storage, error } = health
    const shrinking = storage === 'ok' && diskFull
    return {
      epoch: store.epoch,
      lanes: this.#lanes,
      storage: shrinking ? 'full' : storage,
      storageError: shrinking ? 'the disk is full: the oldest telemetry makes room for the new' : error,
      logBytes,
      freeBytes,
      commits,
      lastCommitMs,
      damagedBlocks: store.damagedBlocks
    }
  }

  /** Undefined: a damaged database does not even tell that. */
  #readLanes(): ThreadStatus['lanes'] | undefined {
    const { store } = this.#keeper
    try {
      return byLane((lane) => ({ lastSequence: store.lastSequence(lane), firstSequence: store.firstSequence(lane) }))
    } catch {
      return undefined
    }
  }
}
