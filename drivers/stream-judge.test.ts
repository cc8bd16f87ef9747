import { expect, it } from 'vitest'
import { judgeStream } from './stream-judge.ts'

const zero = { bytesIn: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0 }

it.each([
  ['silence', {}, ''],
  ['good frames', { bytesIn: 100, readings: 3 }, ''],
  ['good frames among noise', { bytesIn: 100, readings: 1, errors: 9, discardedBytes: 50 }, ''],
  ['prompts and echoes', { bytesIn: 20, ignored: 2 }, ''],
  ['half a frame so far', { bytesIn: 20 }, ''],
  ['refused frames only', { bytesIn: 100, errors: 3 }, '100 bytes'],
  ['prompts and a half line', { bytesIn: 60, ignored: 4, errors: 1 }, ''],
  ['noise in which something looks like a prompt', { bytesIn: 9000, errors: 80, ignored: 1 }, '9000 bytes'],
  ['noise only', { bytesIn: 100, discardedBytes: 90 }, '100 bytes']
])('judges %s', (_what, counted, verdict) => {
  expect(judgeStream(zero, { ...zero, ...counted })).toContain(verdict)
  expect(judgeStream(zero, { ...zero, ...counted }) === '').toBe(verdict === '')
})

it('judges only what came since the last look', () => {
  const before = { ...zero, bytesIn: 500, readings: 20 }
  expect(judgeStream(before, { ...before, bytesIn: 700, errors: 4 })).toContain('200 bytes')
  expect(judgeStream({ ...before, errors: 4 }, { ...before, errors: 4 })).toBe('')
})
