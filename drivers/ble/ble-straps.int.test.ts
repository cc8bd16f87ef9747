import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BleSources, createBleSources, turns } from '../../test-support/hci/ble-source.ts'
import { BATTERY_LEVEL, HEART_RATE, heartRateStrap, ruuviAdvertisement } from '../../test-support/hci/ble-world.ts'
import { installVirtualRadio } from '../../test-support/hci/install-virtual-radio.ts'
import { ADV_IND, type VirtualController } from '../../test-support/hci/virtual-controller.ts'
import { VirtualStrap } from '../../test-support/hci/virtual-strap.ts'

const radio = installVirtualRadio()
const STRAP = 'd00000000001'
const OTHER = 'd00000000002'
let adapter: VirtualController
let sources: BleSources
let strap: VirtualStrap
let other: VirtualStrap

beforeEach(() => {
  radio.clear()
  adapter = radio.plug(0)
  sources = createBleSources()
  strap = heartRateStrap(STRAP)
  other = heartRateStrap(OTHER, false)
  adapter.peripherals.push(strap, other)
})
afterEach(() => sources.close())

const settings = { channel: 'exclusive', straps: [{ address: 'D0:00:00:00:00:01' }] }
const FLAGS = Uint8Array.of(2, 1, 6)

/** Whoever is within reach and not connected advertises, as straps do. */
async function advertise(...straps: VirtualStrap[]): Promise<void> {
  for (const each of straps)
    if (each.reachable && !each.linked) adapter.advertise({ type: ADV_IND, address: each.address, random: each.random, data: FLAGS })
  await turns(200)
}
const readings = () => sources.deliveries.flatMap((delivery) => delivery.readings)
async function beat(bpm: number, of = strap): Promise<boolean> {
  const before = sources.deliveries.length
  of.notify(HEART_RATE, Uint8Array.of(0x06, bpm))
  await turns(10)
  return sources.deliveries.length > before
}

