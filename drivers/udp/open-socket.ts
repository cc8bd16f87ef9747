import { createSocket, type Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import type { UdpSettings } from './settings.ts'

export interface BindTarget {
  readonly family: 'udp4' | 'udp6'
  readonly address: string
}

/**
 * Where to listen. A socket that is bound to the group hears this group alone; bound to all addresses, Linux would also give it
 * what other programs' groups bring to the port (IP_MULTICAST_ALL, ip(7)). Windows cannot bind to a group.
 */
export function bindTarget({ address, multicast }: Pick<UdpSettings, 'address' | 'multicast'>, platform = process.platform): BindTarget {
  if (address !== undefined) return { family: isIP(address) === 6 ? 'udp6' : 'udp4', address }
  if (multicast === undefined) return { family: 'udp4', address: '0.0.0.0' }
  if (isIP(multicast.group) === 6) return { family: 'udp6', address: '::' }
  return { family: 'udp4', address: platform === 'win32' ? '0.0.0.0' : multicast.group }
}

function openFailure({ address }: BindTarget, port: number, error: unknown): DriverError {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  const failure = (name: string, why: string): DriverError => new DriverError(name, why, { retriable: true, cause: error })
  switch (code) {
    case 'EADDRINUSE':
      return failure('PORT_TAKEN', `another program listens on UDP port ${port} already (see: ss -ulpn)`)
    case 'EACCES':
      return failure('LINK_OPEN_FAILED', `no permission to listen on UDP port ${port}; ports below 1024 need CAP_NET_BIND_SERVICE`)
    case 'EADDRNOTAVAIL':
      return failure('LINK_OPEN_FAILED', `${address} is no address of this machine now`)
    default:
      return failure('LINK_OPEN_FAILED', `UDP port ${port} cannot be opened: ${messageOf(error)}`)
  }
}

/** A bound socket; a group is not joined yet. Rejects with a DriverError. */
export function openSocket(target: BindTarget, settings: UdpSettings): Promise<Socket> {
  const { multicast, port, receiveBufferBytes } = settings
  // Only a group may be heard by several programs of a machine: with unicast the last one would take everything.
  const socket = createSocket({ type: target.family, reuseAddr: multicast !== undefined })
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      socket.close()
      reject(openFailure(target, port, error))
    }
    socket.once('error', onError)
    socket.bind({ port, address: target.address, exclusive: true }, () => {
      socket.off('error', onError)
      try {
        socket.setRecvBufferSize(receiveBufferBytes)
      } catch {
        // It works with the system's own size.
      }
      resolve(socket)
    })
  })
}
