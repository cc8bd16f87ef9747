import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { serialDriver } from '../serial/serial-driver.ts'
import { serialSettingsSchema } from '../serial/settings.ts'
import { modbusDriver } from './driver.ts'
import { modbusSettingsSchema } from './settings.ts'
import { pointsOf, readingsOf } from './signal-readings.ts'

const CO = { name: 'co', table: 'input-register', address: 0, means: 'gas', gas: 'co', unit: 'ppm' }
const SIREN = { name: 'siren', unit: 2, table: 'coil', address: 0 }
const TCP = 'tcp://192.0.2.40:502'

function problems(settings: object): string[] {
  const result = modbusSettingsSchema.safeParse({ port: TCP, ...settings })
  return result.success ? [] : result.error.issues.map((issue: z.core.$ZodIssue) => `${issue.path.join('.')} ${issue.message}`)
}
const signal = (fields: object, own: object = { tag: 'gas-1' }) =>
  problems({ units: [{ unit: 1, ...own, signals: [{ ...CO, ...fields }] }] })
const state = (fields: object, own: object = { tag: 'gas-1' }) =>
  problems({ units: [{ unit: 1, ...own, signals: [{ name: 'a', table: 'coil', address: 0, means: 'alarm', ...fields }] }] })
const output = (fields: object) => problems({ outputs: [{ ...SIREN, ...fields }] })

describe('settings that make no sense are refused, with the place', () => {
  it.each<[string, string[], string]>([
    ['nothing to do', problems({}), 'units is empty'],
    ['Modbus TCP on a serial port', problems({ port: '/dev/ttyS0', framing: 'tcp', outputs: [SIREN] }), 'framing cannot be tcp'],
    [
      'a unit number for converters on a line',
      problems({ port: '/dev/ttyS0', outputs: [{ ...SIREN, unit: 0 }] }),
      'outputs.0.unit is no number'
    ],
    [
      'one unit in two entries',
      problems({ units: [1, 1].map((unit, at) => ({ unit, tag: `t${at}`, signals: [CO] })) }),
      'units.1.unit stands twice'
    ],
    ['nobody whose value it is', signal({}, {}), 'units.0.signals.0.tag is missing'],
    ['a tag that is a device', signal({}, { tag: 'a', device: 'b' }), 'device cannot go with tag'],
    [
      'one name for two values',
      problems({ units: [{ unit: 1, tag: 'a', signals: [CO, { ...CO, address: 1 }] }] }),
      'units.0.signals.1.name stands twice'
    ],
    ['a tag that is switched on', state({ means: 'running' }), 'running is told of equipment'],
    ['a number in a coil', signal({ table: 'coil', type: 'int16' }), 'type cannot be int16'],
    ['a bit of a coil', state({ bit: 3 }), 'bit has no meaning'],
    ['a bit of a register without its number', state({ table: 'holding-register', type: 'bit' }), 'bit is missing'],
    ['a bit of a number', signal({ bit: 3 }), 'bit cannot go with type uint16'],
    ['a text without a length', signal({ means: 'value', gas: undefined, unit: undefined, type: 'string' }), 'length is missing'],
    ['a length of a number', signal({ length: 3 }), 'length cannot go'],
    ['a value beyond the last register', signal({ address: 65_535, type: 'uint32' }), 'address reaches beyond'],
    [
      'a value longer than a request',
      problems({ maxRegisters: 1, units: [{ unit: 1, tag: 'a', signals: [{ ...CO, type: 'int32' }] }] }),
      'takes 2 registers'
    ],
    ['a gas without its name', signal({ gas: undefined }), 'gas is missing'],
    ['a gas without a unit', signal({ unit: undefined }), 'unit is missing'],
    ['a gas in degrees', signal({ unit: 'C' }), 'unit is none of gas'],
    ['an alarm that is a temperature', signal({ alarm: 'gas' }), 'alarm cannot go with'],
    ['an inverted temperature', signal({ inverted: true }), 'inverted has no effect'],
    ['a scaled bit', state({ scale: 2 }), 'scale and offset and invalid have no effect'],
    ['values of a bit that count', state({ on: [1] }), 'on has no meaning for a bit'],
    ['a fraction for a state', state({ table: 'input-register', type: 'float32' }), 'type cannot be float32'],
    ['on that is off', output({ on: 0 }), 'outputs.0.on is the same as off'],
    ['a coil that is 2', output({ on: 2 }), 'outputs.0.on and off of a bit'],
    ['an output named twice', problems({ outputs: [SIREN, SIREN] }), 'outputs.1.name stands twice'],
    [
      'a read-back of a bit that is 7',
      output({ readBack: { table: 'input-register', address: 0, bit: 3, on: 7 } }),
      'outputs.0.readBack.on and off of a bit'
    ]
  ])('%s', (_, found, expected) => {
    expect(found.join('\n')).toContain(expected)
  })

  it('and those that do are taken', () => {
    expect(signal({ type: 'float64', invalid: [-1], scale: 2 })).toEqual([])
    expect(state({ table: 'input-register', on: [2, 3], alarm: 'tamper' })).toEqual([])
    expect(state({ means: 'running', table: 'holding-register', type: 'bit', bit: 15, inverted: true }, { device: 'fan' })).toEqual([])
    expect(output({ table: 'holding-register', on: 0x55aa, readBack: { table: 'input-register', address: 7, bit: 0 } })).toEqual([])
    expect(output({ readBack: false })).toEqual([])
  })
})

