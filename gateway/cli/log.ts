import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { dataDirOf } from '../config/data-dir.ts'
import { GatewayError } from '../errors.ts'
import { backupLog } from '../log/backup-log.ts'
import { logPaths } from '../log/log-paths.ts'
import { openLogReader } from '../log/open-log-reader.ts'
import type { LogReader } from '../log/reader-contract.ts'
import { type Command, notOneOf, parseOptions, usageError, wholeNumber } from './command.ts'
import { EXIT_OK } from './exit-codes.ts'
import { exportEvents, readFilter } from './log-export.ts'
import { formatStats, readLogStats } from './log-stats.ts'
import { tailEvents } from './log-tail.ts'
import { openOutput } from './output.ts'

const WHERE = {
  config: { type: 'string', default: 'tagward.yaml' },
  data: { type: 'string' }
} as const

const FILTER = {
  lane: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  type: { type: 'string', multiple: true },
  key: { type: 'string', multiple: true }
} as const

export const logCommand: Command = {
  help: `tagward log stats [--json]
tagward log tail [-n COUNT] [-f] [filter]
tagward log export [filter]
tagward log backup FILE

Looks into the event log of a gateway, running or not. Events are printed as JSON lines.
A backup is a copy of the log as it is at this moment, in a file that must not exist.

  --config FILE   the configuration that names the data directory (default: tagward.yaml)
  --data DIR      the data directory itself
  --json          stats as one JSON object
  -n COUNT        how many of the last events (default 10)
  -f, --follow    go on with events as they come, until Ctrl-C

Filter:
  --lane LANE     alarm or telemetry (default: both)
  --from TIME     event time, RFC 3339 (2026-11-20T09:30:00Z) or epoch milliseconds; 2026-11-20 is that day's midnight, UTC
  --to TIME       likewise; the end is included
  --type TYPE     only this type, such as TagAlert; may be given several times
  --key KEY       only this tag, device or source; may be given several times`,
  async run([action, ...argv]) {
    if (action === 'stats') return await stats(argv)
    if (action === 'tail') return await tail(argv)
    if (action === 'export') return await exportAll(argv)
    if (action === 'backup') return await backup(argv)
    if (action === undefined) throw usageError('one of stats, tail, export, backup is missing')
    if (action.startsWith('-')) throw usageError(`stats, tail, export or backup comes first, such as tagward log stats ${action}`)
    throw notOneOf('action', action, ['stats', 'tail', 'export', 'backup'])
  }
}

async function databaseOf(values: { config: string; data?: string | undefined }): Promise<string> {
  const directory = values.data === undefined ? await dataDirOf(values.config) : resolve(values.data)
  const { database } = logPaths(directory)
  if (!existsSync(database))
    throw new GatewayError('LOG_OPEN_FAILED', `there is no log at ${database}: has a gateway run on this data directory?`)
  return database
}

async function stats(argv: readonly string[]): Promise<number> {
  const { values } = parseOptions(argv, { ...WHERE, json: { type: 'boolean', default: false } })
  const found = readLogStats(await databaseOf(values))
  await openOutput(process.stdout).write(values.json ? `${JSON.stringify(found)}\n` : formatStats(found))
  return EXIT_OK
}

async function tail(argv: readonly string[]): Promise<number> {
  const { values } = parseOptions(argv, {
    ...WHERE,
    ...FILTER,
    count: { type: 'string', short: 'n', default: '10' },
    follow: { type: 'boolean', short: 'f', default: false }
  })
  const filter = readFilter(values)
  const count = wholeNumber('count', values.count, 0)
  return await withReader(await databaseOf(values), (reader) =>
    tailEvents(reader, { filter, count, follow: values.follow }, openOutput(process.stdout))
  )
}

async function exportAll(argv: readonly string[]): Promise<number> {
  const { values } = parseOptions(argv, { ...WHERE, ...FILTER })
  const filter = readFilter(values)
  return await withReader(await databaseOf(values), (reader) => exportEvents(reader, filter, openOutput(process.stdout)))
}

async function backup(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(argv, WHERE, true)
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0) throw usageError('backup takes one file to write')
  const target = resolve(file)
  if (existsSync(target)) throw usageError(`${target} exists already; a backup writes over nothing`)
  const database = await databaseOf(values)
  try {
    backupLog(database, target)
  } catch (error) {
    throw new GatewayError('LOG_BACKUP_FAILED', `no backup was made: ${error instanceof Error ? error.message : String(error)}`)
  }
  return EXIT_OK
}

async function withReader(database: string, task: (reader: LogReader) => Promise<void>): Promise<number> {
  const reader = openLogReader(database)
  try {
    await task(reader)
  } finally {
    reader.close()
  }
  return EXIT_OK
}
