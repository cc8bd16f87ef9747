import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import Database from 'better-sqlite3'
import { openLogStore } from './open-log-store.ts'
import { damagedStamp } from './rescue-test-support.ts'

/** Opens a log and kills itself before the step with the number given: what gives names, syncs, commits and closes. */
const [, , directory = '', killAt = '0'] = process.argv
let step = 0

function counted<Call extends (...args: never[]) => unknown>(call: Call, counts: (self: unknown) => boolean = () => true): Call {
  return function (this: unknown, ...args: never[]): unknown {
    if (counts(this) && ++step === Number(killAt)) process.kill(process.pid, 'SIGKILL')
    return call.apply(this, args)
  } as Call
}

const { fsyncSync, renameSync, rmSync } = fs
const calls = { fsyncSync, renameSync, rmSync }
Object.assign(fs, Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, counted(call)])))
syncBuiltinESMExports()
const { prototype } = Database
prototype.close = counted(prototype.close)
const memory = new Database(':memory:')
const statements = Object.getPrototypeOf(memory.prepare('SELECT 1')) as { run: () => unknown }
statements.run = counted(statements.run, (self) => /^COMMIT/.test((self as Database.Statement).source))
openLogStore({ directory, stamp: damagedStamp, machineId: 'm' }).store.close()
