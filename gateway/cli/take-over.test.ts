import { beforeEach, expect, it } from 'vitest'
import { FAKE_SCHEMA } from '../../test-support/fake-catalogue.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { settlePromises } from '../../test-support/virtual-clock.ts'
import { type LoadResult, parseConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { createTakeOver } from './take-over.ts'

let told: string[]
/** Ends the application of a configuration that is under way. */
let finish: (sections: readonly string[] | Error) => void
let takeOver: (result: LoadResult) => Promise<void>
const logger = createMemoryLogger()

beforeEach(() => {
  told = []
  takeOver = createTakeOver({
    daemon: {
      url: 'http://localhost:1',
      apply(config: Config) {
        told.push(`apply ${config.site} ${config.dataDir}`)
        return new Promise((resolve, reject) => {
          finish = (sections) => (sections instanceof Error ? reject(sections) : resolve(sections))
        })
      },
      showProblems: (problems) => void told.push(problems.map(({ code, message }) => `${code} ${message}`).join())
    },
    logger,
    notifier: { reloading: () => void told.push('reloading'), ready: (status) => void told.push(`ready ${status}`) },
    withOptions: (config) => ({ ...config, dataDir: '/elsewhere' })
  })
})

const read = (text: string): Promise<LoadResult> => parseConfig(text, '/t.yaml', { schema: FAKE_SCHEMA, env: {} })

it('takes over one after the other, tells the service manager, and names what waits for a restart', async () => {
  const first = takeOver(await read('site: a\n'))
  const second = takeOver(await read('site: b\n'))
  await settlePromises()
  expect(told).toEqual(['reloading', 'apply a /elsewhere'])
  finish(['site', 'web'])
  await first
  await settlePromises()
  expect(told.slice(2)).toEqual([
    'CONFIG_RESTART these sections of the edited configuration take effect at the next start: site, web',
    'ready page at http://localhost:1',
    'reloading',
    'apply b /elsewhere'
  ])
  finish([])
  await second
  expect(told.slice(6)).toEqual(['ready page at http://localhost:1'])
})

it('shows a mistake, and goes on after a failure', async () => {
  await takeOver(await read('sight: a\n'))
  expect(told[1]).toMatch(/^CONFIG_INVALID .*sight/)
  const failing = takeOver(await read('site: a\n'))
  await settlePromises()
  finish(new Error('the forwarder does not answer'))
  await failing
  expect(logger.lines.at(-1)).toMatchObject({ level: 'error', details: { err: { message: 'the forwarder does not answer' } } })
  void takeOver(await read('site: c\n'))
  await settlePromises()
  expect(told.at(-1)).toBe('apply c /elsewhere')
})
