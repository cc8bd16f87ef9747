import { statfsSync, statSync } from 'node:fs'
import type { GatewayEvent } from '../events/define-event.ts'
import { Ballast } from './ballast.ts'
import { type DiskTrouble, troubleIn } from './disk-trouble.ts'
import type { GapStamp } from './gap-events.ts'
import { WAL_KEPT_BYTES } from './log-database.ts'
import { isDamage } from './log-error.ts'
import type { LogThreadSettings } from './log-messages.ts'
import { logPaths } from './log-paths.ts'
import type { LogStore } from './log-store.ts'
import { openLogStore } from './open-log-store.ts'
import { lookAtDisk, ReopenPlan } from './reopen-plan.ts'
import { StorageHealth, type WriteKind } from './storage-health.ts'
import { StorageRoom } from './storage-room.ts'

/** Attempts to make room within one write. */
const MAX_ROOM_ATTEMPTS = 16
/** Alarms, and gaps, which are alarms. */
const MAY_HAVE_BALLAST: ReadonlySet<WriteKind> = new Set(['alarm', 'gaps', 'told-by-forwarder'])
/** Damage again so soon after a database passed its check: the check does not see it, and the database is set aside. */
const DAMAGE_AGAIN_MS = 60_000

export interface StoreKeeperOptions {
  readonly settings: LogThreadSettings
  readonly stamp: () => GapStamp
  readonly onOwnEvents: (events: readonly GatewayEvent[]) => void
  readonly note: (level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>) => void
  /** A write has failed. */
  readonly onFailed: () => void
  /** Another database, or the same one anew, is open; `old` is closed. */
  readonly onReopened: (old: LogStore) => void
}

interface Opened {
  readonly store: LogStore
  readonly room: StorageRoom
  readonly newLife: string | undefined
  readonly setAsideAs: string | undefined
}

/**
 * Keeps a database open. Nothing that a disk does is thrown out of here: it becomes the storage state; where room lacks, room is made;
 * and a database that turns out to be damaged is closed, checked, set aside if it does not pass, and opened again until that succeeds.
 */
export class StoreKeeper {
  readonly health: StorageHealth
  /** What became of the first opening. */
  readonly begun: Pick<Opened, 'newLife' | 'setAsideAs'>
  readonly #options: StoreKeeperOptions
  #store: LogStore
  #room: StorageRoom
  #reopenedAt = Number.NEGATIVE_INFINITY
  readonly #plan: ReopenPlan
  /** Why the database with this inode is to be set aside without another look. Another one may be in its place when that fails half-way. */
  #condemned: { readonly damage: string; readonly inode: number | undefined } | undefined

  /** Throws what `openLogStore` throws. */
  constructor(options: StoreKeeperOptions) {
    this.#options = options
    this.#plan = new ReopenPlan(() => lookAtDisk(options.settings.directory))
    this.health = new StorageHealth((storage, error) =>
      storage === 'ok'
        ? options.note('info', 'the log can be written again', {})
        : options.note('error', 'the log cannot be written', { storage, error })
    )
    const { store, room, newLife, setAsideAs } = this.#open(false)
    this.#store = store
    this.#room = room
    this.begun = { newLife, setAsideAs }
  }

  get store(): LogStore {
    return this.#store
  }

  get room(): StorageRoom {
    return this.#room
  }

  get isOpen(): boolean {
    return this.#store.db.open
  }

  /** A small log or disk cannot afford a long write-ahead log. */
  walKeptBytes(): number {
    const { directory, limits } = this.#options.settings
    const { blocks, bsize } = statfsSync(directory)
    return Math.min(WAL_KEPT_BYTES, Math.floor(limits.maxBytes / 8), Math.floor((blocks * bsize) / 32))
  }

  mayTry(kind: WriteKind): boolean {
    return this.health.mayTry(kind, performance.now())
  }

