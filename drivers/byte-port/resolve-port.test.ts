import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parsePortName } from './port-name.ts'
import { resolvePort } from './resolve-port.ts'
import { listUsbPorts } from './usb-ports.ts'

describe('names of ports', () => {
  it.each([
    ['/dev/serial/by-id/usb-SEGGER_J-Link-if00', { kind: 'path', path: '/dev/serial/by-id/usb-SEGGER_J-Link-if00' }],
    ['COM7', { kind: 'path', path: 'COM7' }],
    ['usb:10C4:EA60', { kind: 'usb', vendorId: '10c4', productId: 'ea60' }],
    ['usb:10c4:ea60:A1-7', { kind: 'usb', vendorId: '10c4', productId: 'ea60', serialNumber: 'A1-7' }],
    ['tcp://192.0.2.7:4001', { kind: 'tcp', host: '192.0.2.7', port: 4001 }],
    ['tcp://[2001:db8::7]:4001/', { kind: 'tcp', host: '2001:db8::7', port: 4001 }]
  ])('%s', (text, name) => {
    expect(parsePortName(text)).toEqual(name)
  })

  it.each(['', 'ttyUSB0', 'usb:10c4', 'usb:10c4:xyz0', 'tcp://host', 'tcp://host:0', 'tcp://host:65536', 'udp://host:1'])(
    'refuses %j',
    (text) => {
      expect(parsePortName(text)).toBeUndefined()
    }
  )
})

describe('ports of the system', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tagward-sys-'))
    await mkdir(join(root, 'class/tty'), { recursive: true })
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  /** As the kernel lays it out: /sys/class/tty/ttyUSB0/device leads to a port below an interface below a USB device. */
  async function plug(tty: string, bus: string, ids: { vendor: string; product: string; serial?: string }): Promise<void> {
    const usbDevice = join(root, 'devices/pci0000:00/usb1', bus)
    const port = join(usbDevice, `${bus}:1.0`, tty)
    await mkdir(port, { recursive: true })
    await writeFile(join(usbDevice, 'idVendor'), `${ids.vendor}\n`)
    await writeFile(join(usbDevice, 'idProduct'), `${ids.product}\n`)
    if (ids.serial !== undefined) await writeFile(join(usbDevice, 'serial'), `${ids.serial}\n`)
    await mkdir(join(root, 'class/tty', tty), { recursive: true })
    await symlink(port, join(root, 'class/tty', tty, 'device'))
  }
  const find = (text: string): Promise<string> => {
    const name = parsePortName(text)
    if (name === undefined || name.kind === 'tcp') throw new Error(`${text} is not the name of a device`)
    return resolvePort(name, () => listUsbPorts(root))
  }

  it('are found by vendor, product and serial number, whatever their number', async () => {
    await plug('ttyUSB0', '1-1', { vendor: '10c4', product: 'ea60', serial: '0001' })
    await plug('ttyUSB1', '1-2', { vendor: '10c4', product: 'ea60', serial: '0002' })
    await plug('ttyACM0', '1-3', { vendor: '1366', product: '0105', serial: '000760123456' })
    await mkdir(join(root, 'class/tty/ttyS0'))
    expect(await find('usb:1366:0105')).toBe('/dev/ttyACM0')
    expect(await find('usb:10C4:EA60:0002')).toBe('/dev/ttyUSB1')
    await rm(join(root, 'class/tty/ttyUSB1'), { recursive: true })
    await rm(join(root, 'devices/pci0000:00/usb1/1-2'), { recursive: true })
    await expect(find('usb:10c4:ea60:0002')).rejects.toMatchObject({ code: 'PORT_NOT_FOUND', retriable: true })
    await plug('ttyUSB5', '1-7', { vendor: '10c4', product: 'ea60', serial: '0002' })
    expect(await find('usb:10c4:ea60:0002')).toBe('/dev/ttyUSB5')
  })

  it('are never guessed: a name that fits two is refused with both', async () => {
    await plug('ttyUSB0', '1-1', { vendor: '10c4', product: 'ea60', serial: '0001' })
    await plug('ttyUSB1', '1-2', { vendor: '10c4', product: 'ea60' })
    await expect(find('usb:10c4:ea60')).rejects.toMatchObject({
      code: 'PORT_AMBIGUOUS',
      message: expect.stringMatching(/ttyUSB0 .*0001.*ttyUSB1 .*none/)
    })
  })

  it('are followed through links', async () => {
    await writeFile(join(root, 'ttyUSB3'), '')
    await symlink(join(root, 'ttyUSB3'), join(root, 'by-id'))
    expect(await find(join(root, 'by-id'))).toBe(join(root, 'ttyUSB3'))
    await expect(find(join(root, 'gone'))).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
  })
})
