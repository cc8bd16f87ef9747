import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KafkaJars } from './kafka-jars.ts'

const script = fileURLToPath(new URL('../../../scripts/ensure-tools.mjs', import.meta.url))

/** With a Java and a Maven of our own: shell scripts that write down what they are asked. */
describe('fetching Kafka’s jars', () => {
  let folder: string
  let calls: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tagward-jars-'))
    calls = join(folder, 'calls')
    mkdirSync(join(folder, 'bin'))
    appendFileSync(calls, '')
    program('java', 'echo \'openjdk version "17.0.9"\' >&2')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function program(name: string, body: string): void {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  }

  function maven(end: string): void {
    const target = 'for each in "$@"; do case "$each" in -DoutputDirectory=*) target=$(echo "$each" | /usr/bin/cut -d= -f2);; esac; done'
    program('mvn', `echo called >> '${calls}'\n${target}\n/bin/mkdir -p "$target"\n/bin/sleep 0.3\necho jar > "$target/kafka.jar"\n${end}`)
  }

  async function ensured(): Promise<KafkaJars> {
    const env = { ...process.env, PATH: join(folder, 'bin'), JAVA_HOME: '', XDG_CACHE_HOME: join(folder, 'cache') }
    const { stdout } = await promisify(execFile)(process.execPath, [script, 'kafka-jars'], { env })
    return JSON.parse(stdout) as KafkaJars
  }

  const timesCalled = () => readFileSync(calls, 'utf8').split('\n').filter(Boolean).length

  it('asks Maven once, however many ask at the same time, and never again', async () => {
    maven('exit 0')
    const all = await Promise.all([ensured(), ensured(), ensured()])
    const [first] = all
    if (!first || 'unavailable' in first) throw new Error(first?.unavailable)
    expect(all).toEqual([first, first, first])
    expect(await ensured()).toEqual(first)
    expect(timesCalled()).toBe(1)
    expect(readFileSync(join(first.lib, 'kafka.jar'), 'utf8')).toBe('jar\n')
    expect(existsSync(`${first.lib}.lock`)).toBe(false)
  })

  it('takes a half fetched folder for none, and a lock of a process that is gone for none', async () => {
    maven('echo "[ERROR] no route to the repository"; exit 1')
    expect(await ensured()).toEqual({ unavailable: expect.stringContaining('[ERROR] no route to the repository') })
    maven('exit 0')
    const gone = await ensured()
    if ('unavailable' in gone) throw new Error(gone.unavailable)
    rmSync(gone.lib, { recursive: true })
    mkdirSync(`${gone.lib}.lock`)
    // Pids end below 2^22 on Linux.
    writeFileSync(join(`${gone.lib}.lock`, 'pid'), '99999999')
    expect(await ensured()).toEqual(gone)
    expect(dirname(gone.lib)).toBe(join(folder, 'cache', 'tagward'))
    expect(timesCalled()).toBe(3)
  })

  it('says what is missing', async () => {
    program('java', 'echo \'openjdk version "11.0.2"\' >&2')
    expect(await ensured()).toEqual({ unavailable: expect.stringContaining('version 11') })
    program('java', 'exit 1')
    expect(await ensured()).toEqual({ unavailable: expect.stringContaining('there is no Java') })
  })
})
