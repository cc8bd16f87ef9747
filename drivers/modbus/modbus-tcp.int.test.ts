import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { createModbusMemory, type ModbusMemory, type ModbusServer, startModbusTcp, startRawServer } from '../../test-support/modbus-site.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Delivery, SendOutcome } from '../driver.ts'
import { createSupervisor } from '../supervisor/supervisor.ts'
import { modbusDriver } from './driver.ts'
import { mbapFrame } from './mbap-frames.ts'
import { rtuFrame } from './rtu-frames.ts'

const QUICK = { intervalS: 0.05, timeoutMs: 400 }
/** Where nothing is lost: a busy machine is no reason to give up. */
const PATIENT = { timeoutMs: 5_000 }
/** Longer than a busy machine takes. */
const confirmWithinMs = 10_000
const CO = { name: 'co', table: 'input-register', address: 0, means: 'gas', gas: 'co', unit: 'ppm' }
const units = [{ unit: 1, tag: 'gas-1', signals: [CO] }]

function memoryWithCo(): ModbusMemory {
  const memory = createModbusMemory()
  memory.set(1, 'input-register', 0, 12)
  return memory
}

describeDriverContract('modbus over TCP', modbusDriver, async (): Promise<DriverWorld> => {
  const server = await startModbusTcp(memoryWithCo())
  const silent = await startRawServer(() => undefined)
  const [closedPort = 0] = await freePorts(1)
  const at = (port: number) => ({ port: `tcp://127.0.0.1:${port}`, ...QUICK, ...PATIENT, units })
  return {
    settings: at(server.port),
    unopenable: { settings: at(closedPort), code: 'LINK_OPEN_FAILED', retriable: true },
    hanging: { settings: at(silent.port) },
    produce: () => undefined,
    breakable: { breakLink: () => server.reset(), code: 'LINK_LOST', retriable: true },
    async tearDown() {
      await server.close()
      await silent.close()
    }
  }
})

