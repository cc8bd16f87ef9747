import { parsePortName, portClaim } from '../byte-port/port-name.ts'
import type { Driver } from '../driver.ts'
import { ModbusRun } from './modbus-run.ts'
import { type ModbusSettings, modbusSettingsSchema } from './settings.ts'
import { framingOf } from './settings-problems.ts'

/** Gas detectors, equipment, sirens and beacons by Modbus. See docs/drivers/modbus.md. */
export const modbusDriver: Driver<ModbusSettings> = {
  kind: 'modbus',
  title: 'Modbus, TCP and RTU',
  carries: [],
  settings: modbusSettingsSchema,
  exclusiveClaims: (settings) =>
    // A Modbus TCP device may well take several connections; a line has one master.
    framingOf(settings) === 'tcp' || parsePortName(settings.port) === undefined
      ? []
      : [portClaim(settings.port, 'put all units of the line into one source, or name another port')],
  createRun: (settings, _codec, context) => new ModbusRun(settings, context)
}
