import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Reading } from '../../firmware-protocols/reading.ts'
import { RateGate } from '../rate-gate.ts'
import { parseSocketRows } from './kernel-drops.ts'
import { bindTarget } from './open-socket.ts'
import { addressHex, parseSender, Senders } from './sender-filter.ts'
import { udpSettingsSchema } from './settings.ts'
import { TagAddresses } from './tag-addresses.ts'

describe('senders', () => {
  it.each([
    ['192.0.2.7', 'c0000207'],
    ['::ffff:192.0.2.7', 'c0000207'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['fe80::fc:FF:fe00:1%eth0', 'fe8000000000000000fc00fffe000001'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006']
  ])('%s is %s in hex', (address, hex) => {
    expect(addressHex(address)).toBe(hex)
  })

  it('gives any IPv4 address in eight digits that read back', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const hex = addressHex(address)
        expect(hex).toMatch(/^[0-9a-f]{8}$/)
        expect(
          hex
            .match(/../g)
            ?.map((pair) => Number.parseInt(pair, 16))
            .join('.')
        ).toBe(address)
      })
    )
  })

  it('gives any IPv6 address in 32 digits, the same for all ways of writing it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        const text = groups.map((group) => group.toString(16)).join(':')
        expect(addressHex(new URL(`http://[${text}]/`).hostname.slice(1, -1))).toBe(addressHex(text))
        expect(addressHex(text)).toMatch(/^[0-9a-f]{32}$/)
      })
    )
  })

  it.each(['', 'host', '192.0.2', '192.0.2.0/33', '::/129', '192.0.2.0/', 'fe80::1%eth0', '1.2.3.4/5/6'])('refuses %j', (text) => {
    expect(parseSender(text)).toBeUndefined()
  })

  it('lets through what a range holds, also as a mapped address', () => {
    const senders = new Senders(['192.0.2.0/24', '2001:db8::/32'])
    expect(senders.lookUp('192.0.2.255')).toBe('c00002ff')
    expect(senders.lookUp('::ffff:192.0.2.1')).toBe('c0000201')
    expect(senders.lookUp('192.0.3.1')).toBeNull()
    expect(senders.lookUp('2001:db8::9')).toMatch(/9$/)
    expect(senders.lookUp('2001:db9::9')).toBeNull()
    expect(new Senders(undefined).lookUp('203.0.113.1')).toBe('cb007101')
  })
})

it('lets pass the rate on average, whatever the rhythm', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 500 }), (perSecond, gapsMs) => {
      const gate = new RateGate(perSecond)
      let nowMs = 0
      let passed = 0
      for (const gapMs of gapsMs) {
        nowMs += gapMs
        if (gate.passes(nowMs)) passed++
      }
      expect(passed).toBeLessThanOrEqual(perSecond + (nowMs * perSecond) / 1_000 + 1)
      if (gapsMs.length <= perSecond) expect(passed).toBe(gapsMs.length)
    })
  )
})

it('finds port, inode and drops in the table of the system', () => {
  const table = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             ',
    '  367: 0100007F:1DF3 00000000:0000 07 00000000:00000300 00:00000000 00000000  1000        0 73123 2 0000000000000000 42        ',
    ''
  ].join('\n')
  expect(parseSocketRows(table)).toEqual([{ address: '0100007F', port: 7667, inode: '73123', drops: 42 }])
})

describe('where it listens', () => {
  const multicast = { group: '239.1.2.3' }
  it.each([
    [{}, { family: 'udp4', address: '0.0.0.0' }],
    [{ multicast }, { family: 'udp4', address: '239.1.2.3' }],
    [
      { multicast, address: '0.0.0.0' },
      { family: 'udp4', address: '0.0.0.0' }
    ],
    [{ multicast: { group: 'ff15::7' } }, { family: 'udp6', address: '::' }],
    [{ address: '::' }, { family: 'udp6', address: '::' }]
  ] as const)('%j', (settings, target) => {
    expect(bindTarget({ address: undefined, multicast: undefined, ...settings }, 'linux')).toEqual(target)
  })
  it('cannot be the group on Windows', () => {
    expect(bindTarget({ address: undefined, multicast: { group: '239.1.2.3', interface: undefined } }, 'win32').address).toBe('0.0.0.0')
  })
})

describe('settings', () => {
  it.each([
    [{ port: 0 }],
    [{ port: 70_000 }],
    [{ port: 1, address: 'host' }],
    [{ port: 1, multicast: { group: '192.0.2.1' } }],
    [{ port: 1, multicast: { group: '239.1.2.3' }, address: '::1' }],
    [{ port: 1, from: [] }],
    [{ port: 1, from: ['everybody'] }]
  ])('refuses %j', (settings) => {
    expect(udpSettingsSchema.safeParse(settings).success).toBe(false)
  })
  it('has defaults for all but the port', () => {
    expect(udpSettingsSchema.parse({ port: 7667 })).toEqual({
      port: 7667,
      receiveBufferBytes: 1_048_576,
      maxRatePerS: 20_000,
      silenceLimitS: 0
    })
    expect(udpSettingsSchema).toBeInstanceOf(z.ZodObject)
  })
})

describe('where tags are', () => {
  const heardFrom = (addresses: TagAddresses, port: number, readings: readonly Reading[]): void => {
    addresses.comesFrom({ address: '192.0.2.7', port })
    addresses.before({ deliver: () => undefined }).deliver({ readings, receivedAt: 0, monotonicMs: 0 })
  }

  it('is where they were last heard from, not where something old comes from', () => {
    const addresses = new TagAddresses()
    heardFrom(addresses, 1, [{ tag: 'a' }, { tag: 'b' }, { device: 'c' }, {}])
    heardFrom(addresses, 2, [{ tag: 'b' }])
    heardFrom(addresses, 3, [{ tag: 'a', stale: true }])
    expect(['a', 'b', 'c'].map((tag) => addresses.addressOf(tag)?.port)).toEqual([1, 2, undefined])
  })

  it('is remembered of so many, those that were heard last', () => {
    const addresses = new TagAddresses()
    for (let tag = 0; tag < 100_000; tag++) heardFrom(addresses, tag, [{ tag: String(tag) }, { tag: 'ours' }])
    expect(addresses.size).toBeLessThanOrEqual(16_384)
    expect([addresses.addressOf('ours')?.port, addresses.addressOf('99999')?.port]).toEqual([99_999, 99_999])
    expect(addresses.addressOf('1')).toBeUndefined()
  })
})
