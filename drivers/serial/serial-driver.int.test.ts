import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CODECS, findCodec } from '../../firmware-protocols/registry.ts'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { openPtyPair, type PtyPair } from '../../test-support/pty.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Delivery } from '../driver.ts'
import type { HealthChange } from '../supervisor/supervised-source.ts'
import { createSupervisor } from '../supervisor/supervisor.ts'
import { serialDriver } from './serial-driver.ts'

describeDriverContract(
  'serial port',
  serialDriver,
  async (): Promise<DriverWorld> => {
    const pair = await openPtyPair()
    return {
      codec: createToyCodec(),
      settings: { port: pair.port },
      unopenable: { settings: { port: `${pair.port}-gone` }, code: 'PORT_NOT_FOUND', retriable: true },
      produce: () => appendFile(pair.device, '4d18 1.25 2.5\n'),
      breakable: { breakLink: () => pair.unplug(), code: 'LINK_LOST', retriable: true },
      tearDown: () => pair.close()
    }
  },
  ['hanging']
)

describe('a source on a serial port', () => {
  let pair: PtyPair
  let supervisor: ReturnType<typeof createSupervisor>
  let deliveries: Delivery[]
  let changes: HealthChange[]
  let log: ReturnType<typeof createMemoryLogger>

  beforeEach(async () => {
    pair = await openPtyPair()
    log = createMemoryLogger()
    deliveries = []
    changes = []
    supervisor = createSupervisor({
      drivers: [serialDriver],
      findCodec: (protocol) => findCodec(protocol) ?? createToyCodec(),
      clock: systemClock,
      log,
      random: Math.random,
      policy: { startLimitMs: 5_000, stopLimitMs: 5_000, stableMs: 60_000, backoff: { firstMs: 20, factor: 2, capMs: 100, jitter: 0.5 } },
      onDelivery: (_sourceId, delivery) => deliveries.push(delivery),
      onHealth: (_sourceId, change) => changes.push(change)
    })
  })
  afterEach(async () => {
    await supervisor.close()
    await pair.close()
  })

  const apply = (settings: object, protocol = 'toy'): void =>
    supervisor.apply([{ id: 'hall', driver: 'serial', protocol, enabled: true, settings }])
  const status = () => supervisor.statuses()[0]
  const isUp = () => waitFor('the source is up', () => status()?.health === 'up')

  it('is found again when it is unplugged and plugged in under another number', async () => {
    apply({ port: pair.port })
    await isUp()
    await appendFile(pair.device, '4d18 1 2\n')
    await waitFor('the first reading', () => deliveries.length === 1)
    const numberBefore = await pair.target()

    await pair.unplug()
    await waitFor('the loss is noticed', () => status()?.health === 'down')
    expect(['LINK_LOST', 'PORT_NOT_FOUND']).toContain(status()?.lastError?.code)

    await pair.replug()
    expect(await pair.target()).not.toBe(numberBefore)
    await isUp()
    await appendFile(pair.device, '4d18 3 4\n')
    await waitFor('the second reading', () => deliveries.length === 2)
    expect(deliveries[1]?.readings).toEqual([{ tag: '4d18', position: { x: 3, y: 4 } }])
    expect(changes.map(({ to }) => to)).toEqual(['starting', 'up', 'down', 'up'])
  })

  it('says that a port is busy, and takes it when it is free', async () => {
    const other = createSupervisor({
      drivers: [serialDriver],
      findCodec: () => createToyCodec(),
      clock: systemClock,
      log: createMemoryLogger(),
      random: Math.random,
      onDelivery: () => undefined,
      onHealth: () => undefined
    })
    other.apply([{ id: 'other', driver: 'serial', protocol: 'toy', enabled: true, settings: { port: pair.port } }])
    await waitFor('the other one has the port', () => other.statuses()[0]?.health === 'up')
    apply({ port: pair.port })
    await waitFor('it is refused', () => status()?.lastError)
    expect(status()?.lastError).toMatchObject({ code: 'PORT_BUSY', retriable: true })
    await other.close()
    await isUp()
  })

  it('says that a file is no serial port, for good', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tagward-no-port-'))
    await writeFile(join(folder, 'file'), '')
    apply({ port: join(folder, 'file') })
    await waitFor('it is refused', () => status()?.lastError)
    expect(status()).toMatchObject({ nextAttemptInMs: null, lastError: { code: 'PORT_NOT_SERIAL', retriable: false } })
    await rm(folder, { recursive: true })
  })

  it('starts a silent shell and leaves a talking one alone', async () => {
    const onOpen = { send: ['\\r\\r', 'lec\\r'], ifQuietForS: 0.2, stepGapMs: 10 }
    const device = await open(pair.device, 'r+')
    const heard: Buffer[] = []
    const reading = (async () => {
      const buffer = Buffer.alloc(256)
      for (;;) {
        const { bytesRead } = await device.read(buffer, 0, buffer.length)
        if (bytesRead === 0) return
        heard.push(Buffer.from(buffer.subarray(0, bytesRead)))
      }
    })().catch(() => undefined)
    apply({ port: pair.port, onOpen })
    await waitFor('the shell is started', () => Buffer.concat(heard).toString() === '\r\rlec\r')
    await device.write('4d18 1 2\n')
    await waitFor('it talks', () => deliveries.length === 1)
    // Opened anew: it hears the device within the quiet time, so that the command, which would turn it off, is not sent.
    apply({ port: pair.port, onOpen: { ...onOpen, ifQuietForS: 1.5 } })
    await waitFor('the port is open again', () => changes.filter(({ to }) => to === 'up').length === 2)
    await device.write('4d18 3 4\n')
    await waitFor('it is heard', () => deliveries.length === 2)
    await waitFor('the quiet time is over', () => log.lines.some(({ message }) => message === 'the device talks by itself'))
    apply({ port: pair.port, onOpen: { ...onOpen, send: ['les\\r'] } })
    await waitFor('the next command shows that nothing was sent between', () => Buffer.concat(heard).toString() === '\r\rlec\rles\r')
    await pair.unplug()
    await reading
    await device.close()
  })

  it('starts a device again that was reset and came back silent', async () => {
    apply({ port: pair.port, silenceLimitS: 0.5, onOpen: { send: ['start\\r'], ifQuietForS: 0.1 } })
    const device = await open(pair.device, 'r+')
    let talks = false
    const playing = (async () => {
      const buffer = Buffer.alloc(256)
      for (;;) {
        const { bytesRead } = await device.read(buffer, 0, buffer.length, null)
        if (bytesRead === 0) return
        if (buffer.toString('latin1', 0, bytesRead).includes('start')) talks = true
      }
    })().catch(() => undefined)
    const hears = async (): Promise<void> => {
      const before = deliveries.length
      await waitFor('it is heard', async () => {
        if (talks) await device.write('4d18 1 2\n')
        return deliveries.length > before
      })
    }
    await hears()
    talks = false
    await device.write('4d18 1')
    await waitFor('its silence is noticed', () => status()?.lastError?.code === 'LINK_SILENT')
    await hears()
    await pair.unplug()
    await playing
    await device.close()
  })

  it('is degraded while bytes come in of which none make sense, as with a wrong baud rate', async () => {
    const clock = createVirtualClock()
    const judged = createSupervisor({
      drivers: [serialDriver],
      findCodec: () => createToyCodec(),
      clock,
      log: createMemoryLogger(),
      random: Math.random,
      onDelivery: () => undefined,
      onHealth: () => undefined
    })
    judged.apply([{ id: 'hall', driver: 'serial', protocol: 'toy', enabled: true, settings: { port: pair.port } }])
    const health = async (wanted: string, line: string): Promise<void> => {
      await appendFile(pair.device, line)
      await waitFor(wanted, async () => {
        await clock.advance(1_000)
        return judged.statuses()[0]?.health === wanted
      })
    }
    await waitFor('the source is up', () => judged.statuses()[0]?.health === 'up')
    await health('degraded', 'garbage\n'.repeat(10))
    expect(judged.statuses()[0]?.amiss).toContain('baud rate')
    await health('up', '4d18 1 2\n')
    await judged.close()
  })

  it('opens the port anew when it has been silent for too long', async () => {
    apply({ port: pair.port, silenceLimitS: 0.5 })
    await waitFor('the silence is noticed', () => status()?.lastError?.code === 'LINK_SILENT')
    await waitFor('the port is opened again', () => changes.filter(({ to }) => to === 'up').length >= 2)
  })

  const streamCodecs = CODECS.filter(({ createFramer }) => createFramer !== undefined)

  it.each(streamCodecs)('takes any amount of random bytes as $protocol: all counted, nothing thrown, memory flat', async ({ protocol }) => {
    const total = Number(process.env['SERIAL_NOISE_BYTES'] ?? 10_000_000)
    apply({ port: pair.port }, protocol)
    await isUp()
    const device = await open(pair.device, 'w')
    setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = runInNewContext('gc')
    const heldBytes = (): number => {
      collectGarbage()
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    }
    let heldAtHalf = 0
    for (let sent = 0; sent < total; ) {
      const size = Math.min(1_000_000, total - sent)
      const chunk = randomBytes(size)
      let at = 0
      while (at < size) at += (await device.write(chunk, at, size - at)).bytesWritten
      sent += size
      if (heldAtHalf === 0 && sent * 2 >= total) {
        await waitFor('half of it is counted', () => (status()?.counters.bytesIn ?? 0) >= sent)
        heldAtHalf = heldBytes()
      }
    }
    await waitFor('every byte is counted', () => status()?.counters.bytesIn === total, 60_000)
    // Buffers that are garbage are given back a little after the collection.
    await waitFor('memory is as it was', () => heldBytes() - heldAtHalf < total / 4)
    expect(status()).toMatchObject({ health: 'up', lastError: undefined })
    const counters = status()?.counters
    expect((counters?.errors ?? 0) + (counters?.discardedBytes ?? 0)).toBeGreaterThan(total / 200)
    await device.close()
  })
})
