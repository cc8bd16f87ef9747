import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryLog, type MemoryLog } from '../../test-support/memory-log.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { createVirtualClock, type VirtualClock } from '../../test-support/virtual-clock.ts'
import type { GatewayEvent, Lane } from '../events/define-event.ts'
import { DiskUnusableError } from '../log/log-error.ts'
import { movement } from '../log/log-test-support.ts'
import type { EventLogHandle } from '../log/open-event-log.ts'
import { HeldLog, type HeldLogOptions } from './held-log.ts'

const FULL = new DiskUnusableError('full', 'database or disk is full')

interface Rig {
  readonly log: HeldLog
  readonly disk: MemoryLog & { readonly gaps: object[]; closed: boolean }
  readonly triedAtMs: number[]
  /** When it was told what the log had saved. */
  readonly told: string[]
  /** What the next attempts run into; none left: the log opens. */
  readonly refusals: Error[]
  beats: number
  /** Settles the opening that hangs. */
  readonly answer: (refusal?: Error) => void
  /** Thrown by who is told what the log had saved. */
  failsWhenTold?: Error
}

let clock: VirtualClock
beforeEach(() => {
  clock = createVirtualClock()
})

interface RigOptions extends Pick<Partial<HeldLogOptions>, 'saved' | 'maxBytes'> {
  /** An opening is under way; gives what settles it. */
  readonly hangs?: boolean
}

function createRig(refusals: Error[] = [], { hangs = false, maxBytes, saved }: RigOptions = {}): Rig {
  const disk = Object.assign(createMemoryLog(), { gaps: [] as object[], closed: false })
  const handle = Object.assign(disk, {
    path: '/data/events.db',
    epoch: '7',
    congested: false,
    reportGap: (gap: object) => void disk.gaps.push(gap),
    close: () => {
      disk.closed = true
      return Promise.resolve()
    }
  }) as unknown as EventLogHandle
  const started = clock.monotonicMs()
  let answer: (refusal?: Error) => void = () => undefined
  const opening = new Promise<EventLogHandle>((resolve, reject) => {
    answer = (refusal) => (refusal === undefined ? resolve(handle) : reject(refusal))
  })
  const rig: Omit<Rig, 'log'> = { disk, refusals, triedAtMs: [], told: [], beats: 0, answer: (refusal) => answer(refusal) }
  const log = new HeldLog({
    directory: '/data',
    clock,
    logger: createMemoryLogger(),
    trouble: FULL,
    open() {
      rig.triedAtMs.push(clock.monotonicMs() - started)
      const refusal = refusals.shift()
      return refusal === undefined ? Promise.resolve(handle) : Promise.reject(refusal)
    },
    onStatus: () => {
      rig.beats += 1
    },
    onStateFound: (found) => {
      rig.told.push(`${[...found.keys()]} after ${disk.events.length} events`)
      if (rig.failsWhenTold !== undefined) throw rig.failsWhenTold
    },
    saved,
    ...(hangs ? { opening } : {}),
    ...(maxBytes === undefined ? {} : { maxBytes })
  })
  return Object.assign(rig, { log })
}

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const numbers = (events: readonly GatewayEvent[], lane: Lane): unknown[] =>
  events.filter((event) => event.lane === lane).map(({ data }) => (data as { n: unknown }).n)

