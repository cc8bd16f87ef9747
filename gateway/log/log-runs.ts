import { crc32 } from 'node:zlib'
import { decodeBatch } from './batch-codec.ts'
import { decodeBlock } from './block-codec.ts'
import type { EventColumns } from './event-columns.ts'
import { hasAnyKey } from './key-filter.ts'
import type { BlockRow, LaneStatements, TailRow } from './lane-tables.ts'
import { isDamage, sqliteCode } from './log-error.ts'

/** A run of events, in a block or in the tail. */
export interface Run {
  readonly kind: 'block' | 'tail'
  readonly lastSequence: number
  readonly count: number
  readonly epoch: string
  readonly block: BlockRow | undefined
}

/** The first run that ends after a sequence. */
export function nextRun(statements: LaneStatements, afterSequence: number): Run | undefined {
  return earlier(statements.blockAfter.get(afterSequence), statements.tailKeyAfter.get(afterSequence))
}

/** Packing keeps blocks before the tail, but rescued events may stand in any order. */
export function earlier(block: BlockRow | undefined, tail: Omit<TailRow, 'payload' | 'crc'> | undefined): Run | undefined {
  if (block !== undefined && (tail === undefined || block.last_seq < tail.last_seq)) {
    return { kind: 'block', lastSequence: block.last_seq, count: block.count, epoch: block.epoch, block }
  }
  if (tail === undefined) return undefined
  return { kind: 'tail', lastSequence: tail.last_seq, count: tail.count, epoch: tail.epoch, block: undefined }
}

export function mayHold(run: Run, types: ReadonlySet<string> | undefined): boolean {
  if (types === undefined || run.block === undefined) return true
  return Object.keys(JSON.parse(run.block.types) as object).some((type) => types.has(type))
}

export function mayHoldKeys(statements: LaneStatements, run: Run, keys: ReadonlySet<string> | undefined): boolean {
  if (keys === undefined || run.kind === 'tail') return true
  const row = statements.blockKeys.get(run.lastSequence)
  return row === undefined || hasAnyKey(row.filter, keys)
}

/** What `decodeRun` needs of a lane's statements. */
interface RunData {
  readonly blockData: { get(lastSequence: number): { readonly data: Buffer } | undefined }
  readonly tailAfter: { get(sequence: number): Pick<TailRow, 'payload' | 'crc'> | undefined }
}

/**
 * Undefined: the run is damaged, for good. What SQLite could not read this time (a failing disk, no memory, a lock) is thrown: the
 * events may all be there, and whoever takes that for damage would pass them over.
 */
export function decodeRun(statements: RunData, run: Run): EventColumns | undefined {
  try {
    if (run.block !== undefined) {
      const data = statements.blockData.get(run.lastSequence)?.data
      if (data === undefined || crc32(data) !== run.block.crc) return undefined
      return decodeBlock(data)
    }
    const row = statements.tailAfter.get(run.lastSequence - 1)
    if (row === undefined || crc32(row.payload) !== row.crc) return undefined
    return decodeBatch(row.payload)
  } catch (error) {
    // A chain of pages that cannot be followed is damage; bytes that cannot be decoded are no error of SQLite's.
    if (sqliteCode(error).startsWith('SQLITE_') && !isDamage(error)) throw error
    return undefined
  }
}
