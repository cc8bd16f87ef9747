import { type FileHandle, open } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { createModbusMemory, type ModbusMemory, startModbusRtu } from '../../test-support/modbus-site.ts'
import { openPtyPair, type PtyPair } from '../../test-support/pty.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Delivery, SendOutcome } from '../driver.ts'
import { createSupervisor } from '../supervisor/supervisor.ts'
import { modbusDriver } from './driver.ts'
import { rtuFrame } from './rtu-frames.ts'

const LINE = { baudRate: 115_200, parity: 'none', intervalS: 0.05, timeoutMs: 400 }
/** Where nothing is lost: a busy machine is no reason to give up. */
const PATIENT = { timeoutMs: 5_000 }
const units = [
  { unit: 1, tag: 'gas-1', signals: [{ name: 'co', table: 'input-register', address: 0, means: 'gas', gas: 'co', unit: 'ppm' }] }
]
const outputs = [{ name: 'siren', unit: 9, table: 'holding-register', address: 4, on: 100, off: 0, confirmWithinMs: 10_000 }]

function memoryOfSite(): ModbusMemory {
  const memory = createModbusMemory()
  memory.set(1, 'input-register', 0, 12)
  memory.set(9, 'holding-register', 4, 0)
  return memory
}

describeDriverContract('modbus RTU', modbusDriver, async (): Promise<DriverWorld> => {
  const pair = await openPtyPair()
  const memory = memoryOfSite()
  memory.silent.add(200)
  const server = await startModbusRtu(memory, pair.device)
  return {
    settings: { port: pair.port, ...LINE, ...PATIENT, units },
    unopenable: { settings: { port: `${pair.port}-gone`, ...LINE, units }, code: 'PORT_NOT_FOUND', retriable: true },
    hanging: { settings: { port: pair.port, ...LINE, ...PATIENT, units: units.map((unit) => ({ ...unit, unit: 200 })) } },
    produce: () => undefined,
    breakable: { breakLink: () => pair.unplug(), code: 'LINK_LOST', retriable: true },
    async tearDown() {
      await server.close()
      await pair.close()
    }
  }
})

