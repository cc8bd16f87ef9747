import { readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import { MarkFile } from './log-mark.ts'
import { freshDirectory } from './log-test-support.ts'

const directory = freshDirectory()
afterAll(() => rmSync(directory, { recursive: true }))

function descriptorsOf(path: string): number {
  const target = (descriptor: string) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      // The descriptor that listed the directory.
      return ''
    }
  }
  return readdirSync('/proc/self/fd').filter((descriptor) => target(descriptor) === path).length
}

it.runIf(process.platform === 'linux')('keeps its descriptor until a sync under way has ended, and then lets it go', async () => {
  const path = join(directory, 'log.mark')
  const mark = new MarkFile(path)
  mark.write({ epoch: 1, alarm: { high: 1, safe: 0 }, telemetry: { high: 2, safe: 0 } })
  mark.syncSoon()
  mark.close()
  expect(descriptorsOf(path)).toBe(1)
  await waitFor('the end of the sync', () => descriptorsOf(path) === 0)
  const idle = new MarkFile(path)
  expect(idle.read()?.telemetry.high).toBe(2)
  idle.close()
  expect(descriptorsOf(path)).toBe(0)
})