describe('a source by Modbus TCP', () => {
  let memory: ModbusMemory
  let deliveries: Delivery[]
  let supervisor: ReturnType<typeof createSupervisor>
  let servers: ModbusServer[]

  beforeEach(() => {
    memory = memoryWithCo()
    deliveries = []
    servers = []
    supervisor = createSupervisor({
      drivers: [modbusDriver],
      findCodec: () => undefined,
      clock: systemClock,
      log: createMemoryLogger(),
      random: Math.random,
      policy: { startLimitMs: 5_000, stopLimitMs: 5_000, stableMs: 60_000, backoff: { firstMs: 20, factor: 2, capMs: 100, jitter: 0.5 } },
      onDelivery: (_sourceId, delivery) => {
        deliveries.push(delivery)
      },
      onHealth: () => undefined
    })
  })
  afterEach(async () => {
    await supervisor.close()
    await Promise.all(servers.map((server) => server.close()))
  })

  const serve = async (port?: number): Promise<ModbusServer & { readonly port: number }> => {
    const server = await startModbusTcp(memory, port)
    servers.push(server)
    return server
  }
  const raw = async (...script: Parameters<typeof startRawServer>): Promise<number> => {
    const server = await startRawServer(...script)
    servers.push(server)
    return server.port
  }
  const apply = (port: number, settings: object = { units }): void =>
    supervisor.apply([
      {
        id: 'plant',
        driver: 'modbus',
        protocol: undefined,
        enabled: true,
        settings: { port: `tcp://127.0.0.1:${port}`, ...QUICK, ...settings }
      }
    ])
  const status = () => supervisor.statuses()[0]
  const is = (health: string) => waitFor(`the source is ${health}`, () => status()?.health === health)
  const readings = () => deliveries.flatMap((delivery) => delivery.readings)
  const newReading = async (): Promise<void> => {
    const before = deliveries.length
    await waitFor('a new reading', () => deliveries.length > before)
  }
  const turn = (output: string, on: boolean, timeoutMs = 20_000): Promise<SendOutcome> =>
    supervisor.send('plant', output, { kind: 'switch', payload: { output, on } }, { timeoutMs })

  it('reads a gas detector and a fan: values with their units, alarms as levels, states of equipment', async () => {
    memory.set(1, 'input-register', 0, 12, 209, 0x7fff, 0, 0, 0, 0, 0, 0, 0)
    memory.set(1, 'input-register', 10, 0x0000, 0x41c8)
    memory.set(1, 'holding-register', 5, 0b100)
    memory.set(1, 'discrete-input', 3, 1)
    memory.set(2, 'coil', 0, 1)
    const { port } = await serve()
    apply(port, {
      units: [
        {
          unit: 1,
          tag: 'gas-1',
          signals: [
            CO,
            { name: 'o2', table: 'input-register', address: 1, scale: 0.1, means: 'gas', gas: 'o2', unit: 'vol%' },
            { name: 'h2s', table: 'input-register', address: 2, invalid: [0x7fff], means: 'gas', gas: 'h2s', unit: 'ppm' },
            { name: 'inside', table: 'input-register', address: 10, type: 'float32', wordOrder: 'little', means: 'temperature', unit: 'C' },
            { name: 'sensor_fault', table: 'holding-register', address: 5, type: 'bit', bit: 2, means: 'fault' },
            { name: 'high_co', table: 'discrete-input', address: 3, means: 'alarm' }
          ]
        },
        { unit: 2, device: 'fan-3', signals: [{ name: 'on', table: 'coil', address: 0, means: 'running' }] }
      ]
    })
    await is('up')
    await waitFor('all tables are read', () => new Set(readings().map((reading) => JSON.stringify(reading))).size >= 4)
    expect(readings()).toContainEqual({
      tag: 'gas-1',
      gases: [
        { gas: 'co', ppm: 12 },
        { gas: 'o2', volumePct: 20.9 }
      ],
      temperatureDegC: 25
    })
    expect(readings()).toContainEqual({ tag: 'gas-1', signals: [{ kind: 'fault', slot: 'sensor_fault', form: 'level', on: true }] })
    expect(readings()).toContainEqual({ tag: 'gas-1', signals: [{ kind: 'gas', slot: 'high_co', form: 'level', on: true }] })
    expect(readings()).toContainEqual({ device: 'fan-3', online: true, running: true })
    memory.set(1, 'discrete-input', 3, 0)
    await waitFor('the alarm ends', () =>
      readings()
        .at(-1)
        ?.signals?.some((signal) => signal.form === 'level' && !signal.on)
    )
  })

  it('is not blinded by one register that is not there', async () => {
    memory.set(1, 'input-register', 2, 30)
    const { port } = await serve()
    const signal = (address: number) => ({ ...CO, name: `co_${address}`, address })
    apply(port, { units: [{ unit: 1, tag: 'gas-1', signals: [0, 1, 2].map(signal) }] })
    await waitFor('it says which is missing', () =>
      status()?.amiss.includes('unit 1 refuses input-register 1 (co_1): illegal data address')
    )
    await waitFor('its neighbours are read', () => [12, 30].every((ppm) => readings().some(({ gases }) => gases?.[0]?.ppm === ppm)))
    expect(status()?.health).toBe('degraded')
  })

  it('goes on with the others while one unit is silent, and finds it again', async () => {
    memory.set(2, 'coil', 0, 1)
    memory.silent.add(2)
    const { port } = await serve()
    apply(port, { units: [...units, { unit: 2, device: 'fan', signals: [{ name: 'on', table: 'coil', address: 0, means: 'running' }] }] })
    await waitFor('it is said', () => status()?.amiss.includes('unit 2 does not answer'))
    await newReading()
    expect(readings()).toContainEqual({ device: 'fan', online: false })
    memory.silent.delete(2)
    await waitFor('it is back', () => readings().some(({ device, running }) => device === 'fan' && running === true))
    await is('up')
  })

  it('switches a siren and believes only what it reads back', async () => {
    memory.set(9, 'coil', 4, 0)
    memory.set(9, 'discrete-input', 0, 0)
    memory.onWrite = (_unit, _table, _address, value) => memory.set(9, 'discrete-input', 0, value)
    const { port } = await serve()
    const siren = {
      name: 'siren',
      unit: 9,
      table: 'coil',
      address: 4,
      readBack: { table: 'discrete-input', address: 0 },
      confirmWithinMs: 1_500
    }
    apply(port, { units, outputs: [siren] })
    await is('up')
    expect(await turn('siren', true)).toEqual({ stage: 'acknowledged' })
    expect(memory.get(9, 'coil', 4)).toBe(1)
    await waitFor('its state is told', () => readings().some(({ device, running }) => device === 'siren' && running === true))
    // The relay does what it is told, and the siren's fuse has blown.
    memory.onWrite = () => undefined
    expect(await turn('siren', false)).toMatchObject({ stage: 'failed', code: 'OUTPUT_NOT_CONFIRMED' })
    expect(memory.get(9, 'coil', 4)).toBe(0)
    memory.remove(9, 'coil', 4)
    expect(await turn('siren', true)).toMatchObject({ stage: 'failed', code: 'OUTPUT_REFUSED' })
  })

  it('lets a command go ahead of a read that is not answered', async () => {
    memory.set(9, 'coil', 4, 0)
    memory.set(7, 'coil', 0, 0)
    const { port } = await serve()
    apply(port, {
      timeoutMs: 10_000,
      units: [...units, { unit: 7, device: 'fan', intervalS: 0.2, signals: [{ name: 'on', table: 'coil', address: 0, means: 'running' }] }],
      outputs: [{ name: 'siren', unit: 9, table: 'coil', address: 4, confirmWithinMs }]
    })
    await is('up')
    memory.silent.add(7)
    const asked = memory.requests.length
    await waitFor('a read hangs', () => memory.requests.slice(asked).includes('7 coil 0'))
    const hangs = memory.requests.length
    expect(await turn('siren', true)).toEqual({ stage: 'acknowledged' })
    expect(memory.requests.slice(hangs).filter((request) => !request.startsWith('9 '))).toEqual([])
  })

  it('comes back when the device is reset, and when its cable is pulled while it is switched', async () => {
    memory.set(9, 'coil', 4, 0)
    const server = await serve()
    apply(server.port, { units, outputs: [{ name: 'siren', unit: 9, table: 'coil', address: 4, confirmWithinMs }] })
    await is('up')
    server.reset()
    await waitFor('the loss is told', () => status()?.lastError?.code === 'LINK_LOST')
    await is('up')
    await newReading()
    memory.silent.add(9)
    const outcome = turn('siren', true)
    await waitFor('the command is under way', () => memory.requests.includes('9 coil 4 = 1'))
    await server.close()
    expect(await outcome).not.toMatchObject({ stage: 'acknowledged' })
    await is('down')
    expect(await turn('siren', true)).toMatchObject({ stage: 'failed', code: 'SOURCE_DOWN' })
    memory.silent.clear()
    await serve(server.port)
    await is('up')
    expect(await turn('siren', true)).toEqual({ stage: 'acknowledged' })
  })

  it('notices a connection over which nothing comes any more, and makes a new one', async () => {
    let isDead = false
    let connections = 0
    const port = await raw(
      (chunk, socket) => {
        if (!isDead) socket.write(mbapFrame(chunk.readUInt16BE(0), 1, Uint8Array.of(4, 2, 0, 12)))
      },
      () => {
        connections++
      }
    )
    apply(port)
    await is('up')
    await newReading()
    isDead = true
    await waitFor('it is noticed', () => status()?.lastError?.code === 'LINK_TIMEOUT')
    expect(status()?.lastError?.message).toContain('nothing answers')
    const told = deliveries.length
    await waitFor('others are tried', () => connections > 2)
    expect(status()?.lastError?.code).toBe('LINK_TIMEOUT')
    // Nothing is repeated as if it were fresh.
    expect(deliveries).toHaveLength(told)
    isDead = false
    await is('up')
    await newReading()
  })

  it('takes no answer to another request and none of another unit', async () => {
    let wrong: 'none' | 'transaction' | 'unit' | 'function' | 'length' = 'none'
    const port = await raw((chunk, socket) => {
      const transaction = chunk.readUInt16BE(0)
      const answers = {
        none: mbapFrame(transaction, 1, Uint8Array.of(4, 2, 0, 12)),
        transaction: mbapFrame((transaction + 1) % 0x1_0000, 1, Uint8Array.of(4, 2, 0, 99)),
        unit: mbapFrame(transaction, 2, Uint8Array.of(4, 2, 0, 99)),
        function: mbapFrame(transaction, 1, Uint8Array.of(3, 2, 0, 99)),
        length: mbapFrame(transaction, 1, Uint8Array.of(4, 4, 0, 99, 0, 99))
      }
      socket.write(answers[wrong])
    })
    const good = async (): Promise<void> => {
      wrong = 'none'
      await is('up')
      await newReading()
    }
    apply(port)
    await good()
    for (const kind of ['transaction', 'unit', 'function', 'length'] as const) {
      const before = { ...status()?.counters }
      wrong = kind
      await waitFor(`${kind} is counted`, () => {
        const now = status()?.counters
        return (now?.errors ?? 0) + (now?.ignored ?? 0) > (before.errors ?? 0) + (before.ignored ?? 0)
      })
      if (kind === 'unit')
        await waitFor('it is said', () => status()?.amiss.includes('unit 2 answers for unit 1') || status()?.health === 'down')
      await good()
    }
    expect(readings().every(({ gases }) => gases?.[0]?.ppm === 12)).toBe(true)
  })

  it('makes a new connection when what comes is not Modbus', async () => {
    let garbage = false
    const port = await raw((chunk, socket) => {
      socket.write(
        garbage ? Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') : mbapFrame(chunk.readUInt16BE(0), 1, Uint8Array.of(4, 2, 0, 12))
      )
    })
    apply(port)
    await is('up')
    garbage = true
    await waitFor('it is told', () => status()?.lastError?.code === 'LINK_PROTOCOL')
    garbage = false
    await is('up')
    await newReading()
  })

  it('goes on reading and switching under a flood of frames that nobody asked for, and counts them', async () => {
    const flood = Buffer.concat(Array.from({ length: 200 }, () => mbapFrame(0xfff0, 1, Uint8Array.of(4, 2, 0, 99))))
    let isOn = 0
    let flooding = true
    const answer = (request: Buffer): Uint8Array => {
      if (request[7] === 4) return Uint8Array.of(4, 2, 0, 12)
      if (request[7] === 1) return Uint8Array.of(1, 1, isOn)
      isOn = request[10] === 0xff ? 1 : 0
      return request.subarray(7, 12)
    }
    const port = await raw(
      (chunk, socket) => {
        for (let at = 0; at + 12 <= chunk.length; at += 12) {
          const request = chunk.subarray(at, at + 12)
          socket.write(mbapFrame(request.readUInt16BE(0), request.readUInt8(6), answer(request)))
        }
      },
      (socket) => {
        const pour = (): void => {
          if (!flooding || socket.destroyed) return
          socket.write(flood, () => setImmediate(pour))
        }
        pour()
      }
    )
    apply(port, { ...PATIENT, units, outputs: [{ name: 'siren', unit: 9, table: 'coil', address: 4, confirmWithinMs }] })
    await is('up')
    expect(await turn('siren', true)).toEqual({ stage: 'acknowledged' })
    await newReading()
    await waitFor('the flood is counted', () => (status()?.counters.ignored ?? 0) > 20_000)
    flooding = false
    expect(readings().every(({ device, gases }) => device !== undefined || gases?.[0]?.ppm === 12)).toBe(true)
    expect(status()?.lastError).toBeUndefined()
  })

  it('speaks RTU through a device server, too', async () => {
    const port = await raw((chunk, socket) => {
      expect(chunk).toHaveLength(8)
      for (const byte of rtuFrame(1, Uint8Array.of(4, 2, 0, 12))) socket.write(Uint8Array.of(byte))
    })
    apply(port, { units, framing: 'rtu' })
    await is('up')
    await newReading()
    expect(readings()[0]).toEqual({ tag: 'gas-1', gases: [{ gas: 'co', ppm: 12 }] })
  })
})
