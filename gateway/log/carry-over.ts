import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import type Database from 'better-sqlite3'
import type { Lane } from '../events/define-event.ts'
import { decodeBatch } from './batch-codec.ts'
import { kept } from './database.ts'
import { headroomOf } from './disk-headroom.ts'
import { troubleIn } from './disk-trouble.ts'
import { type BlockRow, type LaneStatements, laneStatements, type TailRow } from './lane-tables.ts'
import { sqliteCode } from './log-error.ts'

/** Telemetry beyond this is left in the damaged file: copying it would delay the start and could fill the disk. */
const MAX_TELEMETRY_BYTES = 64 * 1024 * 1024
/** In one transaction. */
const CHUNK_BYTES = 1024 * 1024

/** A run of events that the new database holds. */
export interface Range {
  readonly epoch: string
  readonly first: number
  readonly last: number
}

interface Run {
  readonly kind: 'block' | 'tail'
  readonly last_seq: number
}

/** What a damaged database does not give is undefined. For reading from it only: what the new one does not take is another matter. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** False: the new database does not take the row for what is in it, and damage may have made anything of that. What the disk refuses is thrown. */
export function taken(write: () => void): boolean {
  try {
    write()
    return true
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(sqliteCode(error)))
      return false
    throw error
  }
}

/**
 * Copies the events of a lane after `after`, in transactions of bounded size, and gives what is committed, in order. Alarms go in all,
 * or SQLite's error is thrown: whoever opens the log tries again with all of them. Telemetry only as far as there is room.
 */
export function carryOver(from: Database.Database, into: Database.Database, lane: Lane, after: number): readonly Range[] {
  const source = attempt(() => laneStatements(from, lane))
  if (source === undefined) return []
  const copier = new Copier(source, laneStatements(into, lane), [
    ...runsAfter(from, lane, 'block', after),
    ...runsAfter(from, lane, 'tail', after)
  ])
  const copyChunk = into.transaction(() => copier.copyChunk())
  const held: Range[] = []
  let budget = lane === 'alarm' ? Number.POSITIVE_INFINITY : MAX_TELEMETRY_BYTES
  let lastChunk: readonly Range[] = []
  while (copier.hasMore && budget > 0 && (lane === 'alarm' || roomFor(into))) {
    try {
      const { ranges, bytes } = copyChunk.immediate()
      budget -= bytes
      held.push(...ranges)
      lastChunk = ranges
    } catch (error) {
      if (lane === 'alarm' || troubleIn(dirname(into.name), error) !== 'full') throw error
      // The beginning of the new life must have room, too.
      into.transaction(() => copier.remove(lastChunk)).immediate()
      held.length -= lastChunk.length
      break
    }
  }
  // After an earlier rescue blocks may stand behind the tail.
  return held.sort((a, b) => a.first - b.first)
}

function roomFor(into: Database.Database): boolean {
  const disk = statfsSync(dirname(into.name))
  return disk.bavail * disk.bsize > headroomOf(disk) + 2 * CHUNK_BYTES
}

/** Keys as far as the b-tree can be walked. */
function runsAfter(from: Database.Database, lane: Lane, kind: Run['kind'], after: number): Run[] {
  const runs: Run[] = []
  attempt(() => {
    const rows = from.prepare<[number], { last_seq: number }>(`SELECT last_seq FROM ${lane}_${kind} WHERE last_seq > ? ORDER BY last_seq`)
    for (const { last_seq } of kept(rows.iterate(after))) runs.push({ kind, last_seq })
  })
  return runs
}

interface Chunk {
  readonly ranges: readonly Range[]
  readonly bytes: number
}

class Copier {
  readonly #source: LaneStatements
  readonly #target: LaneStatements
  readonly #runs: readonly Run[]
  #next = 0

  constructor(source: LaneStatements, target: LaneStatements, runs: readonly Run[]) {
    this.#source = source
    this.#target = target
    this.#runs = runs
  }

  get hasMore(): boolean {
    return this.#next < this.#runs.length
  }

  /** Within a transaction. */
  copyChunk(): Chunk {
    const ranges: Range[] = []
    let bytes = 0
    while (this.hasMore && bytes < CHUNK_BYTES) {
      const run = this.#runs[this.#next++]
      const copied = run === undefined ? undefined : run.kind === 'block' ? this.#copyBlock(run.last_seq) : this.#copyTail(run.last_seq)
      if (copied === undefined) continue
      ranges.push(copied.range)
      bytes += copied.bytes
    }
    return { ranges, bytes }
  }

  remove(ranges: readonly Range[]): void {
    for (const { first, last } of ranges) {
      this.#target.deleteTail.run(first, last)
      this.#target.deleteBlock.run(last)
      this.#target.deleteBlockData.run(last)
      this.#target.deleteBlockKeys.run(last)
    }
  }

  #copyBlock(lastSequence: number): { range: Range; bytes: number } | undefined {
    const block = attempt(() => this.#source.blockAfter.get(lastSequence - 1))
    const data = attempt(() => this.#source.blockData.get(lastSequence)?.data)
    const filter = attempt(() => this.#source.blockKeys.get(lastSequence)?.filter)
    if (block?.last_seq !== lastSequence || data === undefined || filter === undefined) return undefined
    if (block.damaged !== 0 || attempt(() => crc32(data)) !== block.crc) return undefined
    return taken(() => this.#putBlock(block, data, filter)) ? { range: rangeOf(block), bytes: block.bytes } : undefined
  }

  #putBlock({ last_seq, count, epoch, stored_at, min_time, max_time, bytes, crc, types }: BlockRow, data: Buffer, filter: Buffer): void {
    this.#target.insertBlockData.run(last_seq, data)
    this.#target.insertBlockKeys.run(last_seq, filter)
    this.#target.insertBlock.run(last_seq, count, epoch, stored_at, min_time, max_time, bytes, crc, types)
  }

  #copyTail(lastSequence: number): { range: Range; bytes: number } | undefined {
    const row = attempt(() => this.#source.tailAfter.get(lastSequence - 1))
    if (row?.last_seq !== lastSequence) return undefined
    if (attempt(() => crc32(row.payload) === row.crc && decodeBatch(row.payload).count === row.count) !== true) return undefined
    const { last_seq, count, epoch, stored_at, crc, payload } = row
    const put = () => void this.#target.insertTail.run(last_seq, count, epoch, stored_at, crc, payload)
    return taken(put) ? { range: rangeOf(row), bytes: payload.length } : undefined
  }
}

function rangeOf({ last_seq, count, epoch }: BlockRow | TailRow): Range {
  return { epoch, first: last_seq - count + 1, last: last_seq }
}
