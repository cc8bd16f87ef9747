import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Reading } from '../../firmware-protocols/reading.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import { ALERT_EDGES } from '../ingest/alert-desk.ts'
import { DEVICES_ONLINE } from '../ingest/device-desk.ts'
import { createIngest, type Ingest } from '../ingest/ingest.ts'
import { DiskUnusableError } from '../log/log-error.ts'
import { freshDirectory, openTestLog } from '../log/log-test-support.ts'
import type { EventLogHandle } from '../log/open-event-log.ts'
import { openLogReader } from '../log/open-log-reader.ts'
import { readSavedState } from '../log/saved-state.ts'
import { TagBoard } from '../state/tag-board.ts'
import { HeldLog } from './held-log.ts'
import { createSourceWatch, SOURCES_LOST, type SourceWatch } from './source-watch.ts'

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

interface Parts {
  readonly ingest: Ingest
  readonly watch: SourceWatch
  readonly tags: TagBoard
}

const frame = (count: number, on: boolean): Reading => ({
  tag: '4d18',
  signals: [
    { kind: 'sos', form: 'counter', count, modulus: 65_536 },
    { kind: 'gas', form: 'level', on }
  ]
})

/** One life of a gateway: what its tag says, and whether its source works. */
async function live({ clock, advance }: Life, log: EventLogHandle, frames: readonly Reading[], health: 'up' | 'down'): Promise<Parts> {
  const tags = new TagBoard({ maxTags: 100, maxShown: 100, lapseMs: 600_000 })
  const savedIsUnknown = log instanceof HeldLog && log.stateIsUnknown
  const limits = { maxPerTagPerMinute: 10, maxPerSourcePerMinute: 100 }
  const ingest = await createIngest({ clock, log, tags, savedIsUnknown, limits })
  const saved = await log.loadState(SOURCES_LOST)
  const watch = createSourceWatch({ clock, log, saved, append: (event) => log.append(event) })
  const at = { at: clock.wallMs(), monotonicMs: clock.monotonicMs(), heldMs: 0 }
  watch.onHealth({ sourceId: 'hall', driver: 'mqtt', from: 'starting', to: health, attempts: 1, ...at })
  for (const reading of frames) {
    ingest.deliver('hall', { readings: [reading], receivedAt: clock.wallMs(), monotonicMs: clock.monotonicMs() })
    await advance(50)
  }
  return { ingest, watch, tags }
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
    saved: readSavedState(directory),
    open: () => openTestLog(directory),
    onStatus: () => undefined
  })
  await live(second, held, [frame(6, false), frame(6, false)], 'up')
  await second.advance(1_000)
  await waitFor('the log to open', () => held.epoch !== '')
  await held.close()
  expect(told().slice(before.length)).toEqual(['SourceRestored', 'TagAlert sos raised', 'TagAlert gas cleared'])
})

it('tells it when the log opens where its disk did not even let it be read, and keeps what the log knew of all others', async () => {
  const reader = (tag: string, online: boolean): Reading => ({ device: tag, online })
  const other = (count: number): Reading => ({ ...frame(count, true), tag: '9999' })
  const first = await openTestLog(directory)
  await live(createLife(1), first, [frame(5, false), frame(5, true), other(1), reader('a1', true), reader('a2', true)], 'down')
  await first.close()
  const before = told()

  // A disk that is not mounted yet: there is nothing to read.
  const away = `${directory}-away`
  renameSync(directory, away)
  mkdirSync(directory)
  const second = createLife(2)
  let parts: Parts | undefined
  const none: ReadonlyMap<string, string> = new Map()
  const held = new HeldLog({
    directory,
    clock: second.clock,
    logger: createMemoryLogger(),
    trouble: new DiskUnusableError('failing', 'unable to open database file'),
    saved: readSavedState(directory),
    open: () => {
      rmSync(directory, { recursive: true, force: true })
      renameSync(away, directory)
      return openTestLog(directory)
    },
    onStateFound: (found) => {
      parts?.ingest.recall(found.get(ALERT_EDGES) ?? none, found.get(DEVICES_ONLINE) ?? none)
      parts?.watch.recall(found.get(SOURCES_LOST) ?? none)
    },
    onStatus: () => undefined
  })
  expect(held.stateIsUnknown).toBe(true)
  parts = await live(second, held, [frame(6, false), frame(7, false), reader('a1', false), reader('a2', true)], 'up')
  await second.advance(1_000)
  await waitFor('the log to open', () => held.epoch !== '')
  // The alarm of the tag that has not been heard stands again.
  const standing = parts.tags.tags(second.clock.monotonicMs()).filter(({ alerts }) => alerts.length > 0)
  expect(standing.map(({ id }) => id)).toContain('hall:9999')
  await held.close()
  const since = told().slice(before.length)
  expect(since).toEqual(['TagAlert sos raised', 'TagAlert gas cleared', 'TagAlert sos raised', 'DeviceStatus', 'SourceRestored'])

  // What is saved now is what was heard last, and of the tag that was not heard what the log knew.
  const third = createLife(3)
  const log = await openTestLog(directory)
  await live(third, log, [frame(7, false), other(2), { ...frame(2, false), tag: '9999' }], 'up')
  await log.close()
  expect(told().slice(before.length + since.length)).toEqual(['TagAlert sos raised', 'TagAlert gas cleared'])
})
