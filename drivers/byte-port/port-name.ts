import { posix } from 'node:path'
import type { ExclusiveClaim } from '../driver.ts'

/** What `port` may name: a device file, a USB adapter wherever it is plugged in, or a serial device server. */
export type PortName =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'usb'; readonly vendorId: string; readonly productId: string; readonly serialNumber?: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

const USB = /^usb:([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(?::([^\s:]+))?$/
const TCP = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^\s/:]+):(\d{1,5})\/?$/
const PATH = /^(?:\/.+|COM\d+)$/

/** Undefined when the text names no port. */
export function parsePortName(text: string): PortName | undefined {
  const usb = USB.exec(text)
  if (usb !== null) {
    const [, vendorId = '', productId = '', serialNumber] = usb
    const ids = { kind: 'usb', vendorId: vendorId.toLowerCase(), productId: productId.toLowerCase() } as const
    return serialNumber === undefined ? ids : { ...ids, serialNumber }
  }
  const tcp = TCP.exec(text)
  if (tcp !== null) {
    const [, host = '', digits = ''] = tcp
    const port = Number(digits)
    return port > 0 && port < 65_536 ? { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port } : undefined
  }
  return PATH.test(text) ? { kind: 'path', path: text } : undefined
}

/** A port has one owner, whatever drivers the two sources have. `remedy`: what to do instead. */
export function portClaim(port: string, remedy: string): ExclusiveClaim {
  return { setting: 'port', resource: `byte-port ${portKey(port)}`, why: 'a port can be used by one source only', remedy }
}

/** The same text for two names that are written otherwise and mean the same port. Links between device files are not followed. */
function portKey(text: string): string {
  const name = parsePortName(text)
  if (name === undefined) return text
  if (name.kind === 'path') return name.path.startsWith('/') ? posix.normalize(name.path) : name.path.toUpperCase()
  if (name.kind === 'tcp') return `tcp ${name.host.toLowerCase()} ${name.port}`
  return `usb ${name.vendorId} ${name.productId} ${name.serialNumber ?? ''}`
}