describe('a source by Modbus RTU', () => {
  let pair: PtyPair
  let memory: ModbusMemory
  let deliveries: Delivery[]
  let supervisor: ReturnType<typeof createSupervisor>
  let servers: { close(): Promise<void> }[]

  beforeEach(async () => {
    pair = await openPtyPair()
    memory = memoryOfSite()
    deliveries = []
    servers = []
    supervisor = createSupervisor({
      drivers: [modbusDriver],
      findCodec: () => undefined,
      clock: systemClock,
      log: createMemoryLogger(),
      random: Math.random,
      policy: { startLimitMs: 5_000, stopLimitMs: 5_000, stableMs: 60_000, backoff: { firstMs: 20, factor: 2, capMs: 100, jitter: 0.5 } },
      onDelivery: (_sourceId, delivery) => {
        deliveries.push(delivery)
      },
      onHealth: () => undefined
    })
  })
  afterEach(async () => {
    await supervisor.close()
    await Promise.all(servers.map((server) => server.close()))
    await pair.close()
  })

  const serve = async (): Promise<void> => {
    servers.push(await startModbusRtu(memory, pair.device))
  }
  const apply = (settings: object = { units, outputs }): void =>
    supervisor.apply([
      { id: 'bus', driver: 'modbus', protocol: undefined, enabled: true, settings: { port: pair.port, ...LINE, ...settings } }
    ])
  const status = () => supervisor.statuses()[0]
  const is = (health: string) => waitFor(`the source is ${health}`, () => status()?.health === health)
  const newReading = async (): Promise<void> => {
    const before = deliveries.length
    await waitFor('a new reading', () => deliveries.length > before)
  }
  const turn = (on: boolean): Promise<SendOutcome> =>
    supervisor.send('bus', 'siren', { kind: 'switch', payload: { output: 'siren', on } }, { timeoutMs: 20_000 })

  it('reads and switches', async () => {
    await serve()
    apply()
    await is('up')
    await newReading()
    expect(deliveries.flatMap(({ readings }) => readings)).toContainEqual({ tag: 'gas-1', gases: [{ gas: 'co', ppm: 12 }] })
    expect(await turn(true)).toEqual({ stage: 'acknowledged' })
    expect(memory.get(9, 'holding-register', 4)).toBe(100)
    expect(await turn(false)).toEqual({ stage: 'acknowledged' })
    memory.remove(9, 'holding-register', 4)
    expect(await turn(true)).toMatchObject({ stage: 'failed', code: 'OUTPUT_REFUSED' })
  })

  it('is found again when the adapter is unplugged and plugged in under another number', async () => {
    await serve()
    apply()
    await is('up')
    const number = await pair.target()
    await pair.unplug()
    await is('down')
    expect(['LINK_LOST', 'PORT_NOT_FOUND']).toContain(status()?.lastError?.code)
    expect(await turn(true)).toMatchObject({ stage: 'failed', code: 'SOURCE_DOWN' })
    await pair.replug()
    expect(await pair.target()).not.toBe(number)
    await serve()
    await is('up')
    await newReading()
    expect(await turn(true)).toEqual({ stage: 'acknowledged' })
  })

  it('is down while nobody on the line answers, repeats nothing meanwhile, and comes back by itself', async () => {
    await serve()
    apply({ units })
    await is('up')
    await newReading()
    memory.silent.add(1)
    await waitFor('it is noticed', () => status()?.lastError?.code === 'LINK_TIMEOUT')
    const told = deliveries.length
    const noticedAt = status()?.lastError?.at
    await waitFor('it is tried anew', () => status()?.lastError?.at !== noticedAt)
    expect(status()?.lastError?.code).toBe('LINK_TIMEOUT')
    expect(status()?.lastError?.message).toContain('baud rate')
    expect(deliveries).toHaveLength(told)
    memory.silent.clear()
    await is('up')
    await newReading()
  })

  it('goes on with the others when a unit is silent, and switches all the same', async () => {
    memory.silent.add(3)
    await serve()
    apply({
      units: [...units, { unit: 3, device: 'fan', signals: [{ name: 'on', table: 'coil', address: 0, means: 'running' }] }],
      outputs
    })
    await waitFor('it is said', () => status()?.amiss.includes('unit 3 does not answer'))
    expect(deliveries.flatMap(({ readings }) => readings)).toContainEqual({ device: 'fan', online: false })
    await newReading()
    expect(await turn(true)).toEqual({ stage: 'acknowledged' })
  })

  describe('with a device that the test plays', () => {
    let device: FileHandle
    let playing: Promise<void>
    /** What is sent for an answer to each request. */
    let answer: (request: Buffer) => Uint8Array

    const good = (request: Buffer): Uint8Array =>
      request[1] === 4 ? rtuFrame(1, Uint8Array.of(4, 2, 0, 12)) : rtuFrame(9, Uint8Array.of(3, 2, 0, 0))

    beforeEach(async () => {
      answer = good
      device = await open(pair.device, 'r+')
      playing = (async () => {
        const buffer = Buffer.alloc(4096)
        let held = 0
        for (;;) {
          const { bytesRead } = await device.read(buffer, held, buffer.length - held)
          if (bytesRead === 0) return
          held += bytesRead
          if (held < 8) continue
          const request = Buffer.from(buffer.subarray(0, 8))
          held = 0
          await device.write(answer(request))
        }
      })().catch(() => undefined)
    })
    afterEach(async () => {
      await supervisor.close()
      await pair.unplug()
      await playing
      await device.close()
    })

    it('finds answers among garbage, takes none that is damaged, and counts what it skipped', async () => {
      apply({ units })
      await is('up')
      answer = (request) => Buffer.concat([Uint8Array.of(0, 1, 4, 0xff, 0x55), good(request)])
      await newReading()
      await waitFor('it is counted', () => (status()?.counters.discardedBytes ?? 0) >= 5)
      answer = (request) => Uint8Array.from(good(request)).with(4, 99)
      await waitFor('the damage is noticed', () => status()?.health !== 'up')
      answer = good
      await is('up')
      await newReading()
      for (const { readings } of deliveries) expect(readings).toEqual([{ tag: 'gas-1', gases: [{ gas: 'co', ppm: 12 }] }])
    })

    it('goes on under a flood of noise, with bounded memory, and says that the line is never silent', async () => {
      apply({ units })
      await is('up')
      let flooding = true
      const noise = Buffer.alloc(1024, 0x04)
      const flood = (async () => {
        while (flooding) {
          await device.write(noise)
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      })()
      try {
        await waitFor('it is said', () => status()?.amiss.includes('never silent'))
        await newReading()
        expect(status()?.counters.discardedBytes).toBeGreaterThan(10_000)
      } finally {
        flooding = false
        await flood
      }
      await is('up')
      await newReading()
    })
  })
})
