import { statfsSync, statSync } from 'node:fs'
import { Ballast } from './ballast.ts'
import { GapLedger } from './gap-ledger.ts'
import type { LogLimits } from './log-messages.ts'
import type { LogPaths } from './log-paths.ts'
import type { LogStore } from './log-store.ts'
import { Retention } from './retention.ts'

const MIB = 1024 * 1024
/** The disk counts as full below this, or below a sixteenth of it where that is less. */
const HEADROOM_BYTES = 8 * MIB
/** Ballast takes at most this part of what is free. */
const BALLAST_SHARE = 8
const RUNS_AT_ONCE = 1

export interface RoomState {
  readonly logBytes: number
  readonly freeBytes: number
  readonly diskFull: boolean
  /** Near a limit: what can be made smaller should be. */
  readonly tight: boolean
}

/** Keeps the log within its limits and the disk: retention, the gaps that it leaves, the ballast. One small step at a time. */
export class StorageRoom {
  readonly #store: LogStore
  readonly #paths: LogPaths
  readonly #limits: LogLimits
  readonly #ballast: Ballast
  readonly #ledger: GapLedger
  readonly #retention: Retention
  #state: RoomState & { readonly reusable: number; readonly headroom: number }

  constructor(store: LogStore, paths: LogPaths, limits: LogLimits) {
    this.#store = store
    this.#paths = paths
    this.#limits = limits
    this.#ballast = new Ballast(paths.ballast)
    this.#ledger = new GapLedger(store.db)
    this.#retention = new Retention(store, this.#ledger, limits)
    this.#state = this.#look()
  }

  get state(): RoomState {
    return this.#state
  }

  #look(): RoomState & { readonly reusable: number; readonly headroom: number } {
    const disk = statfsSync(this.#paths.directory)
    const wal = statSync(`${this.#paths.database}-wal`, { throwIfNoEntry: false })?.size ?? 0
    const { used, reusable } = this.#store.bytes()
    const freeBytes = disk.bavail * disk.bsize
    const headroom = Math.min(HEADROOM_BYTES, Math.floor((disk.blocks * disk.bsize) / 16))
    const logBytes = used + wal
    const tight = freeBytes < headroom * 2 || logBytes > this.#limits.maxBytes * 0.9
    return { logBytes, freeBytes, diskFull: freeBytes < headroom, tight, reusable, headroom }
  }

  /** Looks at the disk again, lets the ballast grow, tells of gaps that are due. Throws what SQLite throws. */
  keep(wallMs: number): void {
    this.#state = this.#look()
    const { freeBytes, headroom } = this.#state
    const target = Math.min(this.#limits.reserveBytes, Math.floor((freeBytes + this.#ballast.bytes) / BALLAST_SHARE))
    this.#ballast.grow(target, freeBytes, headroom * 2)
    if (this.#ledger.hasDue(wallMs)) this.tellGaps(wallMs, false)
  }

  tellGaps(wallMs: number, all: boolean): void {
    this.#store.tell(() => this.#ledger.take(wallMs, all))
  }

  /** One step of retention; true: there may be more to do. Throws what SQLite throws. */
  step(wallMs: number, monotonicMs: number): boolean {
    this.#state = this.#look()
    const { logBytes, diskFull, reusable, headroom } = this.#state
    if (this.#retention.byAge(wallMs, monotonicMs, RUNS_AT_ONCE) > 0) return true
    if (logBytes > this.#limits.maxBytes) return this.#retention.byPressure('size', wallMs)
    // On a full disk, pages of our own that can be used again are as good as free space.
    return diskFull && reusable < headroom && this.#retention.byPressure('full-disk', wallMs)
  }

  /**
   * A write found no room. For an alarm the ballast gives way first; otherwise the oldest events that may go. True: try again.
   */
  makeRoom(forAlarm: boolean, wallMs: number): boolean {
    if (forAlarm && this.#ballast.release()) return true
    try {
      return this.#evict(wallMs)
    } catch {
      // To delete, too, takes a page or two.
      if (!this.#ballast.release()) return false
    }
    try {
      return this.#evict(wallMs)
    } catch {
      return false
    }
  }

  #evict(wallMs: number): boolean {
    const removed = this.#retention.byPressure('full-disk', wallMs)
    if (removed) this.#store.db.pragma('wal_checkpoint(PASSIVE)')
    return removed
  }
}