it('a line belongs to one source, whatever speaks on it; a device that speaks Modbus TCP may have several', () => {
  const claims = (settings: object) => modbusDriver.exclusiveClaims?.(modbusSettingsSchema.parse({ outputs: [SIREN], ...settings }))
  const serial = (port: string) => serialDriver.exclusiveClaims?.(serialSettingsSchema.parse({ port }))?.map(({ resource }) => resource)
  for (const port of ['/dev/ttyS1', 'usb:0403:6001:FT1']) expect(claims({ port })?.map(({ resource }) => resource)).toEqual(serial(port))
  expect(claims({ port: TCP, framing: 'rtu' })?.map(({ resource }) => resource)).toEqual(serial(TCP))
  expect(claims({ port: TCP })).toEqual([])
})

describe('what values mean', () => {
  const read = (data: number[], signals: readonly object[], own: object = { tag: 'x' }) => {
    const settings = modbusSettingsSchema.parse({ port: TCP, units: [{ unit: 1, ...own, signals }] })
    const points = pointsOf(settings)
    const [{ table, unit } = { table: 'coil' as const, unit: 1 }] = points
    return readingsOf({ unit, table, intervalMs: 1000, start: 0, count: data.length, points }, Uint8Array.from(data))
  }
  const register = (name: string, address: number, fields: object) => ({ name, table: 'input-register', address, ...fields })

  it('is told in SI units', () => {
    const signals = [
      register('a', 0, { means: 'temperature', unit: 'F', scale: 0.1 }),
      register('b', 1, { means: 'pressure', unit: 'hPa' }),
      register('c', 2, { means: 'battery', unit: 'mV' }),
      register('d', 3, { means: 'battery', unit: '%' }),
      register('e', 4, { means: 'humidity', unit: '%' }),
      register('f', 5, { means: 'gas', gas: 'no2', unit: 'ppb' }),
      register('g', 6, { means: 'gas', gas: 'ex', unit: 'lel%' }),
      register('h', 7, { means: 'value', type: 'int16' })
    ]
    expect(read([2, 240, 3, 245, 14, 16, 0, 88, 0, 41, 5, 220, 0, 7, 255, 254], signals)).toEqual([
      {
        tag: 'x',
        temperatureDegC: 24,
        pressurePa: 101_300,
        batteryV: 3.6,
        batteryPct: 88,
        humidityPct: 41,
        gases: [
          { gas: 'no2', ppm: 1.5 },
          { gas: 'ex', lelPct: 7 }
        ],
        extra: { h: -2 }
      }
    ])
    expect(read([1, 0x2c], [register('k', 0, { means: 'temperature', unit: 'K' })])).toEqual([{ tag: 'x', temperatureDegC: 26.85 }])
  })

  it('is an alarm under its own name, also where a number or an opened contact says it', () => {
    const signals = [
      register('level', 0, { means: 'alarm', on: [2, 3] }),
      register('loop', 1, { means: 'fault', type: 'bit', bit: 0, inverted: true }),
      register('lid', 1, { means: 'alarm', alarm: 'tamper', type: 'bit', bit: 1 })
    ]
    expect(read([0, 3, 0, 0], signals)).toEqual([
      {
        tag: 'x',
        signals: [
          { kind: 'gas', slot: 'level', form: 'level', on: true },
          { kind: 'fault', slot: 'loop', form: 'level', on: true },
          { kind: 'tamper', slot: 'lid', form: 'level', on: false }
        ]
      }
    ])
    expect(read([0, 1, 0, 1], signals)[0]?.signals?.map((signal) => signal.form === 'level' && signal.on)).toEqual([false, false, false])
  })

  it('is a state of a device, whose alarms go out as of a tag, since a device raises none', () => {
    const signals = [
      register('co', 0, { means: 'gas', gas: 'co', unit: 'ppm' }),
      register('on', 1, { means: 'running' }),
      register('high', 2, { means: 'alarm' })
    ]
    expect(read([0, 9, 0, 0, 0, 1], signals, { device: 'panel' })).toEqual([
      { device: 'panel', online: true, gases: [{ gas: 'co', ppm: 9 }], running: false },
      { tag: 'panel', gases: [{ gas: 'co', ppm: 9 }], signals: [{ kind: 'gas', slot: 'high', form: 'level', on: true }] }
    ])
  })

  it('is nothing at all of a detector that is missing behind a controller which answers', () => {
    const signals = [
      { ...register('co', 0, { means: 'gas', gas: 'co', unit: 'ppm', invalid: [0xffff] }), tag: 'near' },
      { ...register('co', 1, { means: 'gas', gas: 'co', unit: 'ppm', invalid: [0xffff] }), tag: 'far' }
    ]
    expect(read([0, 4, 0xff, 0xff], signals, {})).toEqual([{ tag: 'near', gases: [{ gas: 'co', ppm: 4 }] }])
  })
})
