import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type BleSources, createBleSources, turns } from '../../test-support/hci/ble-source.ts'
import { ruuviAdvertisement } from '../../test-support/hci/ble-world.ts'
import { installVirtualRadio } from '../../test-support/hci/install-virtual-radio.ts'
import { ADV_IND, LE_SET_SCAN_ENABLE, SCAN_RSP, type VirtualController } from '../../test-support/hci/virtual-controller.ts'

const radio = installVirtualRadio()
let adapter: VirtualController
let sources: BleSources

beforeEach(() => {
  radio.clear()
  adapter = radio.plug(0)
  sources = createBleSources()
})
afterEach(() => sources.close())

const TAG = 'c0ffee010203'
let sequence = 0
/** Whether an advertisement that is sent now is delivered. */
async function hears(controller = adapter): Promise<boolean> {
  const before = sources.deliveries.length
  controller.advertise(ruuviAdvertisement(TAG, ++sequence))
  await turns(10)
  return sources.deliveries.length > before
}

describe('what an adapter is told', () => {
  it('scans actively, all the time, with repeated advertisements', async () => {
    await sources.apply({ yard: {} })
    expect(sources.status()).toMatchObject({ health: 'up', amiss: '' })
    expect(adapter.scan).toEqual({ enabled: true, active: true, filterDuplicates: false, intervalUnits: 96, windowUnits: 96 })
    expect(await hears()).toBe(true)
    expect(sources.deliveries[0]).toMatchObject({ rssiDbm: -67, readings: [{ tag: TAG, sequence }] })
    expect(sources.status().counters).toMatchObject({ frames: 1, readings: 1, errors: 0 })
  })

  it('scans passively, by a command of its own', async () => {
    await sources.apply({ yard: { scan: 'passive', intervalMs: 100, windowMs: 50 } })
    expect(adapter.scan).toMatchObject({ enabled: true, active: false, intervalUnits: 160, windowUnits: 80 })
    expect(await hears()).toBe(true)
  })

  it('scans for extended advertisements, with long range and without', async () => {
    await sources.apply({ yard: { extended: true, scan: 'passive' } })
    expect(adapter.scan).toMatchObject({ enabled: true, active: false, intervalUnits: 96 })
    expect(await hears()).toBe(true)
    adapter.codedPhy = false
    await sources.apply({})
    await sources.apply({ yard: { extended: true } })
    expect(sources.status()).toMatchObject({ health: 'up', amiss: '' })
    expect(await hears()).toBe(true)
  })

  it('uses an adapter without extended advertising without it, and says so', async () => {
    adapter.extended = false
    await sources.apply({ yard: { extended: true } })
    expect(sources.status()).toMatchObject({ health: 'degraded', amiss: expect.stringContaining('extended') })
    expect(await hears()).toBe(true)
  })

  it('ends scanning when it stops, and leaves the process its signals', async () => {
    const listeners = [process.listenerCount('SIGINT'), process.listenerCount('exit')]
    await sources.apply({ yard: {} })
    expect([process.listenerCount('SIGINT'), process.listenerCount('exit')]).toEqual(listeners)
    await sources.apply({})
    expect(adapter.scan.enabled).toBe(false)
  })

  it('resets an adapter that it has for itself', async () => {
    await sources.apply({ yard: { channel: 'exclusive' } })
    expect(adapter.commands[0]).toBe('030c00')
    expect(await hears()).toBe(true)
  })
})

