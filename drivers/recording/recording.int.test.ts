import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeDriverContract } from '../../test-support/driver-contract.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { createVirtualClock, settlePromises, type VirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { createStreamFeed } from '../codec-feed.ts'
import type { Delivery, DriverContext } from '../driver.ts'
import { createMessageFeed } from '../message-feed.ts'
import { createSupervisor } from '../supervisor/supervisor.ts'
import { recordingDriver } from './driver.ts'
import { openRecording } from './read-recording.ts'
import { Recorder } from './recorder.ts'

const codec = createToyCodec()
const text = (line: string): Uint8Array => new TextEncoder().encode(line)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tagward-recorder-'))
})
afterEach(async () => await rm(folder, { recursive: true }))

interface Stand {
  readonly context: DriverContext
  readonly clock: VirtualClock
  /** Tags heard, with the milliseconds since the start. */
  readonly heard: [string, number][]
  readonly amiss: string[]
  readonly deliveries: Delivery[]
}

function stand(tap?: Recorder, clock = createVirtualClock()): Stand {
  const startMs = clock.monotonicMs()
  const heard: [string, number][] = []
  const amiss: string[] = []
  const deliveries: Delivery[] = []
  const context: DriverContext = {
    sourceId: 'hall1',
    clock,
    log: createMemoryLogger(),
    counters: { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 },
    sink: {
      deliver: (delivery) => {
        deliveries.push(delivery)
        for (const { tag = '' } of delivery.readings) heard.push([tag, clock.monotonicMs() - startMs])
      }
    },
    signal: new AbortController().signal,
    degraded: (why) => amiss.push(why),
    failed: (error) => amiss.push(error.code),
    ...(tap === undefined ? {} : { tap })
  }
  return { context, clock, heard, amiss, deliveries }
}

function recorder(clock: VirtualClock, maxBytes = 1_000_000, directory = folder): Recorder {
  return new Recorder({
    directory,
    header: { source: 'hall1', driver: 'serial', protocol: 'toy' },
    maxBytes,
    clock,
    log: createMemoryLogger()
  })
}

/** Three tags, in pieces: at 0, 100 and 1 600 ms. */
async function recordStream(): Promise<{ path: string; heard: [string, number][]; counters: DriverContext['counters'] }> {
  const clock = createVirtualClock()
  const tape = recorder(clock)
  const live = stand(tape, clock)
  const feed = createStreamFeed(codec, live.context)
  feed.bytes(text('noise\n0001 1 '))
  feed.bytes(text('2\n'))
  await clock.advance(100)
  feed.bytes(text('0002 3 4\n00'))
  await clock.advance(1_500)
  feed.bytes(text('03 5 6\n'))
  await tape.close()
  return { path: tape.path, heard: live.heard, counters: live.context.counters }
}

async function play(settings: object, advanceMs: readonly number[]): Promise<Stand> {
  const played = stand()
  const run = recordingDriver.createRun(recordingDriver.settings.parse(settings), codec, played.context)
  await run.start()
  for (const ms of advanceMs) {
    // The file is read by the system's threads, which a virtual clock does not know.
    await settlePromises()
    await waitFor('the replay to wait or to end', () => played.clock.pendingTimers > 0 || played.amiss.length > 0)
    await played.clock.advance(ms)
  }
  await waitFor('the end', () => played.amiss.length > 0 || advanceMs.length === 0)
  await run.stop()
  return played
}

describe('a recorded stream', () => {
  it('is played back byte for byte, at the times it was heard', async () => {
    const { path, heard, counters } = await recordStream()
    const played = await play({ file: path }, [100, 1_500])
    expect(played.heard).toEqual(heard)
    expect(heard).toEqual([
      ['0001', 0],
      ['0002', 100],
      ['0003', 1_600]
    ])
    expect(played.context.counters).toEqual(counters)
    expect(played.amiss).toEqual(['the recording is at its end'])
  })

  it('is played at another speed, or in part', async () => {
    const { path } = await recordStream()
    expect((await play({ file: path, speed: 10 }, [10, 150])).heard.map(([, ms]) => ms)).toEqual([0, 10, 160])
    expect((await play({ file: path, toS: 0.5 }, [100])).heard.map(([tag]) => tag)).toEqual(['0001', '0002'])
    expect((await play({ file: path, fromS: 0.05, toS: 0.5 }, [50])).heard).toEqual([['0002', 50]])
  })

  it('says so when there is nothing in the part that is to be played round and round', async () => {
    const { path } = await recordStream()
    expect((await play({ file: path, fromS: 100, loop: true }, [])).amiss.length).toBeLessThanOrEqual(1)
  })
})

