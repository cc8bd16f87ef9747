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
