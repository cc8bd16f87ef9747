import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FAKE_SCHEMA } from '../../test-support/fake-catalogue.ts'
import { GatewayError } from '../errors.ts'
import { loadConfig } from './load-config.ts'
import { updateConfig } from './update-config.ts'

const options = { schema: FAKE_SCHEMA, env: { PW: 'geheim' } }
const reference = `$\{PW}`
const TEXT = `# Halle 1, set up by Meier
site: demo   # short name

sources:
    # the big one
    hall: {driver: wire, protocol: line-a, port: /dev/ttyUSB0}
    yard:
        driver: broker
        protocol: topic-a   # firmware 2
        url: mqtt://h
        password: "${reference}"
# how it gets out
kafka:
    brokers:
    - a:9092
    - b:9092   # spare
web: {port: 8081}
`

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tagward-update-'))
  path = join(directory, 'tagward.yaml')
  await writeFile(path, TEXT)
})
afterEach(async () => await rm(directory, { recursive: true }))

describe('updateConfig', () => {
  it('changes what it is told to and not a character besides', async () => {
    const result = await updateConfig(path, (document) => document.setIn(['web', 'port'], 9000), options)
    expect(result.config.web.port).toBe(9000)
    expect(await readFile(path, 'utf8')).toBe(TEXT.replace('8081', '9000'))
    expect(result.etag).toBe((await loadConfig(path, options)).etag)
    expect(await readdir(directory)).toEqual(['tagward.yaml'])
  })

  it('adds and removes sources among comments', async () => {
    await updateConfig(path, (document) => document.setIn(['sources', 'sim'], document.createNode({ driver: 'made', tags: 3 })), options)
    await updateConfig(path, (document) => void document.deleteIn(['sources', 'hall']), options)
    const text = await readFile(path, 'utf8')
    for (const kept of ['# Halle 1, set up by Meier', '# short name', '# firmware 2', '# how it gets out', '# spare', reference])
      expect(text).toContain(kept)
    expect(text).not.toContain('geheim')
    const loaded = await loadConfig(path, options)
    expect(loaded.ok && loaded.config.sources.map((source) => source.id)).toEqual(['yard', 'sim'])
  })

  it('keeps every comment, the order and the values, whatever valid change is made', async () => {
    const change = fc.record({
      port: fc.integer({ min: 1, max: 65_535 }),
      tags: fc.integer({ min: 1, max: 99 }),
      name: fc.string({ minLength: 1, maxLength: 60 }).filter((name) => !name.includes(`$\{`))
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ port, tags, name }) => {
        await writeFile(path, TEXT)
        await updateConfig(
          path,
          (document) => {
            document.setIn(['web', 'port'], port)
            document.setIn(['sources', 'sim'], document.createNode({ driver: 'made', tags }))
            document.setIn(['gateway', 'name'], name)
          },
          options
        )
        const loaded = await loadConfig(path, options)
        if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
        expect([loaded.config.web.port, loaded.config.sources[2]?.settings['tags'], loaded.config.gateway.name]).toEqual([port, tags, name])
        const text = await readFile(path, 'utf8')
        const comments = [...TEXT.matchAll(/#.*/g)].map(String)
        let from = 0
        for (const comment of comments) {
          expect(text.indexOf(comment, from), comment).toBeGreaterThanOrEqual(from)
          from = text.indexOf(comment, from)
        }
      }),
      { numRuns: 40 }
    )
  })

  it('writes nothing invalid', async () => {
    const attempt = updateConfig(path, (document) => document.setIn(['web', 'port'], 0), options)
    await expect(attempt).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(attempt).rejects.toThrow('tagward.yaml:17:13: web.port: 0 is too small; write a whole number from 1 to 65535')
    expect(await readFile(path, 'utf8')).toBe(TEXT)
    expect(await readdir(directory)).toEqual(['tagward.yaml'])
  })

  it('can mend a file whose values are wrong, and refuses one that is no YAML', async () => {
    await writeFile(path, TEXT.replace('8081', '0'))
    await updateConfig(path, (document) => document.setIn(['web', 'port'], 8081), options)
    expect(await readFile(path, 'utf8')).toBe(TEXT)
    await writeFile(path, 'site: "demo')
    await expect(updateConfig(path, () => undefined, options)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('refuses a change made for another version of the file', async () => {
    const seen = await loadConfig(path, options)
    await writeFile(path, TEXT.replace('8081', '8082'))
    const edit = updateConfig(path, (document) => document.setIn(['web', 'port'], 1), { ...options, etag: seen.etag ?? '' })
    await expect(edit).rejects.toMatchObject({ code: 'CONFIG_CONFLICT' })
    expect(await readFile(path, 'utf8')).toContain('8082')
  })

  it('lets writers of one process wait for each other', async () => {
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        updateConfig(path, (document) => document.setIn(['sources', `s${index}`], document.createNode({ driver: 'made' })), options)
      )
    )
    const loaded = await loadConfig(path, options)
    expect(loaded.ok && loaded.config.sources).toHaveLength(12)
  })

  it('refuses while another process writes, and passes over the lock of a dead one', async () => {
    const lock = join(directory, '.tagward.yaml.lock')
    const edit = () => updateConfig(path, (document) => document.setIn(['web', 'port'], 1), options)
    await writeFile(lock, String(process.ppid))
    await expect(edit()).rejects.toMatchObject({ code: 'CONFIG_CONFLICT' })
    await utimes(lock, new Date(0), new Date(0))
    await edit()
    await writeFile(lock, '4194999')
    await edit()
    expect(await readdir(directory)).toEqual(['tagward.yaml'])
  })

  it('keeps the mode, and leaves a symbolic link one', async () => {
    await chmod(path, 0o640)
    const link = join(directory, 'link.yaml')
    await symlink(path, link)
    await updateConfig(link, (document) => document.setIn(['web', 'port'], 1), options)
    expect((await stat(path)).mode & 0o7777).toBe(0o640)
    expect((await readdir(directory)).toSorted()).toEqual(['link.yaml', 'tagward.yaml'])
    expect(await readFile(path, 'utf8')).toContain('port: 1}')
  })

  it('keeps layout habits: two spaces, spaces in braces, indented lists', async () => {
    await writeFile(path, 'site: a\nkafka:\n  brokers:\n    - a:1\nweb: { port: 80 }\n')
    await updateConfig(path, (document) => document.setIn(['web', 'port'], 81), options)
    expect(await readFile(path, 'utf8')).toBe('site: a\nkafka:\n  brokers:\n    - a:1\nweb: { port: 81 }\n')
  })

  it('has a code for a file that is not there', async () => {
    const edit = updateConfig(join(directory, 'none.yaml'), () => undefined, options)
    await expect(edit).rejects.toBeInstanceOf(GatewayError)
    await expect(edit).rejects.toMatchObject({ code: 'CONFIG_WRITE_FAILED' })
  })
})

describe('a kill at any step of writing', () => {
  /** Runs an update in a process that kills itself when it is about to do `step`. */
  function updateAndDieAt(step: string, of: string): Promise<number | null> {
    const script = `
      import fs from 'node:fs/promises'
      import { syncBuiltinESMExports } from 'node:module'
      const die = () => process.kill(process.pid, 'SIGKILL')
      const open = fs.open
      if (${JSON.stringify(of)} === 'fs') fs[${JSON.stringify(step)}] = die
      else fs.open = async (...args) => Object.assign(await open(...args), args[1] === 'wx' && String(args[0]).includes('.new-') ? { [${JSON.stringify(step)}]: die } : {})
      syncBuiltinESMExports()
      const { updateConfig } = await import(${JSON.stringify(pathToFileURL(join(process.cwd(), 'dist/gateway/config/update-config.js')).href)})
      const { FAKE_SCHEMA } = await import(${JSON.stringify(pathToFileURL(join(process.cwd(), 'dist/test-support/fake-catalogue.js')).href)})
      await updateConfig(${JSON.stringify(path)}, (document) => document.setIn(['web', 'port'], 9000), { schema: FAKE_SCHEMA, env: { PW: 'x' } })`
    return new Promise((resolve) => {
      const child = execFile(process.execPath, ['--input-type=module', '-e', script])
      child.on('exit', (code, signal) => resolve(signal === 'SIGKILL' ? null : code))
    })
  }

  it.each([
    ['writeFile', 'handle'],
    ['sync', 'handle'],
    ['chmod', 'fs'],
    ['rename', 'fs']
  ])('at %s: the old file is whole, and the next update clears up', async (step, of) => {
    expect(await updateAndDieAt(step, of)).toBe(null)
    expect(await readFile(path, 'utf8')).toBe(TEXT)
    expect(await readdir(directory)).toHaveLength(3)
    await updateConfig(path, (document) => document.setIn(['web', 'port'], 9000), options)
    expect(await readFile(path, 'utf8')).toBe(TEXT.replace('8081', '9000'))
    expect(await readdir(directory)).toEqual(['tagward.yaml'])
  })
})
