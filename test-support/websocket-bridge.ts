import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const CLOSE = 8

/** A frame as a server sends it: binary, whole, not masked (RFC 6455, 5.2). */
function serverFrame(payload: Uint8Array): Buffer {
  const length = Buffer.alloc(payload.length < 126 ? 1 : payload.length < 65_536 ? 3 : 9)
  if (length.length === 1) length[0] = payload.length
  else if (length.length === 3) {
    length[0] = 126
    length.writeUInt16BE(payload.length, 1)
  } else {
    length[0] = 127
    length.writeBigUInt64BE(BigInt(payload.length), 1)
  }
  return Buffer.concat([Buffer.from([0x82]), length, payload])
}

/** Takes the frames of a client, which are masked, out of a byte stream. */
function createFrameCutter(onFrame: (opcode: number, payload: Buffer) => void): (chunk: Uint8Array) => void {
  let pending = Buffer.alloc(0)
  const cut = (): boolean => {
    const short = (pending[1] ?? 0) & 0x7f
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
    const maskAt = 2 + lengthBytes
    if (pending.length < maskAt + 4) return false
    const length = lengthBytes === 0 ? short : lengthBytes === 2 ? pending.readUInt16BE(2) : Number(pending.readBigUInt64BE(2))
    const from = maskAt + 4
    if (pending.length < from + length) return false
    const mask = pending.subarray(maskAt, from)
    const payload = Buffer.from(pending.subarray(from, from + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)))
    onFrame((pending[0] ?? 0) & 0x0f, payload)
    pending = pending.subarray(from + length)
    return true
  }
  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    while (cut());
  }
}

/**
 * A WebSocket front for a TCP port of this machine. Mosquitto's own WebSocket listener opens on every interface, whatever
 * its configuration says, and tests listen on loopback only.
 */
export async function startWebSocketBridge(targetPort: number): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const open = new Set<Duplex>()
  const server = createServer((_request, response) => response.writeHead(404).end())
  server.on('upgrade', (request, socket) => {
    if (request.url !== '/mqtt') {
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
      return
    }
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${ACCEPT_SUFFIX}`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
    )
    const target = connect({ port: targetPort, host: '127.0.0.1' })
    for (const end of [socket, target]) {
      open.add(end)
      end.on('error', () => end.destroy())
      end.on('close', () => {
        open.delete(end)
        for (const other of [socket, target]) other.destroy()
      })
    }
    socket.on(
      'data',
      createFrameCutter((opcode, payload) => (opcode === CLOSE ? socket.end() : target.write(payload)))
    )
    target.on('data', (bytes) => socket.write(serverFrame(bytes)))
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const end of open) end.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