it('keeps messages with what they came with, and no keys', async () => {
  const clock = createVirtualClock()
  const tape = recorder(clock)
  const feed = createMessageFeed(codec, stand(tape, clock).context)
  feed.message(text('0001 1 2\n'), { topic: 'a/b', key: Uint8Array.of(0x5e, 0xc8), retained: true }, { receiver: 'gate', rssiDbm: -70 })
  await tape.close()
  const played = await play({ file: tape.path }, [])
  await waitFor('the message', () => played.heard.length === 1)
  expect(played.deliveries).toMatchObject([{ receiver: 'gate', rssiDbm: -70 }])
})

describe('the recorder', () => {
  it('writes within a second what it has heard', async () => {
    const clock = createVirtualClock()
    const tape = recorder(clock)
    tape.bytes(text('0001 1 2\n'))
    await clock.advance(1_000)
    await waitFor('the block', async () => (await stat(tape.path)).size > 100)
    await tape.close()
  })

  it('ends at its limit, with all before it whole', async () => {
    const clock = createVirtualClock()
    const tape = recorder(clock, 65_536)
    const random = Uint8Array.from({ length: 3_000 }, (_none, index) => (index * 7_919 + (index % 13) * 31) & 0xff)
    for (let index = 0; index < 200; index++) {
      tape.bytes(random.map((byte) => (byte * (index + 3)) & 0xff))
      await clock.advance(50)
    }
    await tape.close()
    const { size } = await stat(tape.path)
    expect(size).toBeLessThanOrEqual(65_536)
    expect(size).toBeGreaterThan(1_000)
  })

  it('harms nobody where it cannot write', async () => {
    const clock = createVirtualClock()
    const occupied = join(folder, 'recordings')
    await writeFile(occupied, '')
    const tape = recorder(clock, 1_000_000, occupied)
    const live = stand(tape, clock)
    createStreamFeed(codec, live.context).bytes(text('0001 1 2\n'))
    await clock.advance(2_000)
    await tape.close()
    expect(live.heard).toEqual([['0001', 0]])
    expect(await readdir(folder)).toEqual(['recordings'])
  })

  it('leaves out what a disk does not take, holds no more than its limit, and records how much', async () => {
    const clock = createVirtualClock()
    const tape = recorder(clock, 2 ** 30)
    const live = stand(tape, clock)
    const feed = createStreamFeed(codec, live.context)
    // Nothing is written while this goes on without a pause: the disk is as slow as can be.
    const noise = randomBytes(60_000)
    for (let round = 0; round < 200; round++) feed.bytes(noise)
    await waitFor('the disk to take it', async () => (await stat(tape.path)).size > 1_000_000)
    await clock.advance(1_000)
    feed.bytes(text('0001 1 2\n'))
    await tape.close()
    const { size } = await stat(tape.path)
    expect(size).toBeLessThan(9 * 1024 * 1024)
    const recording = await openRecording(tape.path)
    const kinds = new Set<string>()
    for await (const entry of recording?.entries() ?? []) kinds.add(entry.kind)
    await recording?.close()
    expect([...kinds].toSorted()).toEqual(['bytes', 'lost'])
  })
})

it('is played when its file is there at last', async () => {
  const deliveries: Delivery[] = []
  const made = await recordStream()
  const supervisor = createSupervisor({
    drivers: [recordingDriver],
    findCodec: () => codec,
    clock: systemClock,
    log: createMemoryLogger(),
    random: Math.random,
    policy: { startLimitMs: 5_000, stopLimitMs: 5_000, stableMs: 60_000, backoff: { firstMs: 20, factor: 2, capMs: 100, jitter: 0.5 } },
    onDelivery: (_sourceId, delivery) => deliveries.push(delivery),
    onHealth: () => undefined
  })
  const file = join(folder, 'later.tagrec')
  supervisor.apply([{ id: 'again', driver: 'recording', protocol: 'toy', enabled: true, settings: { file, speed: 1000 } }])
  await waitFor('it is missed', () => supervisor.statuses()[0]?.lastError?.code === 'RECORDING_UNREADABLE')
  await rename(made.path, file)
  await waitFor('it is played', () => deliveries.length === made.heard.length)
  await supervisor.close()
})

describeDriverContract(
  'recording',
  recordingDriver,
  async () => {
    const own = await mkdtemp(join(tmpdir(), 'tagward-replay-'))
    const clock = createVirtualClock()
    const tape = new Recorder({
      directory: own,
      header: { source: 'hall1', driver: 'serial', protocol: 'toy' },
      maxBytes: 1_000_000,
      clock,
      log: createMemoryLogger()
    })
    const feed = createStreamFeed(codec, stand(tape, clock).context)
    for (let index = 0; index < 3_000; index++) {
      feed.bytes(text('0001 1 2\n'))
      await clock.advance(5)
    }
    await tape.close()
    return {
      codec,
      settings: { file: tape.path },
      unopenable: { settings: { file: join(own, 'missing') }, code: 'RECORDING_UNREADABLE', retriable: true },
      produce() {
        // It plays by itself.
      },
      async tearDown() {
        await rm(own, { recursive: true })
      }
    }
  },
  ['hanging', 'breakable']
)
