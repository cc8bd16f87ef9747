import { z } from 'zod'
import { written } from '../../firmware-protocols/kit/setting-marks.ts'
import { parsePortName } from '../byte-port/port-name.ts'
import { findProblems } from './settings-problems.ts'
import { addressSchema, intervalSchema, signalSchema, subjectShape, unitSchema } from './signal-settings.ts'

const timeoutSchema = z.int().min(20).max(10_000)
const rawSchema = z.int().min(0).max(65_535)

const deviceSchema = z
  .strictObject({
    unit: unitSchema,
    ...subjectShape,
    intervalS: intervalSchema
      .optional()
      .meta({ title: 'Interval (s)', description: 'Its values are read so often; default: that of the source' }),
    timeoutMs: timeoutSchema.optional().meta({ title: 'Timeout (ms)', description: 'For its answers; default: that of the source' }),
    signals: z.array(signalSchema).min(1).max(2000).meta({ title: 'Signals', description: 'What is read from it' })
  })
  .meta({ title: 'Unit', description: 'One device, by its number' })

const readBackSchema = z
  .strictObject({
    table: z
      .enum(['coil', 'discrete-input', 'holding-register', 'input-register'])
      .meta({ title: 'Table', description: 'Where the state is read' }),
    address: addressSchema,
    bit: z.int().min(0).max(15).optional().meta({ title: 'Bit', description: 'Which bit of a register; without it: the whole register' }),
    on: rawSchema.default(1).meta({ title: 'On', description: 'What is read when it is on' }),
    off: rawSchema.default(0).meta({ title: 'Off', description: 'What is read when it is off' })
  })
  .meta({
    title: 'Read-back',
    description:
      'Where the state of the output is read, such as a feedback contact; default: the same coil or register. false: it cannot be read'
  })

const outputSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[^\s:/]{1,120}$/, 'a name without blanks, colons and slashes')
      .meta({ title: 'Name', description: 'By which it is switched, once in a source', examples: ['siren'] }),
    device: subjectShape.device.meta({
      title: 'Device',
      description: 'Id under which its state is told as DeviceStatus, and as which it is addressed. Default: its name'
    }),
    unit: unitSchema,
    table: z.enum(['coil', 'holding-register']).meta({ title: 'Table', description: 'What is written' }),
    address: addressSchema,
    on: rawSchema.default(1).meta({ title: 'On', description: 'What is written to switch it on; 1 for a coil' }),
    off: rawSchema.default(0).meta({ title: 'Off', description: 'What is written to switch it off; 0 for a coil' }),
    writeAs: z.enum(['single', 'multiple']).default('single').meta({
      title: 'Written as',
      description: 'single: functions 5 and 6; multiple: 15 and 16, for devices that know no other'
    }),
    readBack: z
      .union([z.literal(false), readBackSchema])
      .optional()
      .meta({
        title: 'Read-back',
        description:
          'Where its state is read. Default: what is written is read. false: it cannot be read, and no command to it is ever acknowledged'
      }),
    confirmWithinMs: z.int().min(10).max(60_000).default(500).meta({
      title: 'Confirmed within (ms)',
      description: 'After the write the state must be read so soon, or the command has failed: longer than the relay and its contact take'
    })
  })
  .meta({ title: 'Output', description: 'Something that can be switched: a siren, a beacon' })

export const modbusSettingsSchema = z
  .strictObject({
    port: z
      .string()
      .refine((text) => parsePortName(text) !== undefined, {
        message: 'is not the name of a port',
        params: { remedy: 'write tcp://host:port (502 is usual), or a serial port as /dev/serial/by-id/… or usb:VVVV:PPPP' }
      })
      .meta({
        ...written('tcp://host:port or the name of a serial port'),
        title: 'Port',
        description: 'tcp://host:port, or a serial port by a name that stays, as of the serial driver',
        examples: ['tcp://192.0.2.40:502', '/dev/serial/by-id/usb-FTDI_USB-RS485_FT1234-if00-port0', 'usb:0403:6001:FT1234']
      }),
    framing: z.enum(['tcp', 'rtu']).optional().meta({
      title: 'Framing',
      description: 'Default: tcp over TCP, rtu on a serial port. rtu over TCP is for serial device servers in raw TCP mode'
    }),
    baudRate: z.int().min(50).max(4_000_000).default(19_200).meta({ title: 'Baud rate', description: 'Of a serial line' }),
    parity: z.enum(['none', 'even', 'odd']).default('even').meta({
      title: 'Parity',
      description: 'The protocol wants even; many devices come with none'
    }),
    stopBits: z.literal([1, 2]).default(1).meta({ title: 'Stop bits', description: 'Stop bits after a character' }),
    timeoutMs: timeoutSchema
      .default(500)
      .meta({ title: 'Timeout (ms)', description: 'A request that is not answered so soon is given up' }),
    intervalS: intervalSchema.default(1).meta({ title: 'Interval (s)', description: 'Values are read so often' }),
    maxRegisters: z
      .int()
      .min(1)
      .max(125)
      .default(125)
      .meta({ title: 'Most registers', description: 'In one request, for devices that allow fewer than the protocol' }),
    maxBits: z.int().min(1).max(2000).default(2000).meta({ title: 'Most bits', description: 'Coils or discrete inputs in one request' }),
    bridgeRegisters: z.int().min(0).max(124).default(8).meta({
      title: 'Bridged registers',
      description: 'So many registers between two wanted ones are read along, to save a request. A device that refuses it is asked without'
    }),
    bridgeBits: z.int().min(0).max(1999).default(64).meta({ title: 'Bridged bits', description: 'The same for coils and discrete inputs' }),
    overlap: z.boolean().default(true).meta({
      title: 'Overlap',
      description:
        'Over TCP, a switching command does not wait for the answer to a read. false: for devices that take one request at a time'
    }),
    units: z.array(deviceSchema).max(256).default([]).meta({ title: 'Units', description: 'The devices that are read, and what of them' }),
    outputs: z.array(outputSchema).max(1000).default([]).meta({ title: 'Outputs', description: 'What can be switched: sirens, beacons' })
  })
  .superRefine((settings, issues) => {
    findProblems(settings, (path, message, remedy) => issues.addIssue({ code: 'custom', path: [...path], message, params: { remedy } }))
  })

export type ModbusSettings = z.output<typeof modbusSettingsSchema>
export type OutputSettings = z.output<typeof outputSchema>
