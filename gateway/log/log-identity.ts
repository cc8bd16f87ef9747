import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { LogPaths } from './log-paths.ts'

/**
 * Where a log lives. Files put back from a copy get other inodes; a file that is written once keeps its change time; other
 * hardware has other numbers. Facts that cannot be read are left out, and only facts known then and now are compared.
 */
export interface LogIdentity {
  readonly files: Readonly<Record<string, string>>
  readonly hardware: Readonly<Record<string, string>>
}

const HARDWARE_FACTS: Readonly<Record<string, string>> = {
  machineId: '/etc/machine-id',
  boardSerial: '/sys/firmware/devicetree/base/serial-number',
  productUuid: '/sys/class/dmi/id/product_uuid'
}

export function readIdentity(paths: LogPaths, machineId?: string): LogIdentity {
  const sentinel = statSync(paths.identity, { throwIfNoEntry: false })
  const files = known({
    database: inodeOf(paths.database),
    mark: inodeOf(paths.mark),
    identity: sentinel === undefined ? 'missing' : `${sentinel.ino} ${sentinel.ctimeMs}`
  })
  const hardware = Object.fromEntries(Object.entries(HARDWARE_FACTS).map(([name, path]) => [name, readFact(path)]))
  return { files, hardware: known(machineId === undefined ? hardware : { machineId }) }
}

function inodeOf(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino.toString()
}

function known(facts: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

/** Written once, when a log finds itself in a new place; never touched again. */
export function ensureSentinel(paths: LogPaths): void {
  if (!existsSync(paths.identity)) writeFileSync(paths.identity, `${randomUUID()}\n`, { mode: 0o640, flush: true })
}

export type Whereabouts = 'same' | 'restored' | 'moved'

export function compareIdentity(then: LogIdentity, now: LogIdentity): Whereabouts {
  if (differ(then.hardware, now.hardware)) return 'moved'
  return differ(then.files, now.files) ? 'restored' : 'same'
}

function differ(then: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): boolean {
  return Object.entries(then).some(([name, value]) => now[name] !== undefined && now[name] !== value)
}

function readFact(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', '').trim() || undefined
  } catch {
    return undefined
  }
}