describe('a log that its disk does not let open', () => {
  it('says what is wrong, gives signs of life, and is tried again with growing pauses', async () => {
    const rig = createRig(times(8, () => FULL))
    rig.log.append(movement(1, 'alarm'))
    expect(rig.log.status()).toMatchObject({ storage: 'full', epoch: '', commits: 0, lanes: { alarm: { waiting: 1, lastSequence: 0 } } })
    expect(rig.log.status().storageError).toMatch(/disk is full.*wait in memory/)
    await clock.advance(120_000)
    expect(rig.triedAtMs).toEqual([1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000])
    expect(rig.beats).toBe(120)
    expect(rig.log.congested).toBe(false)
  })

  it('gets what was held when it opens: alarms first and in order, with state, and only its commit is durability', async () => {
    const rig = createRig([FULL])
    const durable: string[] = []
    for (let n = 0; n < 5; n++) {
      rig.log.append(movement(n), () => durable.push(`t${n}`))
      rig.log.append(movement(n, 'alarm'), () => durable.push(`a${n}`))
      rig.log.saveState('edges', 'tag', String(n))
    }
    rig.log.saveState('edges', 'gone', undefined)
    expect([...(await rig.log.loadState('edges'))]).toEqual([['tag', '4']])
    const flushed = rig.log.flush()
    await clock.advance(2_999)
    expect(rig.disk.events).toEqual([])
    await clock.advance(1)
    expect(rig.told).toEqual(['edges after 5 events'])
    expect(rig.disk.events.map(({ lane }) => lane)).toEqual([...times(5, () => 'alarm'), ...times(5, () => 'telemetry')])
    expect(numbers(rig.disk.events, 'alarm')).toEqual([0, 1, 2, 3, 4])
    expect([...(rig.disk.state.get('edges') ?? [])]).toEqual([['tag', '4']])
    expect(durable).toEqual([])
    rig.disk.commit()
    await flushed
    expect(durable).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 't0', 't1', 't2', 't3', 't4'])
    expect(rig.disk.gaps).toEqual([])
    rig.log.append(movement(9, 'alarm'))
    expect(rig.disk.events).toHaveLength(11)
    const { beats } = rig
    await clock.advance(60_000)
    expect([rig.beats, rig.triedAtMs.length]).toEqual([beats, 2])
  })

  it('holds no more than its memory: the newest telemetry goes, the oldest alarms, and both are told by number', async () => {
    const rig = createRig([], { maxBytes: { alarm: 20_000, telemetry: 10_000 } })
    for (let n = 0; n < 1_000; n++) {
      rig.log.append(movement(n))
      rig.log.append(movement(n, 'alarm'))
    }
    const { lanes, storageError } = rig.log.status()
    expect(lanes.alarm.waiting).toBeLessThan(50)
    expect(storageError).toContain(`${1_000 - lanes.alarm.waiting} alarms, ${1_000 - lanes.telemetry.waiting} of telemetry`)
    await clock.advance(1_000)
    expect(numbers(rig.disk.events, 'telemetry')).toEqual(times(lanes.telemetry.waiting, (n) => n))
    expect(numbers(rig.disk.events, 'alarm')).toEqual(times(lanes.alarm.waiting, (n) => 1_000 - lanes.alarm.waiting + n))
    const reason = 'dropped-storage-failed'
    expect(rig.disk.gaps).toMatchObject([
      { lane: 'alarm', reason, countByType: { TagAlert: 1_000 - lanes.alarm.waiting }, timeFrom: movement(0).time },
      { lane: 'telemetry', reason, countByType: { TagMovement: 1_000 - lanes.telemetry.waiting }, timeTo: movement(999).time }
    ])
  })

  it('says at once what telemetry it lets go, to whoever must know: what comes beyond its memory, and what presses; alarms never', async () => {
    const rig = createRig([], { maxBytes: { alarm: 20_000, telemetry: 10_000 } })
    const said: string[] = []
    const append = (n: number, lane: Lane, soon: boolean): void =>
      rig.log.append(movement(n, lane), () => said.push(`${lane} ${n} durable`), {
        soon,
        onGivenUp: () => said.push(`${lane} ${n} given up`)
      })
    append(1, 'telemetry', false)
    append(2, 'telemetry', true)
    append(3, 'alarm', true)
    expect(said).toEqual(['telemetry 2 given up'])
    for (let n = 100; n < 1_100; n++) append(n, 'alarm', false)
    expect(said).toHaveLength(1)
    for (let n = 100; n < 1_100; n++) append(n, 'telemetry', false)
    const { waiting } = rig.log.status().lanes.telemetry
    expect(said).toHaveLength(1_002 - waiting)
    expect(said.every((text) => /^telemetry \d+ given up$/.test(text))).toBe(true)
    await clock.advance(1_000)
    expect(rig.disk.gaps).toMatchObject([{ lane: 'alarm' }, { lane: 'telemetry', countByType: { TagMovement: 1_002 - waiting } }])
    rig.disk.commit()
    expect(said.filter((text) => text.startsWith('telemetry') && text.endsWith('durable'))).toHaveLength(waiting)
  })

  it('has what was held also when what follows its opening fails: the log is in use, and is not opened a second time', async () => {
    const rig = createRig()
    rig.failsWhenTold = new Error('not what it should be')
    await rig.log.loadState('edges')
    rig.log.append(movement(1, 'alarm'))
    rig.log.saveState('edges', 'tag', '1')
    const opened = rig.log.opened()
    await clock.advance(120_000)
    expect((await opened).epoch).toBe('7')
    expect([rig.triedAtMs.length, rig.told.length, rig.disk.events.length]).toEqual([1, 1, 1])
    expect([...(rig.disk.state.get('edges') ?? [])]).toEqual([['tag', '1']])
    rig.log.append(movement(2, 'alarm'))
    expect(rig.disk.events).toHaveLength(2)
    await rig.log.close()
    expect(rig.disk.closed).toBe(true)
  })

  it('is tried a last time when the gateway stops', async () => {
    const saved = createRig()
    saved.log.append(movement(1, 'alarm'))
    await saved.log.close()
    expect([saved.disk.events.length, saved.disk.closed]).toEqual([1, true])

    const lost = createRig(times(3, () => FULL))
    lost.log.append(movement(1, 'alarm'))
    await lost.log.close()
    await clock.advance(60_000)
    expect([lost.triedAtMs.length, lost.disk.events.length]).toEqual([1, 0])
  })

  it('waits for an opening that hangs, gives signs of life meanwhile, and has what was held when the disk answers', async () => {
    const rig = createRig([], { hangs: true })
    await rig.log.loadState('edges')
    rig.log.append(movement(1, 'alarm'))
    await clock.advance(3_600_000)
    expect([rig.triedAtMs.length, rig.beats, rig.disk.events.length]).toEqual([0, 3600, 0])
    rig.answer()
    await rig.log.opened()
    expect([rig.disk.events.length, rig.told]).toEqual([1, ['edges after 1 events']])
  })

  it('tries again when an opening that hung has failed, and ends though one never answers', async () => {
    const rig = createRig([], { hangs: true })
    rig.log.append(movement(1, 'alarm'))
    rig.answer(FULL)
    await clock.advance(1_000)
    expect([rig.triedAtMs.length, rig.disk.events.length]).toEqual([1, 1])

    const stuck = createRig([], { hangs: true })
    stuck.log.append(movement(1, 'alarm'))
    const closed = expect(stuck.log.close()).rejects.toMatchObject({ code: 'LOG_HUNG' })
    await clock.advance(60_000)
    await closed
    // Too late for what was said to be gone; its disk may be taken away.
    stuck.answer()
    await clock.advance(60_000)
    expect([stuck.disk.events.length, stuck.disk.closed, stuck.triedAtMs.length]).toEqual([0, true, 0])
  })

  it('knows what the log had saved where that could be read, and asks the log only where it could not', async () => {
    const known = createRig([], { saved: new Map([['edges', new Map([['tag', '1']])]]) })
    expect([known.log.stateIsUnknown, await known.log.loadState('edges')]).toEqual([false, new Map([['tag', '1']])])
    expect(await known.log.loadState('others')).toEqual(new Map())
    await clock.advance(1_000)
    expect([known.disk.closed, known.log.epoch, known.told]).toEqual([false, '7', []])
  })

  it('does not gather what is forgotten again and was never in the log', async () => {
    const rig = createRig([], { saved: new Map([['edges', new Map([['old', '1']])]]) })
    for (let n = 0; n < 1_000; n++) {
      rig.log.saveState('edges', `random ${n}`, '1')
      rig.log.saveState('edges', `random ${n}`, undefined)
    }
    rig.log.saveState('edges', 'old', undefined)
    const deleted: string[] = []
    const saveState = rig.disk.saveState.bind(rig.disk)
    rig.disk.saveState = (processor, key, value) => {
      deleted.push(key)
      saveState(processor, key, value)
    }
    await clock.advance(1_000)
    expect(deleted).toEqual(['old'])
  })

  it('takes an event whose data are no JSON', () => {
    const rig = createRig()
    expect(() => rig.log.append({ ...movement(1, 'alarm'), data: { n: 1n } })).not.toThrow()
    expect(rig.log.status().lanes.alarm.waiting).toBe(1)
  })
})