  /** Runs what writes, making room where it lacks; false: the disk did not let it, and the storage state says why. */
  guard(kind: WriteKind, write: () => void): boolean {
    for (let attempt = 0; this.isOpen; attempt++) {
      try {
        write()
        this.health.succeeded(kind)
        return true
      } catch (error) {
        const trouble = this.#failed(kind, error)
        if (trouble !== 'full' || attempt >= MAX_ROOM_ATTEMPTS) return false
        if (!this.#room.makeRoom(MAY_HAVE_BALLAST.has(kind), Date.now())) return false
      }
    }
    return false
  }

  /** Like `guard`, for what mostly reads: its success says nothing about writing. */
  look(work: () => void): void {
    if (!this.isOpen) return
    try {
      work()
    } catch (error) {
      this.#failed('house', error)
    }
  }

  #failed(kind: WriteKind, error: unknown): DiskTrouble {
    const trouble = this.#troubleOf(error)
    this.health.failed(kind, trouble, error, performance.now())
    if (isDamage(error)) this.reopen(error instanceof Error ? error.message : String(error))
    this.#options.onFailed()
    return trouble
  }

  #troubleOf(error: unknown): DiskTrouble {
    return troubleIn(this.#options.settings.directory, error) ?? 'failing'
  }

  /** The database turned out to be damaged while in use. */
  reopen(damage: string): void {
    if (!this.isOpen) return
    this.#condemned = performance.now() - this.#reopenedAt < DAMAGE_AGAIN_MS ? { damage, inode: this.#inode() } : undefined
    try {
      this.#store.close()
    } catch (error) {
      this.#options.note('warn', 'the damaged database did not close cleanly', { error: String(error) })
    }
    this.#openAgain()
  }

  #inode(): number | undefined {
    return statSync(logPaths(this.#options.settings.directory).database, { throwIfNoEntry: false })?.ino
  }

  /** Until it succeeds everything waits in memory. */
  openWhenDue(): void {
    if (!this.isOpen && this.#plan.isDue(performance.now())) this.#openAgain()
  }

  #openAgain(): void {
    const old = this.#store
    try {
      const { store, room, newLife, setAsideAs } = this.#open(true)
      this.#store = store
      this.#room = room
      this.#condemned = undefined
      this.#reopenedAt = performance.now()
      this.#plan.succeeded()
      if (store.epoch === old.epoch) store.advance(old.cursors())
      this.health.succeeded('open')
      this.#options.note('error', 'the database was damaged', { newLife, setAsideAs })
    } catch (error) {
      this.#plan.failed(performance.now())
      this.health.failed('open', this.#troubleOf(error), error, performance.now())
      return
    }
    this.#options.onReopened(old)
  }

  /** On a full disk with the space that is reserved for alarms: it is for them that the log must open. */
  #open(inUse: boolean): Opened {
    const { directory } = this.#options.settings
    for (let attempt = 0; ; attempt++) {
      try {
        return this.#openOnce(inUse)
      } catch (error) {
        const ballast = new Ballast(logPaths(directory).ballast)
        // Each attempt may be a long rescue: where a piece is not enough, all of it goes.
        const makeWay = () => (attempt === 0 ? ballast.release() : ballast.releaseAll())
        if (this.#troubleOf(error) !== 'full' || !makeWay()) throw error
      }
    }
  }

  #openOnce(inUse: boolean): Opened {
    const condemned = this.#condemned
    const damage = condemned !== undefined && condemned.inode === this.#inode() ? condemned.damage : undefined
    const { settings, stamp, onOwnEvents } = this.#options
    const { directory, gatewayId, limits, machineId, maxPages, site } = settings
    const walKeptBytes = this.walKeptBytes()
    const { store, newLife, setAsideAs } = openLogStore({
      directory,
      stamp,
      onOwnEvents,
      walKeptBytes,
      inUse,
      origin: site === undefined ? undefined : { gatewayId, site },
      ...(damage === undefined ? {} : { damage }),
      ...(machineId === undefined ? {} : { machineId }),
      ...(maxPages === undefined ? {} : { maxPages })
    })
    try {
      const room = new StorageRoom(store, logPaths(directory), limits, walKeptBytes)
      return { store, room, newLife: newLife?.reason, setAsideAs }
    } catch (error) {
      store.close()
      throw error
    }
  }
}
