import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { createBleDriver } from './ble-driver.ts'
import { bleSettingsSchema } from './settings.ts'

it('loads nothing of noble until a source starts', () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('@abandonware'))
  expect(loaded).toEqual([])
})

it('needs nothing said for the usual adapter', () => {
  expect(bleSettingsSchema.parse({})).toEqual({
    adapter: 'hci0',
    scan: 'active',
    intervalMs: 60,
    windowMs: 60,
    extended: false,
    channel: 'shared',
    straps: [],
    silenceLimitS: 60
  })
})

it.each([
  [{ adapter: 'usb0' }, 'adapter'],
  [{ adapter: '00:1a:7d:da:71:13', channel: 'exclusive' }, 'adapter'],
  [{ scan: 'both' }, 'scan'],
  [{ intervalMs: 50, windowMs: 60 }, 'windowMs'],
  [{ filter: { companies: ['ruuvi'] } }, 'filter.companies.0'],
  [{ filter: { services: ['fea'] } }, 'filter.services.0'],
  [{ filter: { addresses: ['ac:2'] } }, 'filter.addresses.0'],
  [{ channel: 'exclusive', straps: [{ address: 'c0ffee0102' }] }, 'straps.0.address'],
  [{ channel: 'exclusive', straps: [{ address: 'c0:ff:ee:01:02:03' }, { address: 'C0FFEE010203' }] }, 'straps.1.address'],
  [{ straps: [{ address: 'c0:ff:ee:01:02:03' }] }, 'straps']
])('refuses %j', (settings, path) => {
  const result = bleSettingsSchema.safeParse(settings)
  expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path])
})

it('claims an adapter, however it is written', () => {
  const claims = (adapter: string) =>
    createBleDriver()
      .exclusiveClaims?.(bleSettingsSchema.parse({ adapter }))
      .map(({ resource }) => resource)
  expect(claims('HCI1')).toEqual(['ble-adapter hci1'])
  expect(claims('00:1A:7D:DA:71:13')).toEqual(['ble-adapter 001a7dda7113'])
})
