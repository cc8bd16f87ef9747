import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freshDirectory } from './log-test-support.ts'
import { openLogStore } from './open-log-store.ts'
import { damagedStamp, findIn, makeDamagedLog } from './rescue-test-support.ts'
import { readSavedState } from './saved-state.ts'

const MIB = 1024 * 1024
const canMount = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(canMount)('rescue of a damaged log on a disk that is nearly full (small tmpfs; needs root)', () => {
  const disk = freshDirectory()
  const directory = join(disk, 'log')
  const other = join(disk, 'other-program')
  beforeAll(() => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tagward-test', disk])
  })
  beforeEach(() => {
    for (const path of [directory, other]) rmSync(path, { recursive: true, force: true })
  })
  afterAll(() => {
    execFileSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true })
  })

  function leave(bytes: number): void {
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(other, Buffer.alloc(bavail * bsize - bytes, 1))
  }

  const open = () => openLogStore({ directory, stamp: damagedStamp, machineId: 'm' }).store.close()
  const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

  it('does not open without all alarms that can be saved, and saves them when there is room', () => {
    makeDamagedLog(directory, { alarm: 4000, telemetry: 1 })
    leave(MIB)
    for (let attempt = 0; attempt < 2; attempt++) expect(open).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }))
    expect(readdirSync(directory).filter((name) => name.includes('.new'))).toEqual([])
    expect(readSavedState(directory)?.get('sos')).toEqual(new Map([['tag', 'pressed']]))
    rmSync(other)
    open()
    const { gaps, numbers } = findIn(directory)
    expect(numbers.alarm).toEqual(upTo(4000))
    expect(gaps.map(({ from, to }) => [from, to])).toEqual([[null, null]])
  })

  it('gives up the ballast for alarms', () => {
    makeDamagedLog(directory, { alarm: 4000, telemetry: 1 })
    writeFileSync(join(directory, 'log.ballast'), Buffer.alloc(8 * MIB, 1))
    leave(MIB)
    open()
    expect(findIn(directory).numbers.alarm).toEqual(upTo(4000))
  })

  it('saves all alarms and as much telemetry as there is room for, and tells of the rest', () => {
    makeDamagedLog(directory, { alarm: 2000, telemetry: 8000 })
    leave(8 * MIB)
    open()
    const { gaps, numbers } = findIn(directory)
    expect(numbers.alarm).toEqual(upTo(2000))
    expect(numbers.telemetry.length).toBeGreaterThan(0)
    expect(numbers.telemetry).toEqual(upTo(numbers.telemetry.length))
    expect(gaps).toMatchObject([{ lane: 'telemetry', from: numbers.telemetry.length + 1, to: 8000 }])
  })

  it('begins the new life though the database may not grow further', () => {
    makeDamagedLog(directory, { alarm: 1000, telemetry: 8000 })
    openLogStore({ directory, stamp: damagedStamp, machineId: 'm', maxPages: 400 }).store.close()
    const { gaps, numbers } = findIn(directory)
    expect(numbers.alarm).toEqual(upTo(1000))
    expect(numbers.telemetry).toEqual(upTo(numbers.telemetry.length))
    expect(gaps).toMatchObject([{ lane: 'telemetry', from: numbers.telemetry.length + 1, to: 8000 }])
  })
})
