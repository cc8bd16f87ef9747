import { statfsSync, statSync } from 'node:fs'
import { Ballast } from './ballast.ts'
import { headroomOf } from './disk-headroom.ts'
import { GapLedger } from './gap-ledger.ts'
import type { LogLimits } from './log-messages.ts'
import type { LogPaths } from './log-paths.ts'
import type { LogStore } from './log-store.ts'
import { Retention } from './retention.ts'

/** Ballast takes at most this part of what is free. */
const BALLAST_SHARE = 8
const RUNS_AT_ONCE = 1

/** What a transaction takes beside the bytes of its events. */
const OVERHEAD_BYTES = 64 * 1024
const MAX_EVICTIONS_AT_ONCE = 32
/** After the last eviction for want of room the disk still counts as full for this long: it is, and the evicting goes on. */
const FULL_FOR_MS = 10_000

export interface RoomState {
  readonly logBytes: number
  readonly freeBytes: number
  readonly diskFull: boolean
  /** Near a limit: what can be made smaller should be. */
  readonly tight: boolean
}

interface Look extends RoomState {
  readonly walBytes: number
  /** Pages of the database that hold nothing. */
  readonly reusable: number
  /** The database file must still grow by this when the write-ahead log is carried into it. */
  readonly pendingGrowth: number
  readonly headroom: number
}

/**
 * Keeps the log within its limits and the disk: retention, the gaps that it leaves, the ballast. One small step at a time.
 *
 * A full disk must never hold back a checkpoint: then the write-ahead log could not start over, and not even a deletion would find
 * room. So telemetry is admitted only while the disk has room for the growth that waits in the write-ahead log and for the new
 * events, and beyond that only into pages that retention has freed.
 */
export class StorageRoom {
  readonly #store: LogStore
  readonly #paths: LogPaths
  readonly #limits: LogLimits
  readonly #walKeptBytes: number
  readonly #ballast: Ballast
  readonly #ledger: GapLedger
  readonly #retention: Retention
  #state: Look
  #evictedAtMs = Number.NEGATIVE_INFINITY

  constructor(store: LogStore, paths: LogPaths, limits: LogLimits, walKeptBytes: number) {
    this.#store = store
    this.#paths = paths
    this.#limits = limits
    this.#walKeptBytes = walKeptBytes
    this.#ballast = new Ballast(paths.ballast)
    this.#ledger = new GapLedger(store.db)
    this.#retention = new Retention(store, this.#ledger, limits)
    this.#state = this.#look()
  }

  get state(): RoomState {
    return this.#state
  }

  #look(): Look {
    const disk = statfsSync(this.#paths.directory)
    const walBytes = statSync(`${this.#paths.database}-wal`, { throwIfNoEntry: false })?.size ?? 0
    const { used, reusable } = this.#store.bytes()
    const pendingGrowth = Math.max(0, used + reusable - statSync(this.#paths.database).size)
    const freeBytes = disk.bavail * disk.bsize
    const headroom = headroomOf(disk)
    const logBytes = used + walBytes
    const tight = freeBytes - pendingGrowth < headroom * 2 || logBytes > this.#limits.maxBytes * 0.9
    const diskFull = freeBytes - pendingGrowth < headroom || performance.now() - this.#evictedAtMs < FULL_FOR_MS
    return { logBytes, freeBytes, diskFull, tight, walBytes, reusable, pendingGrowth, headroom }
  }

  /** Looks at the disk again and lets the ballast grow. Throws what SQLite throws. */
  keep(): void {
    this.#state = this.#look()
    const { freeBytes, headroom, pendingGrowth } = this.#state
    const target = Math.min(this.#limits.reserveBytes, Math.floor((freeBytes + this.#ballast.bytes) / BALLAST_SHARE))
    this.#ballast.grow(target, freeBytes - pendingGrowth, headroom * 2)
  }

  hasGapsToTell(wallMs: number): boolean {
    return this.#ledger.hasDue(wallMs)
  }

  tellGaps(wallMs: number, all: boolean): void {
    this.#store.tell(() => this.#ledger.take(wallMs, all))
  }

  /** Before telemetry of this size is written: sees to it that there is room. False: there is none. Throws what SQLite throws. */
  admit(bytes: number, wallMs: number): boolean {
    const needed = bytes * 1.25 + OVERHEAD_BYTES
    this.#state = this.#look()
    if (this.#fits(needed)) return true
    // Not even an empty log would hold it: nothing is evicted in vain.
    if (this.#state.logBytes - this.#state.walBytes + this.#state.reusable < needed) return false
    this.checkpoint()
    for (let evicted = 0; evicted < MAX_EVICTIONS_AT_ONCE; evicted++) {
      this.#state = this.#look()
      if (this.#fits(needed) || this.#state.reusable >= needed) return true
      if (!this.#evict(wallMs)) return false
    }
    return true
  }

  #evict(wallMs: number): boolean {
    const evicted = this.#retention.byPressure('full-disk', wallMs)
    if (evicted) this.#evictedAtMs = performance.now()
    return evicted
  }

  #fits(needed: number): boolean {
    const { freeBytes, headroom, pendingGrowth, reusable } = this.#state
    return freeBytes >= headroom + pendingGrowth + Math.max(0, needed - reusable) + needed
  }

  /** One step of retention; true: there may be more to do. Throws what SQLite throws. */
  step(wallMs: number, monotonicMs: number): boolean {
    this.#state = this.#look()
    const { logBytes, walBytes } = this.#state
    if (this.#retention.byAge(wallMs, monotonicMs, RUNS_AT_ONCE) > 0) return true
    if (logBytes <= this.#limits.maxBytes) return false
    if (walBytes > this.#walKeptBytes * 2 && this.#truncateWal()) return true
    return this.#retention.byPressure('size', wallMs)
  }

  /**
   * A write found no room. First the write-ahead log is made to start over, if need be with room from the ballast; for an alarm
   * the ballast gives way at once; otherwise the oldest events go that may. True: try again.
   */
  makeRoom(forAlarm: boolean, wallMs: number): boolean {
    if (!this.checkpoint() || forAlarm) if (this.#ballast.release()) return true
    try {
      return this.#evict(wallMs)
    } catch {
      // To delete, too, takes a page or two.
      return this.#ballast.release()
    }
  }

  /** Carries the write-ahead log into the database; true: all of it, so that it can start over. */
  checkpoint(): boolean {
    try {
      const [result] = this.#store.db.pragma('wal_checkpoint(PASSIVE)') as { log: number; checkpointed: number }[]
      return result !== undefined && result.log === result.checkpointed
    } catch {
      return false
    }
  }

  /** Without waiting for readers. */
  #truncateWal(): boolean {
    const { db } = this.#store
    db.pragma('busy_timeout = 0')
    try {
      const [result] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
      return result?.busy === 0
    } finally {
      db.pragma('busy_timeout = 5000')
    }
  }
}
