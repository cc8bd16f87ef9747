import { BlockList, isIP } from 'node:net'

export interface SenderRange {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

/** An address, or a range such as 192.0.2.0/24. Undefined when it is neither. */
export function parseSender(text: string): SenderRange | undefined {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text)
  const address = match?.[1] ?? ''
  const version = isIP(address)
  if (version === 0 || address.includes('%')) return undefined
  const bits = version === 4 ? 32 : 128
  const prefix = match?.[2] === undefined ? bits : Number(match[2])
  return prefix > bits ? undefined : { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix }
}

/** Senders are remembered by their text, and this many of them. */
const REMEMBERED = 4_096

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** The address in lower-case hex without separators, 8 digits for IPv4 (also where it comes as ::ffff:…) and 32 for IPv6. */
export function addressHex(address: string): string {
  const v4 = MAPPED.exec(address)?.[1] ?? (isIP(address) === 4 ? address : undefined)
  if (v4 !== undefined)
    return v4
      .split('.')
      .map((part) => Number(part).toString(16).padStart(2, '0'))
      .join('')
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const groups = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'))
  const front = groups(head)
  const back = groups(tail)
  const middle = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0')
  return [...front, ...middle, ...back]
    .map((group) => group.padStart(4, '0'))
    .join('')
    .toLowerCase()
}

/** Who sends: whether it is listened to, and its address as codecs see it. Looked up once for each of the last senders. */
export class Senders {
  readonly #allowed: BlockList | undefined
  readonly #known = new Map<string, string | null>()

  constructor(from: readonly string[] | undefined) {
    if (from === undefined) return
    const allowed = new BlockList()
    for (const text of from) {
      const range = parseSender(text)
      if (range !== undefined) allowed.addSubnet(range.address, range.prefix, range.family)
    }
    this.#allowed = allowed
  }

  /** The address in hex; null: not listened to. */
  lookUp(address: string): string | null {
    const known = this.#known.get(address)
    if (known !== undefined) return known
    if (this.#known.size >= REMEMBERED) this.#known.clear()
    const hex = this.#isAllowed(address) ? addressHex(address) : null
    this.#known.set(address, hex)
    return hex
  }

  #isAllowed(address: string): boolean {
    if (this.#allowed === undefined) return true
    const bare = MAPPED.exec(address)?.[1] ?? address.replace(/%.*$/, '')
    return this.#allowed.check(bare, isIP(bare) === 4 ? 'ipv4' : 'ipv6')
  }
}
