import { closeSync, constants, fdatasync, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Lane } from '../events/define-event.ts'
import { LogError } from './log-error.ts'

/** What the mark remembers of a lane. */
export interface LaneMark {
  /** Last sequence committed. */
  readonly high: number
  /** Everything up to here is forwarded, or was dropped and told: it cannot be lost any more. */
  readonly safe: number
}

export interface Mark extends Readonly<Record<Lane, LaneMark>> {
  readonly epoch: number
}

const SLOT_BYTES = 512
const RECORD_BYTES = 56
const MAGIC = 0x4b52414d

/**
 * The end of the log, remembered outside the database: rewritten in place after each commit, in two slots by turns, each
 * with a checksum. Not synced each time: the page cache outlives a killed process, and after a power cut a mark that is behind
 * does no harm. A database that is behind its mark is an older copy.
 */
export class MarkFile {
  readonly #descriptor: number
  #serial: number
  #dirty = false
  #syncing = false
  #closed = false

  constructor(path: string) {
    this.#descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o640)
    this.#serial = this.#newest()?.serial ?? 0
  }

  read(): Mark | undefined {
    return this.#newest()?.mark
  }

  /** Throws what the disk throws, and after closing: the descriptor may be somebody else's by then. */
  write(mark: Mark): void {
    if (this.#closed) throw new LogError('LOG_CLOSED', 'the mark is closed')
    this.#serial++
    const record = Buffer.alloc(RECORD_BYTES)
    record.writeUInt32LE(MAGIC, 0)
    record.writeDoubleLE(this.#serial, 8)
    record.writeDoubleLE(mark.epoch, 16)
    record.writeDoubleLE(mark.alarm.high, 24)
    record.writeDoubleLE(mark.alarm.safe, 32)
    record.writeDoubleLE(mark.telemetry.high, 40)
    record.writeDoubleLE(mark.telemetry.safe, 48)
    record.writeUInt32LE(crc32(record.subarray(8)), 4)
    writeSync(this.#descriptor, record, 0, RECORD_BYTES, (this.#serial % 2) * SLOT_BYTES)
    this.#dirty = true
  }

  sync(): void {
    if (!this.#dirty || this.#closed) return
    fdatasyncSync(this.#descriptor)
    this.#dirty = false
  }

  /** Without waiting for the disk, which may take long; what it says does not matter. */
  syncSoon(): void {
    if (!this.#dirty || this.#closed || this.#syncing) return
    this.#dirty = false
    this.#syncing = true
    fdatasync(this.#descriptor, (error) => {
      this.#syncing = false
      if (error !== null) this.#dirty = true
      if (this.#closed) closeSync(this.#descriptor)
    })
  }

  /** A descriptor that is being synced is closed after that: its number must not go to another file before. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#syncing) closeSync(this.#descriptor)
  }

  #newest(): { serial: number; mark: Mark } | undefined {
    const slots = [this.#slot(0), this.#slot(1)].filter((slot) => slot !== undefined)
    return slots.sort((a, b) => b.serial - a.serial)[0]
  }

  #slot(index: number): { serial: number; mark: Mark } | undefined {
    const record = Buffer.alloc(RECORD_BYTES)
    if (readSync(this.#descriptor, record, 0, RECORD_BYTES, index * SLOT_BYTES) !== RECORD_BYTES) return undefined
    if (record.readUInt32LE(0) !== MAGIC || record.readUInt32LE(4) !== crc32(record.subarray(8))) return undefined
    return {
      serial: record.readDoubleLE(8),
      mark: {
        epoch: record.readDoubleLE(16),
        alarm: { high: record.readDoubleLE(24), safe: record.readDoubleLE(32) },
        telemetry: { high: record.readDoubleLE(40), safe: record.readDoubleLE(48) }
      }
    }
  }
}