describe('which adapter', () => {
  it('is found by its address, whatever its number', async () => {
    radio.plug(1, '001a7dda7113')
    await sources.apply({ yard: { adapter: '00:1A:7D:DA:71:13' } })
    expect(adapter.scan.enabled).toBe(false)
    expect(await hears(radio.controllers.get(1))).toBe(true)
    radio.pull(1)
    await sources.pass(2)
    expect(sources.status()).toMatchObject({ health: 'down', lastError: { code: 'BLE_ADAPTER_NOT_FOUND', retriable: true } })
    const again = radio.plug(3, '001a7dda7113')
    await sources.pass(10)
    expect(sources.status().health).toBe('up')
    expect(await hears(again)).toBe(true)
  })

  it('several are several sources; one adapter is not given to two', async () => {
    const other = radio.plug(1)
    await sources.apply({ yard: { adapter: 'hci0' }, hall: { adapter: 'hci1' }, thief: { adapter: '00:11:22:33:44:55' } })
    expect([sources.status('yard').health, sources.status('hall').health]).toEqual(['up', 'up'])
    expect(sources.status('thief').lastError?.code).toBe('BLE_ADAPTER_NOT_FOUND')
    expect(await hears()).toBe(true)
    expect(await hears(other)).toBe(true)
    await sources.apply({ yard: { adapter: 'hci0' }, thief: { adapter: 'hci0' } })
    expect(sources.status('thief').lastError?.code).toBe('BLE_ADAPTER_BUSY')
  })
})

describe('what is in the way', () => {
  it('a kernel without Bluetooth', async () => {
    radio.absent = true
    await sources.apply({ yard: { adapter: 'hci9' } })
    expect(sources.status()).toMatchObject({ health: 'down', lastError: { code: 'BLE_UNAVAILABLE', retriable: true } })
    expect(sources.status().lastError?.message).toContain('modprobe bluetooth')
    // For twenty minutes: sources are tried every few seconds, the kernel is not, since that costs memory for good.
    await sources.pass(1200)
    expect(sources.status().attempts).toBeGreaterThan(100)
    expect(radio.refused).toBeLessThanOrEqual(5)
    radio.absent = false
    const late = radio.plug(9)
    await sources.pass(620)
    expect(await hears(late)).toBe(true)
  })

  it.each([
    { what: 'no right to use it', code: 'BLE_PERMISSION', change: (bad: boolean) => Object.assign(radio, { forbidden: bad }) },
    { what: 'being switched off', code: 'BLE_ADAPTER_DOWN', change: (bad: boolean) => Object.assign(adapter, { up: !bad }) },
    { what: 'being too old', code: 'BLE_UNSUPPORTED', change: (bad: boolean) => Object.assign(adapter, { hciVersion: bad ? 5 : 9 }) },
    {
      what: 'another program',
      code: 'BLE_COMMAND_REFUSED',
      change: (bad: boolean) => (bad ? adapter.refuse.set(LE_SET_SCAN_ENABLE, 0x0c) : adapter.refuse.clear())
    },
    { what: 'no answer', code: 'BLE_NO_ANSWER', change: (bad: boolean) => Object.assign(adapter, { hung: bad }) }
  ])('$what', async ({ code, change }) => {
    change(true)
    await sources.apply({ yard: {} })
    await sources.pass(3)
    expect(sources.status()).toMatchObject({ health: 'down', lastError: { code, retriable: true } })
    change(false)
    await sources.pass(15)
    expect(sources.status().health).toBe('up')
    expect(await hears()).toBe(true)
  })
})

