import { z } from 'zod'
import { shortIdSchema } from '../short-id.ts'
import { VALUE_TYPES } from './register-values.ts'

/** Numeric meanings, and the units in which a device may measure each. */
export const MEASURED_IN = {
  gas: ['ppm', 'ppb', 'mg/m3', 'vol%', 'lel%'],
  temperature: ['C', 'F', 'K'],
  humidity: ['%'],
  pressure: ['Pa', 'hPa', 'kPa', 'bar'],
  battery: ['%', 'V', 'mV']
} as const satisfies Record<string, readonly string[]>

/** Meanings that are true or false. */
export const STATES = ['alarm', 'fault', 'running', 'online'] as const

export const ALARMS = ['sos', 'fall', 'impact', 'motionless', 'helmet-off', 'gas', 'tamper', 'low-battery', 'button'] as const

export const unitSchema = z
  .int()
  .min(0)
  .max(255)
  .meta({
    title: 'Unit',
    description: 'Number of the device on its line, 1 to 247. Over TCP: what the device or converter wants, often 1, 0 or 255',
    examples: [1]
  })

export const addressSchema = z.int().min(0).max(65_535).meta({
  title: 'Address',
  description: 'As on the wire, from 0: what data sheets call 40001, 30001 or 10001 is 0'
})

const shortId = (title: string, description: string) => shortIdSchema.optional().meta({ title, description })

export const subjectShape = {
  tag: shortId('Tag', 'Whose the values are: a tag, or a fixed detector. They become TagInfo and TagAlert'),
  device: shortId(
    'Device',
    'In place of tag, for equipment: the values become DeviceStatus; its alarms are TagAlerts under the same id all the same'
  )
}

export const intervalSchema = z.number().min(0.05).max(86_400)

const rawList = (title: string, description: string) => z.array(z.number()).min(1).max(32).optional().meta({ title, description })

export const signalSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,63}$/, 'lower-case letters, digits and underscores')
      .meta({
        title: 'Name',
        description: 'Names the value in messages; the key of a plain value, and what tells several alarms of a kind apart',
        examples: ['co', 'alarm_2', 'fan_speed_rpm']
      }),
    ...subjectShape,
    table: z.enum(['coil', 'discrete-input', 'holding-register', 'input-register']).meta({
      title: 'Table',
      description: 'coil and discrete-input hold bits; holding-register and input-register hold 16 bits each'
    }),
    address: addressSchema,
    type: z.enum(VALUE_TYPES).optional().meta({
      title: 'Type',
      description: 'How the value lies in its registers. Default: bit for coils and discrete inputs, uint16 for registers'
    }),
    bit: z.int().min(0).max(15).optional().meta({ title: 'Bit', description: 'Which bit of a register, for type bit; 0 is the lowest' }),
    length: z.int().min(1).max(125).optional().meta({ title: 'Length', description: 'Registers of a text, two characters each' }),
    wordOrder: z
      .enum(['big', 'little'])
      .default('big')
      .meta({ title: 'Word order', description: 'For values of several registers. big: the high half comes first' }),
    byteOrder: z
      .enum(['big', 'little'])
      .default('big')
      .meta({ title: 'Byte order', description: 'Within a register. big is what the protocol says; some devices swap' }),
    scale: z
      .number()
      .default(1)
      .meta({ title: 'Scale', description: 'What the raw value is multiplied with', examples: [0.1] }),
    offset: z.number().default(0).meta({ title: 'Offset', description: 'What is added after that' }),
    invalid: z
      .array(z.number())
      .max(32)
      .default([])
      .meta({
        title: 'Invalid values',
        description: 'Raw values by which the device says that it has none; they are left out, never taken for a measurement',
        examples: [[0x7fff, 0x8000]]
      }),
    means: z.enum(['gas', 'temperature', 'humidity', 'pressure', 'battery', ...STATES, 'value']).meta({
      title: 'Meaning',
      description:
        'What the value is. alarm and fault raise and end a TagAlert; running (equipment is on) and online go into DeviceStatus; value: anything else, under its name'
    }),
    unit: z.string().max(20).optional().meta({
      title: 'Unit of measurement',
      description: 'gas: ppm, ppb, mg/m3, vol%, lel%; temperature: C, F, K; humidity: %; pressure: Pa, hPa, kPa, bar; battery: %, V, mV'
    }),
    gas: z
      .string()
      .regex(/^[a-z][a-z0-9]{0,15}$/, 'a lower-case formula')
      .optional()
      .meta({
        title: 'Gas',
        description: 'Which gas, by formula: co, h2s, o2, ch4, co2; ex for combustibles as a whole',
        examples: ['co']
      }),
    alarm: z.enum(ALARMS).optional().meta({ title: 'Alarm', description: 'What kind of alarm. Default: gas' }),
    on: rawList('On values', 'Raw values that count as true, for alarms and states in a number. Default: any but 0'),
    inverted: z
      .boolean()
      .default(false)
      .meta({ title: 'Inverted', description: 'True is false: a contact that opens when something is wrong' }),
    intervalS: intervalSchema.optional().meta({ title: 'Interval (s)', description: 'Read so often; default: that of the unit' })
  })
  .meta({ title: 'Signal', description: 'One value: where it lies, how to read it, and what it means' })

export type SignalSettings = z.output<typeof signalSchema>
