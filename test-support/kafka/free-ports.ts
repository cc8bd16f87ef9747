import { createServer } from 'node:net'

const FIRST_PORT = 20_000
const LAST_PORT = 32_000

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/**
 * Free loopback ports below the range from which the system takes the ports of outgoing connections. A port from that
 * range would be unsafe while its server is down: a client that retries can be given the very port as its own end and
 * connect to itself.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT))
    if (!ports.includes(port) && (await isFree(port))) ports.push(port)
  }
  return ports
}
