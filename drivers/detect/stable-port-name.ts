import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { listUsbPorts, type UsbPort } from '../byte-port/usb-ports.ts'

export interface StablePortName {
  readonly name: string
  /** What to know of this name. */
  readonly remark?: string
}

/** `named`: as the installer wrote it; `opened`: the device file or address behind it. */
export type NamePort = (named: string, opened: string) => Promise<StablePortName>

export interface PortFolders {
  readonly links: string
  listUsb(): Promise<readonly UsbPort[]>
}

const SYSTEM: PortFolders = { links: '/dev/serial', listUsb: () => listUsbPorts() }
/** Numbers are given to these in the order in which they are plugged in. */
const SHIFTING = /\/tty(?:USB|ACM)\d+$/

/** The name by which a configuration should know a port: one that stays when it is plugged in elsewhere, or after another. */
export async function stablePortName(named: string, opened: string, folders: PortFolders = SYSTEM): Promise<StablePortName> {
  if (!SHIFTING.test(named) && !SHIFTING.test(opened)) return { name: named }
  if (named.startsWith('usb:') || named.startsWith('/dev/serial/')) return { name: named }
  const byId = await linkTo(join(folders.links, 'by-id'), opened)
  if (byId !== undefined) return { name: byId }
  const ports = await folders.listUsb()
  const usb = ports.find(({ path }) => path === opened)
  const alike = ports.filter(({ vendorId, productId }) => vendorId === usb?.vendorId && productId === usb.productId)
  if (usb !== undefined && isUsable(usb.serialNumber) && alike.filter((port) => port.serialNumber === usb.serialNumber).length === 1)
    return { name: `usb:${usb.vendorId}:${usb.productId}:${usb.serialNumber}` }
  if (usb !== undefined && alike.length === 1) return { name: `usb:${usb.vendorId}:${usb.productId}` }
  const byPath = await linkTo(join(folders.links, 'by-path'), opened)
  if (byPath !== undefined) return { name: byPath, remark: `${byPath} names the socket: leave the adapter in it` }
  return { name: named, remark: `${named} is not sure to be the same port after a restart, and no other name of it was found` }
}

/** A name without blanks and colons, as `usb:` takes it. */
const isUsable = (serialNumber: string | undefined): serialNumber is string => serialNumber !== undefined && /^[^\s:]+$/.test(serialNumber)

async function linkTo(folder: string, device: string): Promise<string | undefined> {
  const target = await realpath(device).catch(() => device)
  const names = await readdir(folder).catch(() => [])
  for (const name of names.sort()) {
    const link = join(folder, name)
    if ((await realpath(link).catch(() => undefined)) === target) return link
  }
  return undefined
}
