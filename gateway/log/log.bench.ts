import { rmSync, statSync } from 'node:fs'
import type { GatewayEvent } from '../events/define-event.ts'
import { BatchBuilder } from './batch-builder.ts'
import { openBatch } from './batch-codec.ts'
import { decodeBlock, encodeBlock } from './block-codec.ts'
import { freshDirectory, openTestLog } from './log-test-support.ts'
import { openLogReader } from './open-log-reader.ts'
import { openLogStore } from './open-log-store.ts'
import { Packer } from './packer.ts'

/**
 * Figures of the log alone. `node dist/gateway/log/log.bench.js codec|append|open` prints one JSON line a measurement.
 */

/** Realistic TagMovements: workers that walk, positions in centimetres with noise, ten fixes a second in all or more. */
export function movements(tags: number, eventsPerSecond: number, startMs = 1_790_000_000_000): (i: number) => GatewayEvent {
  let seed = 42
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed / 2 ** 32
  }
  const noise = () => (random() + random() + random() - 1.5) * 0.2
  const walkers = Array.from({ length: tags }, (_, i) => ({
    id: `pans-hall1:${(0x4d00 + i).toString(16)}`,
    x: random() * 60,
    y: random() * 40,
    heading: random() * 6.28,
    frame: Math.floor(random() * 1000)
  }))
  const stepS = tags / eventsPerSecond
  return (i) => {
    const walker = walkers[i % tags] ?? { id: '', x: 0, y: 0, heading: 0, frame: 0 }
    walker.heading += (random() - 0.5) * stepS
    walker.x = Math.min(60, Math.max(0, walker.x + Math.cos(walker.heading) * 1.2 * stepS))
    walker.y = Math.min(40, Math.max(0, walker.y + Math.sin(walker.heading) * 1.2 * stepS))
    walker.frame += Math.max(1, Math.round(stepS * 10))
    const receivedAt = startMs + Math.floor((i * 1000) / eventsPerSecond + random() * 3)
    const cm = (value: number) => Math.round(value * 100) / 100
    return {
      type: 'TagMovement',
      lane: 'telemetry',
      key: walker.id,
      time: receivedAt,
      source: 'hall1',
      receivedAt,
      clockQuality: 'synchronised',
      bootId: '0d7f5d1c-2f7e-4ad0-8f0e-2b1f6f2f8b11',
      monotonicMs: Math.round((i * 1e6) / eventsPerSecond + random() * 3000) / 1000,
      data: {
        tag: walker.id,
        sequence: walker.frame,
        position: { x: cm(walker.x + noise()), y: cm(walker.y + noise()), z: cm(1.2 + noise()) },
        quality: Math.round(60 + random() * 35)
      }
    }
  }
}

const print = (figures: object) => process.stdout.write(`${JSON.stringify(figures)}\n`)

function codec(): void {
  for (const [tags, rate] of [
    [10, 100],
    [1000, 20_000]
  ] as const) {
    const make = movements(tags, rate)
    for (let warm = 0; warm < 4; warm++) {
      const builder = new BatchBuilder()
      for (let i = 0; i < 8192; i++) {
        const event = make(i)
        builder.add(event, JSON.stringify(event.data))
      }
      const batch = builder.finish()
      const started = performance.now()
      const block = encodeBlock([openBatch(batch)])
      const packed = performance.now()
      const decoded = decodeBlock(block)
      let chars = 0
      for (let i = 0; i < decoded.count; i++) chars += decoded.eventAt(i, { lane: 'telemetry', epoch: '1', firstSequence: 1 }).body.length
      const read = performance.now()
      if (warm < 3) continue
      print({
        tags,
        rawBytesPerEvent: batch.length / 8192,
        blockBytesPerEvent: block.length / 8192,
        packMicrosPerEvent: ((packed - started) * 1000) / 8192,
        decodeMicrosPerEvent: ((read - packed) * 1000) / 8192,
        bodyChars: chars / 8192
      })
    }
  }
}

