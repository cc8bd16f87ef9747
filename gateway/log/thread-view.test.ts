import { beforeEach, describe, expect, it } from 'vitest'
import type { StorageState } from './event-log.ts'
import type { ThreadStatus } from './log-messages.ts'
import { ThreadView } from './thread-view.ts'

const lane = { lastSequence: 5, firstSequence: 1 }

function says(storage: StorageState): ThreadStatus {
  return {
    epoch: '7',
    lanes: { alarm: lane, telemetry: lane },
    storage,
    storageError: storage === 'ok' ? undefined : 'why',
    logBytes: 1,
    freeBytes: 1,
    commits: 1,
    lastCommitMs: 1,
    damagedBlocks: 0
  }
}

let nowMs = 0
let view: ThreadView
beforeEach(() => {
  nowMs = 1_000
  view = new ThreadView(() => nowMs)
})

describe('the log thread as seen from the main thread', () => {
  it('says what it said last, with what is durable since', () => {
    expect(() => view.known()).toThrow(expect.objectContaining({ code: 'LOG_CLOSED' }))
    view.said(says('ok'))
    view.committed('alarm', 9)
    expect(view.known().lanes).toEqual({ alarm: { ...lane, lastSequence: 9 }, telemetry: lane })
    expect(view.storage).toBe('ok')
  })

  it('is failing storage when it is silent, for a disk that does not answer says nothing', () => {
    view.said(says('ok'))
    nowMs += 5_000
    expect(view.storage).toBe('ok')
    nowMs += 1_000
    expect(view.storage).toBe('failing')
    expect(view.known()).toMatchObject({ storage: 'failing', storageError: expect.stringContaining('has not answered for 6 s') })
    expect(view.storesNothing()).toBe(true)
    view.committed('telemetry', 6)
    expect(view.known()).toMatchObject({ storage: 'ok', storageError: undefined })
    expect(view.storesNothing()).toBe(false)
  })

  it('is not silent before it is open, nor when it has ended', () => {
    nowMs += 60_000
    expect([view.storage, view.status]).toEqual([undefined, undefined])
    view.said(says('ok'))
    view.ended()
    nowMs += 60_000
    expect(view.storage).toBe('ok')
    view.ended('it has died')
    expect(view.known()).toMatchObject({ storage: 'failing', storageError: 'it has died' })
  })

  it.each(['full', 'failing'] as const)('stores nothing on a %s disk only when no telemetry was committed for a while', (storage) => {
    view.said(says('ok'))
    expect(view.storesNothing()).toBe(false)
    view.said(says(storage))
    view.committed('telemetry', 6)
    expect(view.storesNothing()).toBe(false)
    nowMs += 1_001
    view.committed('alarm', 6)
    expect(view.storesNothing()).toBe(true)
  })
})
