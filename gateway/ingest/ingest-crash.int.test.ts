import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import { freshDirectory } from '../log/log-test-support.ts'
import { openLogReader } from '../log/open-log-reader.ts'

const KILLS = Number(process.env['TAGWARD_INGEST_KILLS'] ?? 4)
const TAGS = Array.from({ length: 60 }, (_, n) => `4d${n.toString(16).padStart(2, '0')}`)

let directory: string
beforeEach(() => {
  directory = freshDirectory()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** A life of the gateway, killed after so many deliveries (undefined: it ends in good order); gives the tags that were acknowledged. */
async function live(life: number, tags: readonly string[], killAfter: number | undefined): Promise<ReadonlySet<string>> {
  const kill = killAfter === undefined ? [] : [String(killAfter), String(Math.floor(Math.random() * 6))]
  const child = fork(fileURLToPath(new URL('./ingest-crash-child.js', import.meta.url)), [
    directory,
    String(life),
    JSON.stringify(tags),
    ...kill
  ])
  const acknowledged = new Set<string>()
  child.on('message', (tag: string) => acknowledged.add(tag))
  // With the exit alone its last words may still be on their way.
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect([code, signal]).toEqual(killAfter === undefined ? [0, null] : [null, 'SIGKILL'])
  await waitFor('its last words', () => !child.connected)
  return acknowledged
}

/** How often an alert of this kind was told, by tag. */
function told(kind: string): readonly (readonly [string, number])[] {
  const reader = openLogReader(join(directory, 'events.db'))
  try {
    const { events } = reader.read('alarm', 0, { maxEvents: 100_000, maxBytes: 1e8 })
    const alerts = events.filter(({ type }) => type === 'TagAlert').map(({ body }) => JSON.parse(body) as { kind: string; tag: string })
    const ofKind = alerts.filter((alert) => alert.kind === kind).map(({ tag }) => tag)
    return TAGS.map((tag) => [tag, ofKind.filter((each) => each === `hall:${tag}`).length] as const)
  } finally {
    reader.close()
  }
}

const ONCE_EACH = TAGS.map((tag) => [tag, 1] as const)

describe('alerts of tags whose gateway is killed again and again', () => {
  // A level stands in every frame of its tag; a broker delivers again only what it has no acknowledgement for.
  it.each([
    ['a tag says it again and again', true],
    ['a source delivers again only what was not acknowledged', false]
  ])('are each told once, those that flood control holds back as well: %s', { timeout: 120_000 }, async (_, repeats) => {
    let left: readonly string[] = TAGS
    for (let life = 0; life < KILLS && left.length > 0; life++) {
      const acknowledged = await live(life, left, 1 + Math.floor(Math.random() * left.length))
      if (!repeats) left = left.filter((tag) => !acknowledged.has(tag))
    }
    await live(KILLS, left, undefined)
    expect(told('sos')).toEqual(ONCE_EACH)
    expect(told('motionless')).toEqual(ONCE_EACH)
  })
})
