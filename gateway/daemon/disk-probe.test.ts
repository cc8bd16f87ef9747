import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { askDisk, beatWhileDiskHangs, DiskProbe } from './disk-probe.ts'

const never = (): Promise<void> => new Promise(() => undefined)

it('says that a disk hangs only when it has not answered for a while, and asks once at a time', async () => {
  let nowMs = 0
  let asked = 0
  let answer: () => void = () => undefined
  const probe = new DiskProbe(
    () => nowMs,
    () => {
      asked++
      return new Promise((resolve) => {
        answer = resolve
      })
    }
  )
  const look = (atMs: number): boolean => {
    nowMs = atMs
    return probe.hangs()
  }
  expect([0, 2_500, 4_999, 5_000, 3_600_000].map(look)).toEqual([false, false, false, true, true])
  expect(asked).toBe(1)
  answer()
  await Promise.resolve()
  expect([3_600_001, 3_604_000].map(look)).toEqual([false, false])
  expect(asked).toBe(2)
})

it('takes a disk that refuses for one that answers', async () => {
  let nowMs = 0
  const refusing = new DiskProbe(
    () => nowMs,
    () => Promise.reject(new Error('EROFS'))
  )
  for (nowMs = 0; nowMs < 60_000; nowMs += 1_000) {
    expect(refusing.hangs()).toBe(false)
    await Promise.resolve()
    await Promise.resolve()
  }
  nowMs = 0
  const hanging = new DiskProbe(() => nowMs, never)
  hanging.hangs()
  nowMs = 5_000
  expect(hanging.hangs()).toBe(true)
})

it('beats for a log thread whose disk hangs, and for none that is silent on a disk that answers', async () => {
  const clock = createVirtualClock()
  let beats = 0
  let answers = true
  const watch = beatWhileDiskHangs(
    clock,
    () => (answers ? Promise.resolve() : never()),
    () => beats,
    () => beats++
  )
  await clock.advance(60_000)
  expect(beats).toBe(0)
  answers = false
  await clock.advance(60_000)
  expect(beats).toBeGreaterThan(15)
  watch.cancel()
  const last = beats
  await clock.advance(60_000)
  expect(beats).toBe(last)
})

it('asks a real disk, and leaves nothing on it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tagward-probe-'))
  await askDisk(directory)()
  expect(readdirSync(directory)).toEqual([])
  await expect(askDisk(join(directory, 'none'))()).rejects.toMatchObject({ code: 'ENOENT' })
  rmSync(directory, { recursive: true })
})
