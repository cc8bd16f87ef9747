import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FAKE_SCHEMA } from '../../test-support/fake-catalogue.ts'
import { createVirtualClock, type VirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { type LoadResult, loadConfig } from './load-config.ts'
import { type ConfigWatch, watchConfig } from './watch-config.ts'

const options = { schema: FAKE_SCHEMA, env: {} }
let directory: string
let path: string
let clock: VirtualClock
let watch: ConfigWatch
let reports: LoadResult[]
let failures: unknown[]
/** Thrown by whoever is told, when set. */
let refusal: Error | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tagward-watch-'))
  path = join(directory, 'tagward.yaml')
  await writeFile(path, 'site: a\n')
  const running = await loadConfig(path, options)
  if (!running.ok) throw new Error('not valid')
  clock = createVirtualClock()
  reports = []
  failures = []
  refusal = undefined
  watch = watchConfig(path, { ...options, clock, running, onFailure: (error) => failures.push(error) }, (result) => {
    if (refusal !== undefined) throw refusal
    reports.push(result)
  })
  await watch.look()
  await watch.look()
})
afterEach(async () => {
  watch.close()
  await rm(directory, { recursive: true })
})

/** A change is read at the second look that finds it the same. */
async function settle(): Promise<void> {
  await watch.look()
  await watch.look()
}

const told = () => reports.map((report) => (report.ok ? report.config.site : report.problems.map((problem) => problem.what).join()))

describe('watchConfig', () => {
  it('tells a change once, and nothing while nothing changes', async () => {
    await settle()
    expect(told()).toEqual([])
    await writeFile(path, 'site: b\n')
    await watch.look()
    expect(told()).toEqual([])
    await watch.look()
    expect(told()).toEqual(['b'])
    await settle()
    expect(told()).toEqual(['b'])
  })

  it('tells a broken file once, and tells when it is mended, even to what it was', async () => {
    await writeFile(path, 'site: "a\n')
    await settle()
    await writeFile(path, 'site: "a\n')
    await settle()
    expect(told()).toEqual(['this quote is never closed'])
    await writeFile(path, 'site: a\n')
    await settle()
    expect(told()).toHaveLength(2)
    expect(reports[1]).toMatchObject({ ok: true, config: { site: 'a' } })
  })

  it('says nothing of a file that was only touched', async () => {
    await writeFile(path, 'site: a\n')
    await settle()
    expect(told()).toEqual([])
  })

  it('sees files that were renamed into place, removed, and put back', async () => {
    await writeFile(`${path}.swp`, 'site: c\n')
    await rename(`${path}.swp`, path)
    await settle()
    await rm(path)
    await settle()
    await writeFile(path, 'site: d\n')
    await settle()
    expect(told()).toEqual(['c', 'the file does not exist', 'd'])
  })

  it('waits until the file is left alone', async () => {
    await writeFile(path, 'site: b1\n')
    await watch.look()
    await writeFile(path, 'site: b22\n')
    await watch.look()
    expect(told()).toEqual([])
    await watch.look()
    expect(told()).toEqual(['b22'])
  })

  it('sees a changed file behind a secret', async () => {
    const secret = join(directory, 'pw')
    await writeFile(secret, 'one')
    await writeFile(path, 'site: a\nsources:\n  b: {driver: broker, protocol: topic-a, url: "mqtt://h", password: {file: pw}}\n')
    await settle()
    await writeFile(secret, 'second')
    await settle()
    expect(reports.map((report) => report.ok && report.config.sources[0]?.settings['password'])).toEqual(['one', 'second'])
  })

  it('reads at SIGHUP, changed or not', async () => {
    process.emit('SIGHUP')
    await waitFor('a report', () => reports.length === 1)
    expect(told()).toEqual(['a'])
  })

  it('goes on watching after a report that failed', async () => {
    await clock.advance(0)
    refusal = new Error('not now')
    process.emit('SIGHUP')
    await waitFor('the failure of a signal', () => failures.length === 1)
    await writeFile(path, 'site: lost\n')
    await waitFor('the failure of a look', async () => {
      await clock.advance(100)
      return failures.length === 2
    })
    expect(failures).toEqual([refusal, refusal])
    refusal = undefined
    await writeFile(path, 'site: found\n')
    await waitFor('a report', async () => {
      await clock.advance(100)
      return reports.length === 1
    })
    expect(told()).toEqual(['found'])
  })

  it('looks by its timer: every two seconds, and sooner while a change settles', async () => {
    await clock.advance(0)
    await writeFile(path, 'site: t\n')
    await waitFor('a report by the timer', async () => {
      await clock.advance(100)
      return reports.length === 1
    })
    expect(told()).toEqual(['t'])
    watch.close()
    expect(clock.pendingTimers).toBe(0)
    expect(process.listenerCount('SIGHUP')).toBe(0)
  })
})