/** Appends at a rate, from one turn a millisecond, and waits until all is durable and packed. */
async function append(eventsPerSecond: number, seconds: number): Promise<void> {
  const directory = freshDirectory()
  const log = await openTestLog(directory)
  const make = movements(1000, eventsPerSecond, Date.now())
  const started = performance.now()
  const cpu = process.cpuUsage()
  let appended = 0
  let durable = 0
  let worstMs = 0
  await new Promise<void>((resolve) => {
    const tick = setInterval(() => {
      const now = performance.now()
      const due = Math.min(((now - started) * eventsPerSecond) / 1000, eventsPerSecond * seconds)
      for (; appended < due; appended++) {
        log.append(make(appended), () => {
          durable++
          worstMs = Math.max(worstMs, performance.now() - now)
        })
      }
      if (appended < eventsPerSecond * seconds) return
      clearInterval(tick)
      resolve()
    }, 1)
  })
  await log.flush()
  const took = (performance.now() - started) / 1000
  const used = process.cpuUsage(cpu)
  const { logBytes, commits } = log.status()
  print({
    offered: eventsPerSecond,
    durable,
    eventsPerSecond: durable / took,
    worstMs,
    commits,
    logBytes,
    cpuPerEventMicros: (used.user + used.system) / durable,
    rssMiB: process.memoryUsage().rss / 2 ** 20
  })
  await log.close()
  const reader = openLogReader(log.path)
  const readStarted = performance.now()
  let read = 0
  for (let at = 0; ; ) {
    const page = reader.read('telemetry', at, { maxEvents: 2000, maxBytes: 1e6 })
    if (page.events.length === 0) break
    read += page.events.length
    at = page.scannedTo
  }
  print({ read, readMicrosPerEvent: ((performance.now() - readStarted) * 1000) / read })
  reader.close()
  rmSync(directory, { recursive: true })
}

/** Builds a log of that many events, packed as the packer packs, unless it is there. */
export function buildLog(directory: string, events: number): void {
  const stamp = () => ({ key: 'gw1', bootId: 'boot1', clockQuality: 'synchronised' as const, wallMs: Date.now(), monotonicMs: 1 })
  const { store } = openLogStore({ directory, stamp, machineId: 'machine1' })
  const packer = new Packer(store.db)
  const make = movements(1000, 20_000)
  let blocks = 0
  for (let at = store.lastSequence('telemetry'); at < events; ) {
    const builder = new BatchBuilder()
    for (let i = 0; i < 2000 && at < events; i++, at++) {
      const event = make(at)
      builder.add(event, JSON.stringify(event.data))
    }
    store.commit([{ lane: 'telemetry', payload: builder.finish(), count: builder.count }])
    if (store.tailEvents('telemetry') < 8192) continue
    const outcome = packer.pack('telemetry')
    if (outcome.kind === 'packed') store.swapIn(outcome.block)
    if (++blocks % 20 === 0) store.db.pragma('wal_checkpoint(PASSIVE)')
  }
  store.close()
}

/** Time from the call until the log can be appended to. */
export async function openMs(directory: string): Promise<number> {
  const started = performance.now()
  const log = await openTestLog(directory)
  const took = performance.now() - started
  await log.close()
  return took
}

async function open(directory: string, events: number): Promise<void> {
  buildLog(directory, events)
  const bytes = statSync(`${directory}/events.db`).size
  const empty = freshDirectory()
  print({
    events,
    bytesPerEvent: bytes / events,
    openMs: [await openMs(directory), await openMs(directory), await openMs(directory)],
    emptyOpenMs: [await openMs(empty), await openMs(empty)]
  })
  rmSync(empty, { recursive: true })
}

if (process.argv[2] === 'codec') codec()
if (process.argv[2] === 'open') await open(process.argv[3] ?? freshDirectory(), Number(process.argv[4] ?? 10_000_000))
if (process.argv[2] === 'append') await append(Number(process.argv[3] ?? 20_000), Number(process.argv[4] ?? 5))
