import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { receivedAt } from '../../test-support/uart.ts'
import type { UsbPort } from '../byte-port/usb-ports.ts'
import { topicFilterProblem } from '../mqtt/settings.ts'
import { BytePortrait, onesAreOdd } from './byte-portrait.ts'
import { captureFormOf } from './capture-lines.ts'
import { contentOf } from './message-content.ts'
import { stablePortName } from './stable-port-name.ts'
import { mergeFilters, topicShape, usualFilter } from './topic-shape.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('topics', () => {
  it.each([
    ['dwm/node/4d18/uplink/location', 'dwm/node/+/uplink/location'],
    ['/gw/ac233fc01234/status', '/gw/+/status'],
    ['home/OMG_hall/BTtoMQTT/A4C138010203', 'home/OMG_hall/BTtoMQTT/+'],
    ['application/0c1b7a1e-6f0c-4b9e-9a53-2f6d7f6c1a01/device/20635f0171000a0b/event/up', 'application/+/device/+/event/up'],
    ['shellyplus1-a1b2c3d4e5f6/events/rpc', '+/events/rpc'],
    ['60:ef:ab:01:02:03', '+'],
    ['site/feed/face', 'site/feed/face'],
    ['tags', 'tags']
  ])('%s is one of %s', (topic, shape) => {
    expect(topicShape(topic)).toBe(shape)
  })

  it('are subscribed to as the protocol has them, behind the levels of the site', () => {
    const pans = ['node/+/uplink/#', 'gateway/+/uplink']
    expect(usualFilter('dwm/node/4d18/uplink/location', pans)).toBe('dwm/node/+/uplink/#')
    expect(usualFilter('site/hall 1/node/4D18/uplink/status', pans)).toBe('site/hall 1/node/+/uplink/#')
    expect(usualFilter('node/4D18/uplink/status', pans)).toBe('node/+/uplink/#')
    expect(usualFilter('dwm/gateway/x/uplink', pans)).toBe('dwm/gateway/+/uplink')
    expect(usualFilter('/gw/ac233fc01234/status', ['gw/+/status'])).toBe('/gw/+/status')
    expect(usualFilter('a/b/OMG/BTtoMQTT/X', ['+/BTtoMQTT/#'])).toBe('a/b/+/BTtoMQTT/#')
    expect(usualFilter('zigbee2mqtt/lamp', pans)).toBeUndefined()
    expect(usualFilter('dwm/node/4d18/uplink', pans)).toBeUndefined()
  })

  it('are merged where three differ in one level, and left apart otherwise', () => {
    expect(mergeFilters(['a/x/t', 'a/y/t', 'a/z/t'])).toEqual(['a/+/t'])
    expect(mergeFilters(['a/x', 'a/y'])).toEqual(['a/x', 'a/y'])
    expect(mergeFilters(['a/+/t', 'a/x/t', 'b'])).toEqual(['a/+/t', 'b'])
    expect(mergeFilters(['a/node/+/uplink/#', 'a/node/+/uplink/#'])).toEqual(['a/node/+/uplink/#'])
  })

  it('always give filters that take the topics they come from', () => {
    const level = fc.constantFrom('a', 'b', 'node', '4d18', 'uplink', '', 'x y', '0102030405060708')
    const topics = fc.array(
      fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/')),
      { minLength: 1, maxLength: 12 }
    )
    fc.assert(
      fc.property(topics, (list) => {
        const named = list.filter((topic) => topic !== '')
        const filters = mergeFilters(named.map((topic) => usualFilter(topic, ['node/+/uplink/#', '+/up']) ?? topicShape(topic)))
        for (const filter of filters) expect(topicFilterProblem(filter)).toBeUndefined()
        for (const topic of named)
          expect(
            filters.some((filter) => takes(filter, topic)),
            `${topic} by ${filters.join()}`
          ).toBe(true)
      })
    )
  })
})

/** MQTT 4.7. */
function takes(filter: string, topic: string): boolean {
  const levels = topic.split('/')
  const wanted = filter.split('/')
  for (const [index, each] of wanted.entries()) {
    if (each === '#') return true
    if (levels[index] === undefined || (each !== '+' && each !== levels[index])) return false
  }
  return wanted.length === levels.length
}

describe('a portrait of bytes', () => {
  const lookAt = (bytes: Uint8Array) => {
    const portrait = new BytePortrait()
    portrait.push(bytes)
    return portrait.look()
  }

  it('tells text, one byte over and over, a slower line, and what is none of them', () => {
    expect(lookAt(new Uint8Array())).toMatchObject({ bytes: 0, impression: 'nothing', commonest: [] })
    expect(lookAt(bytesOf('abc'))).toMatchObject({ impression: 'few' })
    expect(lookAt(bytesOf('mode: tn (act,twr,np,le)\r\nx = 1\r\n'))).toMatchObject({ impression: 'text', printableShare: 1 })
    expect(lookAt(new Uint8Array(100))).toMatchObject({ impression: 'constant', distinctBytes: 1, commonest: [{ byte: '00', share: 1 }] })
    expect(lookAt(receivedAt(38_400, bytesOf('$GPGGA,092750.000,5321.6802,N\r\n'.repeat(9)), { baudRate: 9600 })).impression).toBe(
      'slower-line'
    )
    expect(lookAt(Uint8Array.from({ length: 512 }, (_, index) => (index * 167) & 0xff))).toMatchObject({
      impression: 'binary',
      distinctBytes: 256
    })
  })

  it('shows the beginning so that it can be printed', () => {
    expect(lookAt(Uint8Array.from([0x41, 0x5c, 0, 0x0d, 0x0a, 0xff])).sample).toBe('A\\x5c\\x00\\r\\n\\xff')
    expect(lookAt(new Uint8Array(10_000)).sample.length).toBe(4 * 64)
  })

  it('knows parity', () => {
    for (const [byte, odd] of [
      [0, false],
      [1, true],
      [3, false],
      [0xff, false],
      [0x80, true]
    ] as const)
      expect(onesAreOdd(byte)).toBe(odd)
  })
})

