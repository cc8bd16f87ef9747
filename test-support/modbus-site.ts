import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { type IServiceVector, ServerSerial, ServerTCP } from 'modbus-serial'
import { freePorts } from './kafka/free-ports.ts'
import { waitFor } from './wait-for.ts'

type Table = 'coil' | 'discrete-input' | 'holding-register' | 'input-register'

class ModbusException extends Error {
  readonly modbusErrorCode: number
  constructor(code: number) {
    super(`exception ${code}`)
    this.modbusErrorCode = code
  }
}

/** What the devices of a site hold, whatever line they are on. A register that was never set is refused as an illegal address. */
export interface ModbusMemory {
  readonly vector: IServiceVector
  /** Units that do not answer. */
  readonly silent: Set<number>
  /** What was read, as `unit table address`, and written, as `unit table address = value`; the newest last. */
  readonly requests: string[]
  set(unit: number, table: Table, address: number, ...values: number[]): void
  get(unit: number, table: Table, address: number): number | undefined
  remove(unit: number, table: Table, address: number): void
  /** Called after something was written. */
  onWrite: (unit: number, table: Table, address: number, value: number) => void
}

export function createModbusMemory(): ModbusMemory {
  const cells = new Map<string, number>()
  const silent = new Set<number>()
  const requests: string[] = []
  const key = (unit: number, table: Table, address: number): string => `${unit} ${table} ${address}`

  /** One that is silent keeps whoever asks waiting for ever. */
  const whenItAnswers = (unit: number): Promise<void> => (silent.has(unit) ? new Promise(() => undefined) : Promise.resolve())
  const read = async (unit: number, table: Table, address: number): Promise<number> => {
    requests.push(key(unit, table, address))
    await whenItAnswers(unit)
    const value = cells.get(key(unit, table, address))
    if (value === undefined) throw new ModbusException(2)
    return value
  }
  const write = async (unit: number, table: Table, address: number, value: number): Promise<void> => {
    requests.push(`${key(unit, table, address)} = ${value}`)
    await whenItAnswers(unit)
    if (!cells.has(key(unit, table, address))) throw new ModbusException(2)
    cells.set(key(unit, table, address), value)
    memory.onWrite(unit, table, address, value)
  }
  const bit = async (unit: number, table: Table, address: number): Promise<boolean> => (await read(unit, table, address)) === 1

  const memory: ModbusMemory = {
    silent,
    requests,
    onWrite: () => undefined,
    set(unit, table, address, ...values) {
      values.forEach((value, index) => {
        cells.set(key(unit, table, address + index), value)
      })
    },
    get: (unit, table, address) => cells.get(key(unit, table, address)),
    remove: (unit, table, address) => cells.delete(key(unit, table, address)),
    vector: {
      getCoil: (address: number, unit: number) => bit(unit, 'coil', address),
      getDiscreteInput: (address: number, unit: number) => bit(unit, 'discrete-input', address),
      getInputRegister: (address: number, unit: number) => read(unit, 'input-register', address),
      getHoldingRegister: (address: number, unit: number) => read(unit, 'holding-register', address),
      setCoil: (address: number, value: boolean, unit: number) => write(unit, 'coil', address, value ? 1 : 0),
      setRegister: (address: number, value: number, unit: number) => write(unit, 'holding-register', address, value)
    }
  }
  return memory
}

export interface ModbusServer {
  /** Cuts every connection with a reset; the server goes on. */
  reset(): void
  close(): Promise<void>
}

/** modbus-serial's server over TCP, on loopback. */
export async function startModbusTcp(memory: ModbusMemory, port?: number): Promise<ModbusServer & { readonly port: number }> {
  const [free = 0] = port === undefined ? await freePorts(1) : [port]
  const server = new ServerTCP(memory.vector, { host: '127.0.0.1', port: free })
  server.on('socketError', () => undefined)
  await once(server, 'initialized')
  return {
    port: free,
    reset() {
      for (const socket of server.socks.keys()) socket.resetAndDestroy()
    },
    close: () => new Promise((resolve) => server.close(() => resolve()))
  }
}

/** modbus-serial's server on a serial port. It takes what lies between two pauses of the line for a request. */
export async function startModbusRtu(memory: ModbusMemory, path: string, baudRate = 19_200): Promise<{ close(): Promise<void> }> {
  const options = { path, baudRate, interval: 4 }
  const server = new ServerSerial(memory.vector, options)
  const { _serverPath: port } = server as unknown as { readonly _serverPath: NodeJS.EventEmitter & { readonly isOpen: boolean } }
  port.on('error', () => undefined)
  await once(server, 'initialized')
  return {
    async close() {
      if (!port.isOpen) return
      server.close(() => undefined)
      await waitFor('the port of the server is closed', () => !port.isOpen)
    }
  }
}

/** A TCP server that does what a test says with each chunk that comes in. */
export async function startRawServer(
  onChunk: (chunk: Buffer, socket: Socket) => void,
  onConnection: (socket: Socket) => void = () => undefined
): Promise<ModbusServer & { readonly port: number }> {
  const [port = 0] = await freePorts(1)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => onChunk(chunk, socket))
    onConnection(socket)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port,
    reset() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
