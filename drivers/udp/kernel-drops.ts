import { readdir, readFile, readlink } from 'node:fs/promises'
import type { BindTarget } from './open-socket.ts'
import { addressHex } from './sender-filter.ts'

const COUNTER_SPAN = 2 ** 32

/** Columns of /proc/net/udp and udp6 (kernel: Documentation/networking/proc_net_tcp.rst, net/ipv4/udp.c udp4_format_sock). */
const LOCAL_ADDRESS = 1
const INODE = 9
const DROPS = 12

interface SocketRow {
  /** As the table has it: words of 32 bits in the byte order of the machine. */
  readonly address: string
  readonly port: number
  readonly inode: string
  readonly drops: number
}

export function parseSocketRows(table: string): readonly SocketRow[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length > DROPS)
    .map((columns) => ({
      address: columns[LOCAL_ADDRESS]?.split(':')[0] ?? '',
      port: Number.parseInt(columns[LOCAL_ADDRESS]?.split(':')[1] ?? '', 16),
      inode: columns[INODE] ?? '',
      drops: Number(columns[DROPS])
    }))
}

async function ownSocketInodes(): Promise<ReadonlySet<string>> {
  const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]).filter((inode) => inode !== undefined))
}

const socketRows = async (family: 'udp4' | 'udp6'): Promise<readonly SocketRow[]> =>
  parseSocketRows(await readFile(family === 'udp4' ? '/proc/net/udp' : '/proc/net/udp6', 'utf8'))

/**
 * How many datagrams the system had to drop because the receive buffer of our socket was full. Linux tells it by socket;
 * elsewhere it stays unknown and counts as none.
 */
export class KernelDrops {
  readonly #target: BindTarget
  readonly #port: number
  #inode: string | undefined
  #last = 0

  constructor(target: BindTarget, port: number) {
    this.#target = target
    this.#port = port
  }

  /** New drops since the last call; the first one finds the socket, which must be open. Never rejects. */
  async take(): Promise<number> {
    try {
      const rows = (await socketRows(this.#target.family)).filter(({ address, port }) => port === this.#port && this.#isBoundTo(address))
      if (this.#inode === undefined) {
        const own = await ownSocketInodes()
        this.#inode = rows.find(({ inode }) => own.has(inode))?.inode
      }
      const row = rows.find(({ inode }) => inode === this.#inode)
      if (row === undefined) return 0
      const fresh = (row.drops - this.#last + COUNTER_SPAN) % COUNTER_SPAN
      this.#last = row.drops
      return fresh
    } catch {
      return 0
    }
  }

  /** Sources may share a port when they listen to groups of their own. */
  #isBoundTo(address: string): boolean {
    if (this.#target.family === 'udp6') return true
    const hex = addressHex(this.#target.address)
    const reversed = hex.match(/../g)?.reverse().join('') ?? ''
    return [hex, reversed].includes(address.toLowerCase())
  }
}
