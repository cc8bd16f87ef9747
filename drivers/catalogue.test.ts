import { expect, it } from 'vitest'
import { z } from 'zod'
import { transportsOf } from '../firmware-protocols/codec.ts'
import { CODECS } from '../firmware-protocols/registry.ts'
import { DRIVERS } from './catalogue.ts'

it('lists each driver once, by a short name', () => {
  const kinds = DRIVERS.map(({ kind }) => kind)
  expect(new Set(kinds).size).toBe(kinds.length)
  expect(kinds).toEqual(expect.arrayContaining(['mqtt', 'serial', 'simulator']))
  for (const kind of kinds) expect(kind).toMatch(/^[a-z][a-z0-9-]*$/)
})

it.each(DRIVERS)('$kind: settings are a strict zod object with a description for every field', ({ settings }) => {
  expect(settings).toBeInstanceOf(z.ZodObject)
  if (!(settings instanceof z.ZodObject)) return
  const schema = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' })
  expect(schema.additionalProperties).toBe(false)
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (typeof field === 'boolean') throw new Error(`${name} has no schema`)
    expect(field.description, `${name}: description`).toBeTruthy()
  }
})

it.each(DRIVERS)('$kind: what the schema gave is taken again unchanged, as when a configuration is applied', ({ kind, settings }) => {
  const samples: Record<string, unknown> = {
    http: { port: 8090 },
    'http-poll': { url: 'http://192.0.2.9/tags' },
    modbus: {
      port: 'tcp://192.0.2.40:502',
      units: [
        { unit: 1, tag: 'gas-1', signals: [{ name: 'co', table: 'input-register', address: 0, means: 'gas', gas: 'co', unit: 'ppm' }] }
      ],
      outputs: [{ name: 'siren', unit: 2, table: 'coil', address: 0, readBack: { table: 'discrete-input', address: 0 } }]
    },
    mqtt: { url: 'mqtt://192.0.2.7', topics: ['dwm/#'] },
    'mqtt-broker': { users: [{ name: 'gw', password: 'of-the-site', topics: ['/gw/#'] }] },
    serial: { port: 'usb:10c4:ea60', onOpen: { send: ['\\r\\r', 'lec\\r'] }, poll: { intervalS: 1, ask: ['loc_get'] } },
    ble: { straps: [{ address: 'c0:ff:ee:01:02:03' }], channel: 'exclusive' },
    recording: { file: 'hall1.tagrec' },
    simulator: {},
    websocket: { url: 'ws://192.0.2.9', apiKey: 'k', subscribe: { omlox: [{ topic: 'location_updates' }] } },
    udp: { port: 7667, multicast: { group: '239.255.76.67' } }
  }
  const once = settings.parse(samples[kind])
  expect(settings.parse(once)).toEqual(once)
})

it.each(DRIVERS)(
  '$kind: no setting has the name of a protocol that it carries, under which the settings of that stand',
  ({ carries, settings }) => {
    if (!(settings instanceof z.ZodObject)) return
    const carried = CODECS.filter((codec) => transportsOf(codec).some((transport) => carries.includes(transport)))
    expect(carried.map(({ protocol }) => protocol).filter((protocol) => protocol in settings.shape)).toEqual([])
  }
)
