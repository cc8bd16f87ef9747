import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A cable to a server that a test can break in the ways cables and machines break. The port stays the same. */
export interface BreakableWire {
  readonly port: number
  /** How many were made since the beginning. */
  readonly connections: number
  /** The other machine is off: connections end, and new ones are refused. */
  unplug(): Promise<void>
  /** The other machine has restarted: connections are reset, new ones go through. */
  reset(): void
  /** Connections stay and new ones are taken, but nothing passes in either direction. */
  hang(): void
  /** All is well again, for new connections. */
  mend(): Promise<void>
  close(): Promise<void>
}

interface Joint {
  readonly near: Socket
  readonly far: Socket
}

export async function openBreakableWire(targetPort: number): Promise<BreakableWire> {
  const joints = new Set<Joint>()
  let hung = false
  let connections = 0
  const join = (near: Socket): void => {
    connections += 1
    const far = connect(targetPort, '127.0.0.1')
    const joint = { near, far }
    joints.add(joint)
    for (const end of [near, far]) {
      end.setNoDelay(true)
      end.on('error', () => undefined)
      end.on('close', () => {
        if (hung) return
        near.destroy()
        far.destroy()
        joints.delete(joint)
      })
    }
    near.on('data', (bytes) => {
      if (!hung) far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (!hung) near.write(bytes)
    })
  }
  const listen = async (port: number): Promise<Server> => {
    const server = createServer(join).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    breakAll((end) => end.destroy())
    await closed
  }
  const breakAll = (how: (end: Socket) => void): void => {
    for (const { far, near } of joints) {
      how(near)
      far.destroy()
    }
    joints.clear()
  }
  let server = await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    port,
    get connections() {
      return connections
    },
    unplug: stop,
    reset: () => breakAll((end) => end.resetAndDestroy()),
    hang() {
      hung = true
    },
    async mend() {
      hung = false
      breakAll((end) => end.destroy())
      if (!server.listening) server = await listen(port)
    },
    async close() {
      hung = false
      await stop()
    }
  }
}
