import { createSocket, type Socket } from 'node:dgram'
import type { NetworkInterfaceInfo } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { freeUdpPort } from '../../test-support/free-udp-port.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { createVirtualClock, type VirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Clock, Delivery } from '../driver.ts'
import type { HealthChange } from '../supervisor/supervised-source.ts'
import { createSupervisor } from '../supervisor/supervisor.ts'
import { createUdpDriver } from './driver.ts'

const GROUP = '239.255.76.67'
const LINE = '4d18 1.25 2.5\n'

const LOOPBACK: NetworkInterfaceInfo = {
  address: '127.0.0.1',
  netmask: '255.0.0.0',
  family: 'IPv4',
  mac: '00:00:00:00:00:00',
  internal: true,
  cidr: '127.0.0.1/8'
}

/** Interfaces that a test can pull out: `lan` is the loopback under another name. */
function pluggable() {
  let there = true
  return {
    list: () => (there ? { lan: [LOOPBACK] } : {}),
    plug: (present: boolean) => {
      there = present
    }
  }
}

async function openSender(): Promise<Socket> {
  const sender = createSocket('udp4')
  await new Promise<void>((resolve) => sender.bind(0, '127.0.0.1', resolve))
  sender.setMulticastInterface('127.0.0.1')
  return sender
}
const sendTo = (sender: Socket, text: string | Uint8Array, port: number, address = '127.0.0.1'): Promise<void> =>
  new Promise((resolve, reject) => sender.send(text, port, address, (error) => (error ? reject(error) : resolve())))
const close = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(() => resolve()))

describeDriverContract(
  'udp unicast',
  createUdpDriver(),
  async (): Promise<DriverWorld> => {
    const sender = await openSender()
    const taken = await openSender()
    const port = await freeUdpPort()
    return {
      codec: createToyCodec({ transport: 'udp' }),
      settings: { port },
      unopenable: { settings: { port: taken.address().port, address: '127.0.0.1' }, code: 'PORT_TAKEN', retriable: true },
      produce: () => sendTo(sender, LINE, port),
      tearDown: async () => {
        await close(sender)
        await close(taken)
      }
    }
  },
  ['hanging', 'breakable']
)

const lan = pluggable()
describeDriverContract(
  'udp multicast',
  createUdpDriver(lan.list),
  async (): Promise<DriverWorld> => {
    lan.plug(true)
    const sender = await openSender()
    const port = await freeUdpPort()
    return {
      codec: createToyCodec({ transport: 'udp' }),
      settings: { port, multicast: { group: GROUP, interface: 'lan' } },
      unopenable: { settings: { port, multicast: { group: GROUP, interface: 'wan' } }, code: 'LINK_OPEN_FAILED', retriable: true },
      produce: () => sendTo(sender, LINE, port, GROUP),
      breakable: { breakLink: () => lan.plug(false), code: 'LINK_LOST', retriable: true },
      tearDown: () => close(sender)
    }
  },
  ['hanging']
)

