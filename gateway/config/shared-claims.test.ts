import { describe, expect, it } from 'vitest'
import { installedConfigSchema } from './installed-schema.ts'
import { parseConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'

async function told(...sources: readonly string[]): Promise<readonly string[]> {
  const lines = sources.map((settings, index) => `  s${index + 1}: {${settings}}`)
  const result = await parseConfig(['site: a', 'sources:', ...lines].join('\n'), 'f', { schema: installedConfigSchema(), env: {} })
  return result.ok ? [] : result.problems.map(formatProblem)
}

const serial = (port: string, more = '') => `driver: serial, protocol: nmea0183, port: "${port}"${more}`
const mqtt = (url: string, more = '') => `driver: mqtt, protocol: dwm1001-pans-mqtt, topics: [a], url: "${url}"${more}`
const fixed = ', clientId: hall'

describe('two sources that want the same port', () => {
  it('are refused, with the places of both', async () => {
    expect(await told(serial('/dev/ttyS0'), serial('/dev/ttyS1'), serial('/dev/ttyS0'))).toEqual([
      'f:5:50: sources.s3.port: a port can be used by one source only, and source s1 in line 3 has this one already; name another port, or remove one of the two sources (or set `enabled: false` in it)'
    ])
  })

  it.each([
    ['/dev/ttyS0', '/dev//./ttyS0'],
    ['COM3', 'COM3'],
    ['usb:10C4:EA60:0001', 'usb:10c4:ea60:0001'],
    ['tcp://Server:4001', 'tcp://server:4001/']
  ])('are known by whatever name: %s and %s', async (a, b) => expect(await told(serial(a), serial(b))).toHaveLength(1))

  it.each([
    ['/dev/ttyS0', '/dev/ttyS1'],
    ['/dev/TTYS0', '/dev/ttys0'],
    ['usb:10c4:ea60:0001', 'usb:10c4:ea60:0002'],
    ['tcp://server:4001', 'tcp://server:4002']
  ])('are taken when the ports differ: %s and %s', async (a, b) => expect(await told(serial(a), serial(b))).toEqual([]))

  it('are refused whatever drivers they have', async () => {
    const modbus = (port: string, more = '') =>
      `driver: modbus, port: "${port}", outputs: [{name: siren, unit: 1, table: coil, address: 0}]${more}`
    expect(await told(serial('/dev/ttyS0'), modbus('/dev/ttyS0'))).toHaveLength(1)
    expect(await told(modbus('tcp://server:4001', ', framing: rtu'), serial('tcp://server:4001'))).toHaveLength(1)
    expect(await told(modbus('tcp://device:502'), modbus('tcp://device:502'))).toEqual([])
  })

  it('are taken when only one of them runs', async () => {
    expect(await told(serial('/dev/ttyS0', ', enabled: false'), serial('/dev/ttyS0'))).toEqual([])
  })
})

describe('two sources that want to listen on the same port', () => {
  const udp = (port: number, more = '') => `driver: udp, protocol: nmea0183, port: ${port}${more}`
  const http = (port: number, more = '') => `driver: http, protocol: minew-gateway-json, port: ${port}${more}`

  it('are refused, with the places of both', async () => {
    expect(await told(udp(7667), udp(7667, ', address: 192.0.2.1'))).toEqual([
      'f:4:47: sources.s2.port: a port can be listened to by one source only, and source s1 in line 3 has this one already; have the other system send to another port or group, or remove one of the two sources (or set `enabled: false` in it)'
    ])
    expect(await told(http(8090, ', path: /a'), http(8090, ', path: /b'))).toHaveLength(1)
    expect(await told(http(8090), 'driver: mqtt-broker, protocol: minew-gateway-json, port: 8090')).toHaveLength(1)
  })

  it('are taken when the ports differ, or their kinds', async () => {
    expect(await told(udp(7667), udp(7668), http(7667), http(7668))).toEqual([])
  })

  it('are taken when they listen to groups of their own', async () => {
    const group = (text: string) => udp(7667, `, multicast: {group: ${text}}`)
    expect(await told(group('239.255.76.67'), group('239.255.76.68'))).toEqual([])
    expect(await told(group('239.255.76.67'), group('239.255.76.67'))).toHaveLength(1)
  })
})

describe('two sources that would throw each other out of a broker', () => {
  it('are refused, with the places of both', async () => {
    expect(await told(mqtt('mqtt://broker', fixed), mqtt('mqtt://Broker:1883', fixed))).toEqual([
      'f:4:101: sources.s2.clientId: a broker throws out the one of two connections with the same client id that came first, and source s1 in line 3 has this one already; give each source an id of its own, or remove clientId from both'
    ])
    expect(await told(mqtt('mqtt://broker', fixed), mqtt('wss://broker/mqtt', fixed))).toHaveLength(1)
  })

  it('are taken with ids of their own, at two brokers, or with the ids that we give', async () => {
    expect(await told(mqtt('mqtt://broker', fixed), mqtt('mqtt://broker', ', clientId: yard'))).toEqual([])
    expect(await told(mqtt('mqtt://broker', fixed), mqtt('mqtt://other', fixed))).toEqual([])
    expect(await told(mqtt('mqtt://broker'), mqtt('mqtt://broker'))).toEqual([])
  })
})
