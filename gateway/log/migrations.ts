import type Database from 'better-sqlite3'
import { LogError } from './log-error.ts'

/** Marks the file as a Tagward log ("TGWL"). */
export const APPLICATION_ID = 0x5447574c

/**
 * Schema versions in order; `user_version` says how many are applied. Never edit one that was released: add the next.
 * Rows of a run are keyed by their last sequence, so that "what comes after n" is one look-up. Metadata of blocks, their
 * bytes and their key filters lie in tables of their own: scanning metadata reads no blobs.
 */
const MIGRATIONS: readonly string[] = [
  ['alarm', 'telemetry']
    .map(
      (lane) => `
CREATE TABLE ${lane}_tail (
  last_seq INTEGER PRIMARY KEY, count INTEGER NOT NULL, epoch TEXT NOT NULL, stored_at INTEGER NOT NULL,
  crc INTEGER NOT NULL, payload BLOB NOT NULL
);
CREATE TABLE ${lane}_block (
  last_seq INTEGER PRIMARY KEY, count INTEGER NOT NULL, epoch TEXT NOT NULL, stored_at INTEGER NOT NULL,
  min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, bytes INTEGER NOT NULL, crc INTEGER NOT NULL,
  types TEXT NOT NULL, damaged INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX ${lane}_block_time ON ${lane}_block (max_time, min_time);
CREATE TABLE ${lane}_block_data (last_seq INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE ${lane}_block_keys (last_seq INTEGER PRIMARY KEY, filter BLOB NOT NULL);`
    )
    .join('') +
    `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE lane (lane TEXT PRIMARY KEY, next_seq INTEGER NOT NULL, unbroken_from INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE cursor (lane TEXT NOT NULL, topic TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (lane, topic)) WITHOUT ROWID;
CREATE TABLE state (processor TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (processor, key)) WITHOUT ROWID;
CREATE TABLE set_aside (
  id INTEGER PRIMARY KEY, lane TEXT NOT NULL, epoch TEXT NOT NULL, sequence INTEGER NOT NULL, type TEXT NOT NULL,
  topic TEXT NOT NULL, code TEXT NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (lane, epoch, sequence, topic)
);
CREATE TABLE open_gap (id INTEGER PRIMARY KEY, begun_at INTEGER NOT NULL, grown_at INTEGER NOT NULL, gap TEXT NOT NULL);
INSERT INTO lane VALUES ('alarm', 1, 1), ('telemetry', 1, 1);`
]

export const SCHEMA_VERSION = MIGRATIONS.length

/** Brings the schema up to date, each step in a transaction of its own. Refuses what a newer program has written. */
export function migrate(db: Database.Database): void {
  const applied = Number(db.pragma('user_version', { simple: true }))
  if (applied > SCHEMA_VERSION) {
    throw new LogError(
      'LOG_NEWER',
      `this log was written by a newer version of the program (schema ${applied}, this one knows ${SCHEMA_VERSION})`
    )
  }
  for (let version = applied; version < SCHEMA_VERSION; version++) {
    db.transaction(() => {
      db.exec(MIGRATIONS[version] ?? '')
      db.pragma(`application_id = ${APPLICATION_ID}`)
      db.pragma(`user_version = ${version + 1}`)
    }).exclusive()
  }
}
