import type { Socket } from 'node:dgram'
import { isIPv4 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import { messageOf } from '../driver-errors.ts'

/** As `os.networkInterfaces`: the interfaces that are up and have an address. */
export type InterfaceList = () => Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

export interface Joined {
  readonly interfaces: readonly string[]
  /** Why some could not be joined; empty: all could. */
  readonly problems: readonly string[]
}

function isAlreadyJoined(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

/**
 * Membership in one group. `refresh` may be called any time: the system answers for an interface that is a member already that it
 * is; where an interface went and came back as a new one, it becomes a member again. Closing the socket leaves.
 */
export class Memberships {
  readonly #group: string
  readonly #interfaceName: string | undefined
  readonly #list: InterfaceList

  constructor(group: string, interfaceName: string | undefined, list: InterfaceList) {
    this.#group = group
    this.#interfaceName = interfaceName
    this.#list = list
  }

  refresh(socket: Socket): Joined {
    const interfaces: string[] = []
    const problems: string[] = []
    for (const [name, addresses] of Object.entries(this.#list())) {
      const address = this.#addressOn(name, addresses ?? [])
      if (address === undefined) continue
      try {
        socket.addMembership(this.#group, address)
        interfaces.push(name)
      } catch (error) {
        if (isAlreadyJoined(error)) interfaces.push(name)
        else problems.push(`${name}: ${messageOf(error)}`)
      }
    }
    return { interfaces, problems }
  }

  /** How the system wants the interface named: by its address in IPv4, by its name in IPv6. Undefined: it is not wanted. */
  #addressOn(name: string, addresses: readonly NetworkInterfaceInfo[]): string | undefined {
    if (this.#interfaceName !== undefined && name !== this.#interfaceName) return undefined
    const family = isIPv4(this.#group) ? 'IPv4' : 'IPv6'
    const found = addresses.find((info) => info.family === family && (this.#interfaceName !== undefined || !info.internal))
    if (found === undefined) return undefined
    return family === 'IPv4' ? found.address : `::%${name}`
  }

  /** What is missing, for messages. */
  describe(): string {
    const known = Object.keys(this.#list())
    return this.#interfaceName === undefined
      ? 'no network interface has an address'
      : `interface ${this.#interfaceName} is not up or has no address; there are: ${known.join(', ') || 'none'}`
  }
}