describe('the simulated line', () => {
  it('gives what was sent, at the speed at which it was sent', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(9600, 115_200), (bytes, baudRate) => {
        expect(receivedAt(baudRate, bytes, { baudRate })).toEqual(bytes)
        // Half a percent off is nothing to a UART.
        expect(receivedAt(baudRate * 1.005, bytes, { baudRate })).toEqual(bytes)
      })
    )
  })

  it('gives other bytes at other speeds', () => {
    const sent = bytesOf('POS,2.57,2.00,1.67,97\r\n')
    expect(receivedAt(57_600, sent, { baudRate: 115_200 })).not.toEqual(sent)
    expect(receivedAt(230_400, sent, { baudRate: 115_200 })).not.toEqual(sent)
  })
})

describe('the form of a capture', () => {
  it.each([
    ['hex', '40 01 00 41\n400100\n0x4001\n'],
    ['hex', '55:04:11\n'],
    ['envelopes', '{"frame":"00","address":"c0ffee010203"}\n{"frame":"01"}\n'],
    ['json', '{"id":1,"range":[1]}\n[{"mac":"x"}]\n'],
    ['topics', 'dwm/node/4d18/uplink/status {"present":true}\nhome/x/LWT online\n'],
    ['bytes', '$GPGGA,1*00\r\n$GPRMC\r\n'],
    ['bytes', 'mc 0f 00000663 000005a3\r\n'],
    ['bytes', '']
  ])('is %s for %j', (form, text) => {
    expect(captureFormOf(bytesOf(text))).toBe(form)
  })

  it('is bytes for anything else', () => {
    expect(captureFormOf(Uint8Array.from([0x55, 4, 0x11, 0, 10, 0xff, 10]))).toBe('bytes')
  })
})

it('tells of messages what they consist of and not what they say', () => {
  expect(contentOf(bytesOf('{"user":"anna","pin":1234}'))).toBe('json: user, pin')
  expect(contentOf(bytesOf('[{"a":1},{"b":2}]'))).toBe('json list: a')
  expect(contentOf(bytesOf('7'))).toBe('text')
  expect(contentOf(bytesOf('{broken'))).toBe('text')
  expect(contentOf(Uint8Array.from([0xff, 0xfe]))).toBe('binary')
  expect(contentOf(new Uint8Array())).toBe('empty')
})

describe('the name of a port', () => {
  const usb = (path: string, serialNumber?: string): UsbPort => ({ path, vendorId: '10c4', productId: 'ea60', serialNumber })
  const withFolder = async (work: (folder: string, device: string) => Promise<void>): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'tagward-names-'))
    try {
      const device = join(folder, 'ttyUSB3')
      await writeFile(device, '')
      await mkdir(join(folder, 'by-id'))
      await mkdir(join(folder, 'by-path'))
      await work(folder, device)
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  const folders = (links: string, ports: readonly UsbPort[] = []) => ({ links, listUsb: () => Promise.resolve(ports) })

  it('is its link by id', () =>
    withFolder(async (folder, device) => {
      await symlink(device, join(folder, 'by-id', 'usb-Silicon_Labs_0001'))
      expect(await stablePortName(device, device, folders(folder))).toEqual({ name: join(folder, 'by-id', 'usb-Silicon_Labs_0001') })
    }))

  it('is its USB identity where there is no link', () =>
    withFolder(async (folder, device) => {
      const name = (ports: readonly UsbPort[]) => stablePortName(device, device, folders(folder, ports)).then((found) => found.name)
      expect(await name([usb(device, '0001'), usb('/dev/ttyUSB9', '0002')])).toBe('usb:10c4:ea60:0001')
      expect(await name([usb(device)])).toBe('usb:10c4:ea60')
    }))

  it('is the socket where two adapters are alike, and that is said', () =>
    withFolder(async (folder, device) => {
      const link = join(folder, 'by-path', 'pci-0000:00:14.0-usb-0:2:1.0')
      await symlink(device, link)
      const twins = [usb(device, '0001'), usb('/dev/ttyUSB9', '0001')]
      expect(await stablePortName(device, device, folders(folder, twins))).toEqual({
        name: link,
        remark: expect.stringContaining('leave the adapter in it')
      })
    }))

  it('stays what it is where it is sure, and is warned of where it is not', () =>
    withFolder(async (folder, device) => {
      for (const sure of ['/dev/ttyS1', 'tcp://192.0.2.7:4001', 'usb:10c4:ea60:1', '/dev/serial/by-id/x'])
        expect(await stablePortName(sure, sure.startsWith('usb') ? device : sure, folders(folder))).toEqual({ name: sure })
      expect(await stablePortName(device, device, folders(folder))).toMatchObject({
        name: device,
        remark: expect.stringContaining('after a restart')
      })
    }))
})