describe('a heart-rate strap', () => {
  it.each([
    { channel: 'exclusive', extended: false, protocol: 'gatt' },
    { channel: 'shared', extended: true, protocol: 'gatt' },
    { channel: 'exclusive', extended: true, protocol: 'ble-advertisement' }
  ])('is connected to when it is heard, subscribed and read: $channel, extended $extended, $protocol', async ({ protocol, ...how }) => {
    await sources.apply({ yard: { ...settings, ...how } }, protocol)
    expect(adapter.connections).toBe(0)
    await advertise(strap, other)
    expect([strap.linked, other.linked]).toEqual([true, false])
    expect(strap.subscription(HEART_RATE)).toBe(1)
    expect(readings()).toEqual([expect.objectContaining({ tag: STRAP, batteryPct: 88 })])
    expect(await beat(73)).toBe(true)
    expect(readings()[1]).toMatchObject({ tag: STRAP, heartRateBpm: 73 })
    expect(adapter.scan.enabled).toBe(true)
    adapter.advertise(ruuviAdvertisement('c0ffee010203', 5))
    await turns(10)
    expect(readings()).toHaveLength(protocol === 'gatt' ? 2 : 3)
    expect(sources.status()).toMatchObject({ health: 'up', amiss: '' })
  })

  it('is connected to again when it was out of reach', async () => {
    await sources.apply({ yard: settings }, 'gatt')
    await advertise(strap)
    strap.leave()
    await turns()
    expect(adapter.connections).toBe(0)
    strap.reachable = true
    await advertise(strap)
    expect(strap.linked).toBe(false)
    await sources.pass(1)
    await advertise(strap)
    expect(strap).toMatchObject({ linked: true, connects: 2 })
    expect(await beat(80)).toBe(true)
    expect(sources.status().health).toBe('up')
  })

  it('is one of several, each with its own', async () => {
    await sources.apply({ yard: { ...settings, straps: [{ address: STRAP }, { address: OTHER }] } }, 'gatt')
    await advertise(strap)
    await advertise(other)
    expect(await beat(60)).toBe(true)
    expect(await beat(90, other)).toBe(true)
    other.leave()
    await turns()
    expect(await beat(61)).toBe(true)
    expect(readings().filter(({ heartRateBpm }) => heartRateBpm !== undefined)).toMatchObject([
      { tag: STRAP, heartRateBpm: 60 },
      { tag: OTHER, heartRateBpm: 90 },
      { tag: STRAP, heartRateBpm: 61 }
    ])
  })

  it('is let go and connected to anew when it says nothing for too long', async () => {
    await sources.apply({ yard: settings }, 'gatt')
    await advertise(strap)
    for (let time = 0; time < 10; time++) {
      await sources.pass(20)
      expect(await beat(70 + time)).toBe(true)
    }
    expect(strap.connects).toBe(1)
    await sources.pass(31)
    expect(strap.linked).toBe(false)
    await sources.pass(2)
    await advertise(strap)
    expect(strap.connects).toBe(2)
    expect(await beat(72)).toBe(true)
  })

  it('that hangs while it is asked is let go, tried again ever more slowly, and said to be amiss', async () => {
    await sources.apply({ yard: settings }, 'gatt')
    strap.hung = true
    for (let second = 0; second < 80; second++) {
      await sources.pass(1)
      await advertise(strap)
    }
    expect(strap.connects).toBeGreaterThanOrEqual(3)
    expect(strap.connects).toBeLessThanOrEqual(6)
    expect(sources.status()).toMatchObject({ health: 'degraded', amiss: expect.stringContaining(STRAP) })
    strap.hung = false
    for (let second = 0; second < 40; second++) {
      await sources.pass(1)
      await advertise(strap)
      await beat(70)
    }
    expect(sources.status()).toMatchObject({ health: 'up', amiss: '' })
    expect(await beat(71)).toBe(true)
  })

  it('that advertises and cannot be connected to is given up after a while, and holds up no other', async () => {
    await sources.apply({ yard: { ...settings, straps: [{ address: STRAP }, { address: OTHER }] } }, 'gatt')
    strap.reachable = false
    adapter.advertise({ type: ADV_IND, address: STRAP, data: FLAGS })
    await turns()
    await advertise(other)
    expect(other.linked).toBe(false)
    await sources.pass(9)
    await advertise(other)
    expect(other.linked).toBe(true)
    strap.reachable = true
    await sources.pass(2)
    await advertise(strap)
    expect(strap.linked).toBe(true)
  })

  it('is connected to by an adapter that cannot scan meanwhile; it scans before and after', async () => {
    adapter.connectsWhileScanning = false
    await sources.apply({ yard: settings }, 'gatt')
    await advertise(strap)
    expect(strap.linked).toBe(true)
    expect(adapter.scan.enabled).toBe(true)
    expect(await beat(75)).toBe(true)
  })

  it('that leaves in the middle of being asked harms nothing', async () => {
    await sources.apply({ yard: settings }, 'gatt')
    for (let turn = 0; turn < 60; turn++) {
      await sources.pass(2)
      adapter.advertise({ type: ADV_IND, address: STRAP, data: FLAGS })
      await turns(turn)
      strap.leave()
      strap.reachable = true
    }
    await sources.pass(2)
    await advertise(strap)
    expect(await beat(77)).toBe(true)
    expect(sources.status().health).toBe('up')
  })

  it('that talks nonsense is survived', async () => {
    await sources.apply({ yard: settings }, 'gatt')
    await advertise(strap)
    for (let opcode = 0; opcode < 256; opcode++) {
      strap.sendRaw(Uint8Array.of(opcode))
      strap.sendRaw(Uint8Array.of(opcode, 1, 2))
      strap.sendRaw(Uint8Array.from([opcode, ...Array.from({ length: 200 }, () => 0xff)]))
      await turns(4)
    }
    expect(await beat(78)).toBe(true)
    // Answers that are none, to questions that are being asked.
    strap.leave()
    strap.reachable = true
    strap.hung = true
    await sources.pass(2)
    await advertise(strap)
    expect(strap.linked).toBe(true)
    for (const answer of [[0x03], [0x11, 6], [0x11, 0, 0], [0x09, 7], [0x01], [0x0b]]) {
      strap.sendRaw(Uint8Array.from(answer))
      await turns(5)
    }
    await sources.pass(20)
    strap.hung = false
    for (let second = 0; second < 10; second++) {
      await sources.pass(1)
      await advertise(strap)
    }
    expect(await beat(79)).toBe(true)
    expect(sources.status().health).toBe('up')
  })

  it('may ask for other timing, and is answered', async () => {
    await sources.apply({ yard: settings }, 'gatt')
    await advertise(strap)
    strap.ask([24, 40, 4, 500])
    await turns()
    expect(strap.answered).toEqual([0])
    expect(adapter.commands.at(-1)).toMatch(/^13200e..00180028000400f401/)
    strap.ask([40, 24, 4, 500])
    await turns()
    expect(strap.answered).toEqual([0, 1])
    expect(await beat(74)).toBe(true)
  })

  it('that talks does not hide that the adapter no longer scans', async () => {
    await sources.apply({ yard: settings })
    await advertise(strap)
    adapter.scan = { ...adapter.scan, enabled: false }
    for (let second = 0; second < 12; second++) {
      await sources.pass(1)
      await beat(70)
    }
    expect(adapter.scan.enabled).toBe(true)
  })

  it('whose battery can only be read is asked for it every ten minutes, and let go when it does not answer', async () => {
    const batteries = () => readings().filter(({ batteryPct }) => batteryPct !== undefined).length
    await sources.apply({ yard: { ...settings, straps: [{ address: STRAP, characteristics: ['2a19'] }] } }, 'gatt')
    await advertise(strap)
    await sources.pass(599)
    expect([batteries(), strap.connects]).toEqual([1, 1])
    await sources.pass(2)
    expect(batteries()).toBe(2)
    strap.hung = true
    await sources.pass(620)
    expect(strap.linked).toBe(false)
    strap.hung = false
    await advertise(strap)
    expect([batteries(), strap.connects]).toEqual([3, 2])
  })

  it('that floods with indications while it leaves a question unanswered is let go', async () => {
    await sources.apply({ yard: settings }, 'gatt')
    strap.hung = true
    await advertise(strap)
    for (let time = 0; time < 200; time++) {
      strap.sendRaw(Uint8Array.of(0x1d, 3, 0, 1))
      await turns(1)
    }
    await turns()
    expect(strap).toMatchObject({ linked: false, connects: 1 })
    expect(sources.status().health).toBe('up')
  })

  it('without what is wanted is said to be amiss', async () => {
    await sources.apply({ yard: { ...settings, straps: [{ address: STRAP, characteristics: ['2a37', '2a5f'] }] } }, 'gatt')
    await advertise(strap)
    expect(sources.status()).toMatchObject({ health: 'degraded', amiss: expect.stringContaining('2a5f') })
    expect(await beat(70)).toBe(true)
    expect(strap.subscription(BATTERY_LEVEL)).toBe(0)
  })

  it('is let go when the source stops, and when the adapter is pulled nothing is left of it', async () => {
    await sources.apply({ yard: settings }, 'gatt')
    await advertise(strap)
    await sources.apply({}, 'gatt')
    expect(strap.linked).toBe(false)
    await sources.apply({ yard: settings }, 'gatt')
    await advertise(strap)
    radio.pull(0)
    await sources.pass(2)
    const again = radio.plug(0)
    const anew = heartRateStrap(STRAP)
    again.peripherals.push(anew)
    adapter = again
    await sources.pass(12)
    await advertise(anew)
    expect(await beat(66, anew)).toBe(true)
    expect(sources.status().health).toBe('up')
  })

  it('may indicate, with long identifiers, and answers to indications are confirmed', async () => {
    const special = new VirtualStrap(STRAP, [{ uuid: 0x181a, characteristics: [{ uuid: 0x2a6e, properties: 0x20 }] }])
    adapter.peripherals.splice(0, adapter.peripherals.length, special)
    await sources.apply(
      { yard: { ...settings, straps: [{ address: STRAP, characteristics: ['00002A6E-0000-1000-8000-00805F9B34FB'] }] } },
      'gatt'
    )
    await advertise(special)
    expect(special.subscription(0x2a6e)).toBe(2)
    special.notify(0x2a6e, Uint8Array.of(0xb8, 0x0b))
    await turns(10)
    special.notify(0x2a6e, Uint8Array.of(0xb9, 0x0b))
    await turns(10)
    expect(readings()).toMatchObject([{ temperatureDegC: 30 }, { temperatureDegC: 30.01 }])
    expect(sources.status()).toMatchObject({ health: 'up', amiss: '' })
  })
})
