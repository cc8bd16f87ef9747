import { DriverError } from '../driver.ts'

/** Why a TCP port could not be listened to. */
export function listenFailure(error: NodeJS.ErrnoException, address: string, port: number): DriverError {
  const failure = (code: string, why: string): DriverError => new DriverError(code, why, { retriable: true, cause: error })
  switch (error.code) {
    case 'EADDRINUSE':
      return failure('PORT_TAKEN', `another program listens on port ${port} already (see: ss -tlpn), or the gateway itself does`)
    case 'EACCES':
      return failure('LINK_OPEN_FAILED', `no permission to listen on port ${port}; ports below 1024 need CAP_NET_BIND_SERVICE`)
    case 'EADDRNOTAVAIL':
      return failure('LINK_OPEN_FAILED', `${address} is no address of this machine now`)
    default:
      return failure('LINK_OPEN_FAILED', `port ${port} cannot be opened: ${error.message}`)
  }
}