describe('an adapter that fails', () => {
  it('comes back when it is pulled and plugged in; hours without it use up no sockets', async () => {
    await sources.apply({ yard: {} })
    const opened = radio.opened
    radio.pull(0)
    await sources.pass(2)
    expect(sources.status()).toMatchObject({ health: 'down', lastError: { retriable: true } })
    await sources.pass(600)
    expect(radio.opened).toBe(opened)
    const again = radio.plug(0)
    await sources.pass(11)
    expect(sources.status().health).toBe('up')
    expect(await hears(again)).toBe(true)
    expect(sources.changes.filter(({ to }) => to === 'down')).toHaveLength(1)
  })

  it('scans again at once when another program reset it', async () => {
    await sources.apply({ yard: {} })
    adapter.reset()
    await turns()
    expect(await hears()).toBe(true)
    expect(sources.status().health).toBe('up')
  })

  it('scans again after ten seconds when it was reset and nobody noticed', async () => {
    await sources.apply({ yard: {} })
    adapter.reset(false)
    expect(await hears()).toBe(false)
    await sources.pass(11)
    expect(await hears()).toBe(true)
    expect(sources.status().health).toBe('up')
  })

  it('is answered at most once a second when another program goes on switching scanning off', async () => {
    await sources.apply({ yard: {} })
    let restarts = 0
    adapter.onScan = () => restarts++
    for (let time = 0; time < 100; time++) {
      if (adapter.scan.enabled) adapter.stopScanByOther()
      await sources.pass(0.1)
    }
    expect(restarts).toBeGreaterThanOrEqual(9)
    expect(restarts).toBeLessThanOrEqual(11)
    await sources.pass(51)
    expect(sources.status()).toMatchObject({ health: 'degraded', amiss: expect.stringContaining('another program') })
    expect(sources.log.lines.filter(({ message }) => message === 'scanning is started again')).toHaveLength(1)
    expect(await hears()).toBe(true)
    await sources.pass(50)
    expect(await hears()).toBe(true)
    await sources.pass(10)
    expect(sources.status()).toMatchObject({ health: 'up', amiss: '' })
  })

  it('is set up anew when it is silent, and down when that does not help', async () => {
    await sources.apply({ yard: { silenceLimitS: 30 } })
    await sources.pass(29)
    expect(sources.status().health).toBe('up')
    adapter.commands.length = 0
    await sources.pass(2)
    expect(sources.status()).toMatchObject({ health: 'degraded', amiss: expect.stringContaining('nothing has been heard') })
    expect(adapter.commands).toContain('011000')
    expect(await hears()).toBe(true)
    expect(sources.status()).toMatchObject({ health: 'up', amiss: '' })
    await sources.pass(61)
    expect(sources.status()).toMatchObject({ lastError: { code: 'LINK_SILENT', retriable: true } })
    await sources.pass(2)
    expect(await hears()).toBe(true)
  })

  it('may be silent for ever where that is normal', async () => {
    await sources.apply({ yard: { silenceLimitS: 0 } })
    await sources.pass(300)
    expect(sources.changes.map(({ to }) => to)).toEqual(['starting', 'up'])
    expect(await hears()).toBe(true)
  })

  it('is missed when it hangs', async () => {
    await sources.apply({ yard: {} })
    adapter.hung = true
    await sources.pass(14)
    expect(sources.status()).toMatchObject({ health: 'down', lastError: { code: 'BLE_NO_ANSWER', retriable: true } })
    adapter.hung = false
    await sources.pass(12)
    expect(sources.status().health).toBe('up')
    expect(await hears()).toBe(true)
  })
})

