import { crc32 } from 'node:zlib'
import type Database from 'better-sqlite3'
import { LANES, type Lane } from '../events/define-event.ts'
import type { LaneStatements } from './lane-tables.ts'
import { LogError } from './log-error.ts'
import { APPLICATION_ID, SCHEMA_VERSION } from './migrations.ts'

const CHECKED_BLOCKS = 4

/** Last sequences of damaged blocks found on the way. */
export interface QuickCheck {
  readonly problem: string | undefined
  readonly damaged: Readonly<Record<Lane, readonly number[]>>
}

/**
 * What can be checked in little time whatever the size: header, schema version, that runs follow each other without a gap (metadata
 * only), the small tables, the checksums of the last blocks and of the newest tail row. Throws what SQLite throws when the file is bad.
 */
export function quickCheck(db: Database.Database, statements: Readonly<Record<Lane, LaneStatements>>): QuickCheck {
  const damaged = { alarm: [] as number[], telemetry: [] as number[] }
  if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) return { problem: 'not a log of this program', damaged }
  for (const table of ['meta', 'lane', 'cursor', 'state', 'set_aside', 'open_gap']) db.prepare(`SELECT * FROM ${table}`).all()
  if (Number(db.prepare("SELECT count(*) FROM meta WHERE name = 'epoch'").pluck().get()) !== 1 && !neverBegan(db))
    return { problem: 'the epoch is missing', damaged }
  for (const lane of LANES) {
    const breaks = countBreaks(db, lane)
    if (breaks > 0) return { problem: `${breaks} breaks in the sequences of the ${lane} lane`, damaged }
    damaged[lane].push(...damagedAmongLast(db, lane, statements[lane]))
  }
  return { problem: undefined, damaged }
}

/** A disk that was full when the log was to be created leaves tables in which no life ever began. */
function neverBegan(db: Database.Database): boolean {
  const tables = ['meta', ...LANES.flatMap((lane) => [`${lane}_tail`, `${lane}_block`])]
  return tables.every((table) => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()) === 0)
}

/** Refuses a database of a newer program before anything is written to it. */
export function refuseNewer(db: Database.Database): void {
  const version = Number(db.pragma('user_version', { simple: true }))
  if (version > SCHEMA_VERSION) {
    throw new LogError(
      'LOG_NEWER',
      `this log was written by a newer version of the program (schema ${version}; this one knows ${SCHEMA_VERSION})`
    )
  }
}

function countBreaks(db: Database.Database, lane: Lane): number {
  const breaks = db
    .prepare(
      `WITH run AS (
         SELECT last_seq, count FROM ${lane}_block UNION ALL SELECT last_seq, count FROM ${lane}_tail
       ), joined AS (
         SELECT last_seq - count + 1 AS first, lag(last_seq) OVER (ORDER BY last_seq) AS before FROM run
       )
       SELECT count(*) FROM joined
       WHERE before IS NOT NULL AND first <> before + 1 AND first > (SELECT unbroken_from FROM lane WHERE lane = ?)`
    )
    .pluck()
    .get(lane)
  return Number(breaks)
}

function damagedAmongLast(db: Database.Database, lane: Lane, statements: LaneStatements): number[] {
  const last = db
    .prepare<[], { last_seq: number; crc: number; damaged: number }>(
      `SELECT last_seq, crc, damaged FROM ${lane}_block ORDER BY last_seq DESC LIMIT ${CHECKED_BLOCKS}`
    )
    .all()
  return last.filter((block) => block.damaged === 0 && !blockIsSound(statements, block.last_seq, block.crc)).map((block) => block.last_seq)
}

export function blockIsSound(statements: Pick<LaneStatements, 'blockData'>, lastSequence: number, crc: number): boolean {
  const row = statements.blockData.get(lastSequence)
  return row !== undefined && crc32(row.data) === crc
}