describe('a source of datagrams', () => {
  let sender: Socket
  let port: number
  let deliveries: Delivery[]
  let changes: HealthChange[]
  let log: ReturnType<typeof createMemoryLogger>
  let supervisor: ReturnType<typeof createSupervisor>
  let interfaces: ReturnType<typeof pluggable>

  const supervise = (clock: Clock): void => {
    supervisor = createSupervisor({
      drivers: [createUdpDriver(interfaces.list)],
      findCodec: () => createToyCodec({ transport: 'udp' }),
      clock,
      log,
      random: () => 0.5,
      policy: { startLimitMs: 5_000, stopLimitMs: 5_000, stableMs: 60_000, backoff: { firstMs: 20, factor: 2, capMs: 100, jitter: 0.5 } },
      onDelivery: (_sourceId, delivery) => {
        deliveries.push(delivery)
        delivery.onDurable?.()
      },
      onHealth: (_sourceId, change) => changes.push(change)
    })
  }
  const apply = async (settings: object): Promise<void> => {
    supervisor.apply([{ id: 'hall', driver: 'udp', protocol: 'toy', enabled: true, settings: { port, ...settings } }])
    await waitFor('the source is up', () => status()?.health === 'up')
  }
  const status = () => supervisor.statuses()[0]

  beforeEach(async () => {
    sender = await openSender()
    port = await freeUdpPort()
    deliveries = []
    changes = []
    log = createMemoryLogger()
    interfaces = pluggable()
    supervise(systemClock)
  })
  afterEach(async () => {
    await supervisor.close()
    await close(sender)
  })

  it('reads all frames of a datagram, and begins anew with the next', async () => {
    await apply({})
    await sendTo(sender, '4d18 1 2\n4d18 3 4\n4d18 5', port)
    await sendTo(sender, '4d18 7 8\n', port)
    await waitFor('three frames', () => deliveries.length === 3)
    expect(deliveries.map(({ readings }) => readings[0]?.position?.x)).toEqual([1, 3, 7])
    expect(status()?.counters).toMatchObject({ bytesIn: 33, frames: 3, readings: 3, discardedBytes: 6, dropped: 0 })
  })

  it('hears a sender that was restarted, from whichever port it sends now', async () => {
    await apply({})
    await sendTo(sender, LINE, port)
    await waitFor('it is heard', () => deliveries.length === 1)
    await close(sender)
    sender = await openSender()
    await sendTo(sender, LINE, port)
    await waitFor('it is heard again', () => deliveries.length === 2)
    expect(changes.map(({ to }) => to)).toEqual(['starting', 'up'])
  })

  it('listens to the senders it is told to, and counts the others', async () => {
    await apply({ from: ['127.0.0.0/30', '192.0.2.7'] })
    const stranger = createSocket('udp4')
    await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.9', resolve))
    await sendTo(stranger, '4d18 9 9\n', port)
    await waitFor('the stranger is counted', () => status()?.counters.ignored === 1)
    await sendTo(sender, LINE, port)
    await waitFor('the other one is heard', () => deliveries.length === 1)
    expect(deliveries[0]?.readings[0]?.position?.x).toBe(1.25)
    await close(stranger)
  })

  it('hears a group on the named interface, and again after it was unplugged', async () => {
    await apply({ multicast: { group: GROUP, interface: 'lan' } })
    await sendTo(sender, LINE, port, GROUP)
    await waitFor('the first datagram', () => deliveries.length === 1)

    interfaces.plug(false)
    await waitFor('the loss is noticed', () => status()?.health === 'down')
    expect(status()?.lastError).toMatchObject({ retriable: true, message: expect.stringContaining('interface lan is not up') })
    interfaces.plug(true)
    await waitFor('the source is up', () => status()?.health === 'up')
    await sendTo(sender, LINE, port, GROUP)
    await waitFor('the second datagram', () => deliveries.length === 2)
    expect(changes.map(({ to }) => to)).toEqual(['starting', 'up', 'down', 'up'])
  })

  it('does not hear what is sent to the port itself when it listens to a group', async () => {
    await apply({ multicast: { group: GROUP, interface: 'lan' } })
    await sendTo(sender, '4d18 9 9\n', port)
    await sendTo(sender, LINE, port, GROUP)
    await waitFor('the group is heard', () => deliveries.length > 0)
    expect(deliveries.map(({ readings }) => readings[0]?.position?.x)).toEqual([1.25])
  })

  it('shares the port of a group with other programs, and a port of its own with none', async () => {
    const other = createSocket({ type: 'udp4', reuseAddr: true })
    await new Promise<void>((resolve) => other.bind(port, GROUP, resolve))
    await apply({ multicast: { group: GROUP, interface: 'lan' } })
    await sendTo(sender, LINE, port, GROUP)
    await waitFor('it is heard', () => deliveries.length === 1)
    await close(other)
  })

  describe('in virtual time', () => {
    let clock: VirtualClock
    beforeEach(async () => {
      await supervisor.close()
      clock = createVirtualClock()
      supervise(clock)
    })

    it('opens the port anew when it has been silent for too long', async () => {
      await apply({ silenceLimitS: 30 })
      await clock.advance(20_000)
      await sendTo(sender, LINE, port)
      await waitFor('it is heard', () => deliveries.length === 1)
      const look = async (): Promise<boolean> => {
        await clock.advance(1_000)
        return status()?.lastError?.code === 'LINK_SILENT'
      }
      await waitFor('the silence is noticed', look)
      expect(clock.monotonicMs()).toBeGreaterThanOrEqual(51_000)
      await waitFor('the port is open again', async () => {
        await clock.advance(100)
        return changes.filter(({ to }) => to === 'up').length === 2
      })
      await sendTo(sender, LINE, port)
      await waitFor('it is heard again', () => deliveries.length === 2)
    })

    it('drops, counts and says what comes faster than the limit, and lets through what comes later', async () => {
      await apply({ maxRatePerS: 5 })
      for (let number = 1; number <= 12; number++) await sendTo(sender, `4d18 ${number} 0\n`, port)
      await waitFor('all were seen', () => deliveries.length + (status()?.counters.dropped ?? 0) === 12)
      expect(deliveries.map(({ readings }) => readings[0]?.position?.x)).toEqual([1, 2, 3, 4, 5])
      expect(status()?.counters.dropped).toBe(7)
      await waitFor('it is said', async () => {
        await clock.advance(1_000)
        return status()?.health === 'degraded'
      })
      expect(status()?.amiss).toContain('7 datagrams of the last 10 s came faster than maxRatePerS')
      await sendTo(sender, '4d18 13 0\n', port)
      await waitFor('it is heard', () => deliveries.length === 6)
      await waitFor('all is well again', async () => {
        await clock.advance(1_000)
        return status()?.health === 'up'
      })
    })

    it('is degraded while datagrams come in of which none make sense', async () => {
      await apply({})
      await waitFor('it is said', async () => {
        await sendTo(sender, 'garbage\n', port)
        await clock.advance(1_000)
        return status()?.health === 'degraded'
      })
      expect(status()?.amiss).toContain('none made sense: check the protocol')
    })
  })

  it.runIf(process.platform === 'linux')('hears two groups on one port apart from each other', async () => {
    const groupOf = (group: string) => ({ port, multicast: { group, interface: 'lan' } })
    const source = (id: string, group: string) => ({ id, driver: 'udp', protocol: 'toy', enabled: true, settings: groupOf(group) })
    supervisor.apply([source('hall', GROUP), source('yard', '239.255.76.68')])
    await waitFor('both are up', () => supervisor.statuses().every(({ health }) => health === 'up'))
    for (const number of [1, 2, 3]) await sendTo(sender, `4d18 ${number} 0\n`, port, GROUP)
    await sendTo(sender, '4d18 9 0\n', port, '239.255.76.68')
    await waitFor('all are heard', () => deliveries.length === 4)
    expect(supervisor.statuses().map(({ counters }) => counters.frames)).toEqual([3, 1])
  })

  it('lets a flood to one source take nothing from another', async () => {
    const [flooded, calm] = [port, await freeUdpPort()]
    const source = (id: string, settings: object) => ({ id, driver: 'udp', protocol: 'toy', enabled: true, settings })
    supervisor.apply([source('flooded', { port: flooded, maxRatePerS: 100 }), source('calm', { port: calm })])
    await waitFor('both are up', () => supervisor.statuses().every(({ health }) => health === 'up'))
    for (let number = 0; number < 100; number++) {
      const sends = Array.from({ length: 100 }, () => sendTo(sender, LINE, flooded))
      await Promise.all([...sends, sendTo(sender, `4d18 ${number} 7\n`, calm)])
    }
    await waitFor('the calm one got all of its own', () => supervisor.statuses()[1]?.counters.frames === 100)
    expect(supervisor.statuses()[1]?.counters.dropped).toBe(0)
    expect(deliveries.flatMap(({ readings }) => readings).filter(({ position }) => position?.y === 7)).toHaveLength(100)
    await waitFor('what the flooded one let go is counted', () => {
      const { frames = 0, dropped = 0 } = supervisor.statuses()[0]?.counters ?? {}
      return frames + dropped === 10_000 && dropped > 0
    })
  })

  it.runIf(process.platform === 'linux')('counts every datagram of a flood: read, or dropped by the system', async () => {
    const total = 20_000
    const burst = 2_000
    await apply({ receiveBufferBytes: 65_536, maxRatePerS: 1_000_000 })
    // Bursts without a pause for the other side to read: the receive buffer runs over.
    for (let sent = 0; sent < total; sent += burst) {
      const sends: Promise<void>[] = []
      for (let number = 0; number < burst; number++) sends.push(sendTo(sender, `4d18 ${sent + number} 0\n`, port))
      await Promise.all(sends)
    }
    await waitFor('each is read or counted', () => {
      const { frames = 0, dropped = 0 } = status()?.counters ?? {}
      if (frames + dropped !== total) throw new Error(`${frames} read, ${dropped} dropped`)
      return true
    })
    expect(status()?.counters.dropped).toBeGreaterThan(0)
    expect(deliveries.length).toBe(status()?.counters.frames)
    expect(['up', 'degraded']).toContain(status()?.health)
  })
})
