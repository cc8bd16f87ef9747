import { rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Reading } from '../../firmware-protocols/reading.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import { createIngest } from '../ingest/ingest.ts'
import { DiskUnusableError } from '../log/log-error.ts'
import { freshDirectory, openTestLog } from '../log/log-test-support.ts'
import type { EventLogHandle } from '../log/open-event-log.ts'
import { openLogReader } from '../log/open-log-reader.ts'
import { TagBoard } from '../state/tag-board.ts'
import { HeldLog } from './held-log.ts'
import { createSourceWatch, SOURCES_LOST } from './source-watch.ts'

let directory: string
beforeEach(() => {
  directory = freshDirectory()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

type Life = { readonly clock: GatewayClock; readonly advance: (ms: number) => Promise<void> }

function createLife(number: number): Life {
  const virtual = createVirtualClock(undefined, number * 100_000)
  const clock: GatewayClock = {
    ...virtual,
    bootId: 'boot1',
    quality: () => 'synchronised',
    onStep: () => undefined,
    close: () => undefined
  }
  return { clock, advance: (ms) => virtual.advance(ms) }
}

const frame = (count: number, on: boolean): Reading => ({
  tag: '4d18',
  signals: [
    { kind: 'sos', form: 'counter', count, modulus: 65_536 },
    { kind: 'gas', form: 'level', on }
  ]
})

/** One life of a gateway: what its tag says, and whether its source works. */
async function live({ clock, advance }: Life, log: EventLogHandle, frames: readonly Reading[], health: 'up' | 'down'): Promise<TagBoard> {
  const tags = new TagBoard({ maxTags: 100, maxShown: 100, lapseMs: 600_000 })
  const ingest = await createIngest({ clock, log, tags, limits: { maxPerTagPerMinute: 10, maxPerSourcePerMinute: 100 } })
  const saved = await log.loadState(SOURCES_LOST)
  const watch = createSourceWatch({ clock, log, saved, append: (event) => log.append(event) })
  const at = { at: clock.wallMs(), monotonicMs: clock.monotonicMs(), heldMs: 0 }
  watch.onHealth({ sourceId: 'hall', driver: 'mqtt', from: 'starting', to: health, attempts: 1, ...at })
  for (const reading of frames) {
    ingest.deliver('hall', { readings: [reading], receivedAt: clock.wallMs(), monotonicMs: clock.monotonicMs() })
    await advance(50)
  }
  ingest.close()
  return tags
}

function told(): string[] {
  const reader = openLogReader(`${directory}/events.db`)
  const { events } = reader.read('alarm', 0, { maxEvents: 100, maxBytes: 1e6 })
  reader.close()
  return events.map(({ type, body }) => {
    const { kind, edge } = JSON.parse(body) as { kind?: string; edge?: string }
    return [type, kind, edge].filter((part) => part !== undefined).join(' ')
  })
}

it('knows after a restart on a disk that does not let the log open what the log had saved: what was pressed meanwhile is told, and what is over', async () => {
  const first = await openTestLog(directory)
  await live(createLife(1), first, [frame(5, false), frame(5, true)], 'down')
  await first.close()
  const before = told()
  expect(before).toEqual(['DataGap', 'SourceLost', 'TagAlert gas raised'])

  const second = createLife(2)
  const held = new HeldLog({
    directory,
    clock: second.clock,
    logger: createMemoryLogger(),
    trouble: new DiskUnusableError('full', 'database or disk is full'),
    open: () => openTestLog(directory),
    onStatus: () => undefined,
    onOpened: () => undefined
  })
  await live(second, held, [frame(6, false), frame(6, false)], 'up')
  await second.advance(1_000)
  await waitFor('the log to open', () => held.epoch !== '')
  await held.close()
  expect(told().slice(before.length)).toEqual(['SourceRestored', 'TagAlert sos raised', 'TagAlert gas cleared'])
})
