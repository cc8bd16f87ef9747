import { type CaseStep, type CaseWorld, describeDriverCases } from '../../test-support/driver-cases.ts'
import { createModbusMemory, type ModbusMemory, startModbusTcp } from '../../test-support/modbus-site.ts'
import { modbusDriver } from './driver.ts'
import type { Table } from './read-plan.ts'

interface Cells {
  readonly unit: number
  readonly table: Table
  readonly address: number
  readonly values: readonly number[]
}

/** `memory`: what the devices hold; `silent`: a unit that does not answer. All of it is so from the beginning. */
function prepare(memory: ModbusMemory, step: CaseStep): void {
  for (const { address, table, unit, values } of (step['memory'] ?? []) as readonly Cells[]) memory.set(unit, table, address, ...values)
  if (typeof step['silent'] === 'number') memory.silent.add(step['silent'])
}

describeDriverCases('modbus', modbusDriver, async (steps): Promise<CaseWorld> => {
  const memory = createModbusMemory()
  for (const step of steps) prepare(memory, step)
  const server = await startModbusTcp(memory)
  return {
    settings: { port: `tcp://127.0.0.1:${server.port}` },
    play: () => Promise.resolve(undefined),
    tearDown: () => server.close()
  }
})
