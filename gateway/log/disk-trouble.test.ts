import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diskTroubleOf, troubleIn } from './disk-trouble.ts'
import { freshDirectory, openTestLog } from './log-test-support.ts'

const failure = (code: string): Error => Object.assign(new Error(code), { code })

let directory: string
beforeEach(() => {
  directory = freshDirectory()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('why a log cannot be opened', () => {
  it.each([
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['SQLITE_FULL', 'full'],
    ['EROFS', 'failing'],
    ['EIO', 'failing'],
    ['EACCES', undefined],
    ['EPERM', undefined],
    ['ENOENT', undefined],
    ['ENOTDIR', undefined],
    ['LOG_IN_USE', undefined],
    ['LOG_NEWER', undefined]
  ])('%s: %s', (code, trouble) => {
    expect(diskTroubleOf(failure(code))).toBe(trouble)
    expect(troubleIn(directory, failure(code))).toBe(trouble)
  })

  it('asks the directory where SQLite only says that it cannot, and leaves nothing in it', () => {
    expect(troubleIn(directory, failure('SQLITE_CANTOPEN'))).toBeUndefined()
    expect(troubleIn(directory, failure('SQLITE_READONLY'))).toBeUndefined()
    expect(troubleIn(directory, failure('SQLITE_IOERR_SHMSIZE'))).toBe('failing')
    writeFileSync(join(directory, 'file'), '')
    expect(troubleIn(join(directory, 'file'), failure('SQLITE_CANTOPEN'))).toBeUndefined()
    rmSync(join(directory, 'file'))
    expect(() => rmSync(join(directory, 'log.probe'))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })
})

it('a directory that is none is refused at once, and that is no death of the log thread', async () => {
  const file = join(directory, 'file')
  writeFileSync(file, '')
  const deaths: Error[] = []
  await expect(openTestLog(file, { onFatal: (error) => void deaths.push(error) })).rejects.toMatchObject({ code: 'LOG_OPEN_FAILED' })
  // Its thread ends in a later turn; another log opens in more than one.
  const log = await openTestLog(join(directory, 'log'))
  await log.close()
  expect(deaths).toEqual([])
})
