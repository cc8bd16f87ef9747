import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { openTestLog } from '../log/log-test-support.ts'
import { TagBoard } from '../state/tag-board.ts'
import { WINDOW_MS } from './flood-gate.ts'
import { createIngest } from './ingest.ts'

/**
 * One life of a gateway: a real log, and a source whose tags announce their levels again and again, a delivery a turn. Reports which
 * tags were acknowledged. A life ends by `kill -9` so many turns after so many deliveries: before the commit, in it or after it. The last
 * one lets the minutes of flood control end and stops in good order.
 */
const [, , directory = '', life = '0', tagsText = '[]', killAfter = '', turnsLeft = '0'] = process.argv
const tags = JSON.parse(tagsText) as string[]
const virtual = createVirtualClock(undefined, 1_000 + Number(life) * 1_000)
const clock = { ...virtual, bootId: 'boot1', quality: () => 'synchronised' as const, onStep: () => undefined, close: () => undefined }
const log = await openTestLog(directory)
const board = new TagBoard({ maxTags: 1_000, maxShown: 1_000, lapseMs: 600_000 })
const ingest = await createIngest({ clock, log, tags: board, limits: { maxPerTagPerMinute: 10, maxPerSourcePerMinute: 5 } })

function deliver(tag: string): void {
  ingest.deliver('hall', {
    readings: [
      {
        tag,
        signals: [
          { kind: 'sos', form: 'level', on: true },
          { kind: 'motionless', form: 'level', on: true }
        ]
      }
    ],
    receivedAt: clock.wallMs(),
    monotonicMs: clock.monotonicMs(),
    onDurable: () => process.send?.(tag)
  })
}

function dieAfter(turns: number): void {
  if (turns === 0) process.kill(process.pid, 'SIGKILL')
  else setImmediate(() => dieAfter(turns - 1))
}

let next = 0
async function turn(): Promise<void> {
  const tag = tags[next % tags.length]
  next++
  if (tag !== undefined) deliver(tag)
  if (next === Number(killAfter)) dieAfter(Number(turnsLeft))
  if (killAfter !== '' || next < tags.length) {
    setImmediate(() => void turn())
    return
  }
  await log.flush()
  await virtual.advance(WINDOW_MS + 1)
  ingest.close()
  await log.close()
  process.disconnect?.()
}
await turn()
