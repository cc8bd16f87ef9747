import { type FileHandle, open } from 'node:fs/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { encodePosition, encodeTagLocation } from '../../firmware-protocols/dwm1001-uart-tlv/encode-tlv.ts'
import { findCodec } from '../../firmware-protocols/registry.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { openPtyPair, type PtyPair } from '../../test-support/pty.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Delivery } from '../driver.ts'
import { createSupervisor } from '../supervisor/supervisor.ts'
import { serialDriver } from './serial-driver.ts'

const anchorPosition = { x: 0, y: 0, z: 2 }
const ranges = ['1151', '0ca8', '5a34'].map((anchor, index) => ({
  anchor,
  rangeM: 6 + index,
  quality: 100,
  anchorPosition,
  anchorPositionQuality: 100
}))

let pair: PtyPair
let line: FileHandle
let deliveries: Delivery[]
let requests: number[]
let answers: boolean
let supervisor: ReturnType<typeof createSupervisor>

/** A module on the other end: it says nothing by itself, and answers each whole request, in pieces. */
async function playModule(): Promise<void> {
  const buffer = Buffer.alloc(64)
  let half: number | undefined
  for (let fixes = 0; ; ) {
    const { bytesRead } = await line.read(buffer, 0, buffer.length, null)
    if (bytesRead === 0) return
    for (const byte of buffer.subarray(0, bytesRead)) {
      if (half === undefined) {
        half = byte
        continue
      }
      requests.push(half)
      const fix = { position: { x: fixes++ / 100, y: 2, z: 1 }, quality: 90 }
      const answer = half === 0x0c ? encodeTagLocation(fix, ranges) : encodePosition(fix)
      half = undefined
      if (!answers) continue
      for (const piece of [answer.subarray(0, 1), answer.subarray(1, 20), answer.subarray(20)]) await line.write(piece)
    }
  }
}

beforeEach(async () => {
  pair = await openPtyPair()
  deliveries = []
  requests = []
  answers = true
  supervisor = createSupervisor({
    drivers: [serialDriver],
    findCodec,
    clock: systemClock,
    log: createMemoryLogger(),
    random: Math.random,
    policy: { startLimitMs: 5_000, stopLimitMs: 5_000, stableMs: 60_000, backoff: { firstMs: 20, factor: 2, capMs: 100, jitter: 0.5 } },
    onDelivery: (_sourceId, delivery) => deliveries.push(delivery),
    onHealth: () => undefined
  })
  line = await open(pair.device, 'r+')
  // Ends with the line.
  playModule().catch(() => undefined)
})
afterEach(async () => {
  await supervisor.close()
  await pair.unplug()
  await line.close()
  await pair.close()
})

const apply = (poll?: object): void =>
  supervisor.apply([
    {
      id: 'hall',
      driver: 'serial',
      protocol: 'dwm1001-uart-tlv',
      enabled: true,
      settings: { port: pair.port, tag: '4d18', ...(poll && { poll }) }
    }
  ])
const status = () => supervisor.statuses()[0]

it('asks a module that speaks only when asked, and reads its answers', async () => {
  apply()
  await waitFor('answers', () => deliveries.length >= 10)
  expect(new Set(requests)).toEqual(new Set([0x0c]))
  expect(status()).toMatchObject({ health: 'up', counters: { errors: 0, discardedBytes: 0 } })
  const [first] = deliveries
  expect(first?.readings).toMatchObject([{ tag: '4d18', position: { x: 0, y: 2, z: 1 }, ranges: [{ anchor: '1151', rangeM: 6 }, {}, {}] }])
  const xs = deliveries.map(({ readings }) => Math.round((readings[0]?.position?.x ?? 0) * 100))
  expect(xs).toEqual(xs.map((_, index) => index))
})

it('is degraded while a module does not answer, and well again when it does', async () => {
  answers = false
  apply({ intervalS: 0.02, timeoutS: 0.05, ask: ['pos_get'] })
  await waitFor('it is said', () => status()?.health === 'degraded')
  expect(status()?.amiss).toContain('does not answer')
  const inVain = requests.length
  await waitFor('it goes on asking', () => requests.length > inVain)
  expect(deliveries).toEqual([])
  answers = true
  await waitFor('it is well again', () => status()?.health === 'up' && deliveries.length > 2)
  expect(new Set(requests)).toEqual(new Set([0x02]))
})

it('asks again when the module was unplugged', async () => {
  apply({ intervalS: 0.02 })
  await waitFor('answers', () => deliveries.length > 2)
  await pair.unplug()
  await waitFor('the loss is noticed', () => status()?.health === 'down')
  await line.close()
  await pair.replug()
  line = await open(pair.device, 'r+')
  const before = deliveries.length
  playModule().catch(() => undefined)
  await waitFor('answers again', () => deliveries.length > before + 2)
})

it('asks nothing where somebody else asks', async () => {
  apply({ intervalS: 0 })
  await waitFor('the source is up', () => status()?.health === 'up')
  for (let count = 0; count < 3; count++) await line.write(encodePosition({ position: { x: 1, y: 2, z: 3 }, quality: 50 }))
  await waitFor('it is read', () => deliveries.length >= 2)
  expect(requests).toEqual([])
})

it('says what a protocol does not have, for good', async () => {
  apply({ ask: ['everything'] })
  await waitFor('it is refused', () => status()?.lastError)
  expect(status()).toMatchObject({
    nextAttemptInMs: null,
    lastError: { code: 'SETTINGS_INVALID', retriable: false, message: expect.stringContaining('loc_get, pos_get') }
  })
})