describe('reports', () => {
  it('are all delivered in a storm of ever new senders', async () => {
    await sources.apply({ yard: {} })
    const senders = 20_000
    for (let sender = 0; sender < senders; sender++) {
      adapter.advertise(ruuviAdvertisement((0xc0_0000_000000 + sender).toString(16), sender))
      if (sender % 500 === 499) await turns(1)
    }
    await turns(10)
    expect(sources.deliveries).toHaveLength(senders)
    expect(new Set(sources.deliveries.map(({ readings }) => readings[0]?.tag)).size).toBe(senders)
    expect(sources.status().counters).toMatchObject({ frames: senders, readings: senders, errors: 0, dropped: 0 })
  })

  it('that are cut off or senseless are counted and harm nothing; noble does not come to complain', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    await sources.apply({ yard: {} })
    const good: Buffer[] = []
    for (const socket of adapter.sockets) socket.on('data', (packet: Buffer) => good.push(packet))
    await hears()
    const packet = good.at(-1) ?? Buffer.alloc(0)
    for (let length = 0; length < packet.length; length++) adapter.raw(packet.subarray(0, length))
    await turns(10)
    const { errors } = sources.status().counters
    expect(errors).toBeGreaterThan(packet.length - 6)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.constantFrom(0x02, 0x0d, 0x01, 0x0a), async (bytes, subevent) => {
        adapter.raw(Buffer.from([4, 0x3e, bytes.length + 1, subevent, ...bytes]))
        adapter.raw(Buffer.from([2, ...bytes]))
        adapter.raw(Buffer.from([4, ...bytes]))
        await turns(2)
      }),
      { numRuns: 300 }
    )
    await turns()
    await sources.pass(3)
    expect(await hears()).toBe(true)
    expect(sources.status().health).toBe('up')
    expect(warned).not.toHaveBeenCalled()
    warned.mockRestore()
  })

  it('of which one event holds several are all read', async () => {
    await sources.apply({ yard: {} })
    const report = (last: number): number[] => {
      const { data } = ruuviAdvertisement(`c0ffee0102${last.toString(16).padStart(2, '0')}`, last)
      return [3, 1, last, 2, 1, 0xee, 0xff, 0xc0, data.length, ...data, 0xc0]
    }
    const parameters = [0x02, 3, ...report(1), ...report(2), ...report(3)]
    adapter.event(0x3e, parameters)
    await turns(10)
    expect(sources.deliveries.map(({ readings }) => readings[0]?.sequence)).toEqual([1, 2, 3])
  })

  it('of extended advertising are joined when they are parts, and taken apart when they are several', async () => {
    await sources.apply({ yard: { extended: true } })
    const { data } = ruuviAdvertisement(TAG, 7)
    const part = (type: number, from: number, to: number): void =>
      void adapter.advertiseExtended({ type, address: TAG, data: data.subarray(from, to) })
    part(0x20, 0, 9)
    adapter.advertiseExtended({ ...ruuviAdvertisement('c0ffee999999', 8), type: 0x10 })
    part(0x20, 9, 20)
    part(0x00, 20, data.length)
    await turns(10)
    expect(sources.deliveries.map(({ readings }) => readings[0]?.sequence)).toEqual([8, 7])
    const report = [0x10, 0, 1, 3, 2, 1, 0xee, 0xff, 0xc0, 1, 0, 0xff, 127, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, data.length, ...data]
    adapter.event(0x3e, [0x0d, 2, ...report, ...report])
    await turns(10)
    expect(sources.deliveries).toHaveLength(4)
    expect(sources.deliveries[3]?.rssiDbm).toBeUndefined()
    expect(sources.status().counters.errors).toBe(0)
  })

  it('are filtered by address, company and service', async () => {
    await sources.apply({ yard: { filter: { addresses: ['c0:ff:ee'], companies: ['0059'] } } })
    expect(await hears()).toBe(true)
    adapter.advertise(ruuviAdvertisement('aabbcc000001', 1))
    await turns(10)
    expect(sources.deliveries).toHaveLength(1)
    expect(sources.status().counters).toMatchObject({ frames: 1, ignored: 1 })
  })

  it('of scan responses are read with the advertisement before them; those with a name alone say it with the next one', async () => {
    await sources.apply({ yard: {} })
    const flags = Uint8Array.of(2, 1, 6)
    const name = Uint8Array.of(4, 9, 0x6f, 0x6e, 0x65)
    const { data } = ruuviAdvertisement(TAG, 9)
    adapter.advertise({ type: ADV_IND, address: TAG, data: flags })
    adapter.advertise({ type: SCAN_RSP, address: TAG, data })
    await turns(10)
    expect(sources.deliveries.map(({ readings }) => readings[0]?.sequence)).toEqual([9])
    adapter.advertise({ type: SCAN_RSP, address: TAG, data: name })
    await turns(10)
    expect(sources.deliveries).toHaveLength(1)
    adapter.advertise({ type: ADV_IND, address: TAG, data })
    await turns(10)
    expect(sources.deliveries).toHaveLength(2)
    expect(JSON.stringify(sources.deliveries[1])).toContain('one')
  })
})
