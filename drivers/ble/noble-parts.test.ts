import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { createBleSources } from '../../test-support/hci/ble-source.ts'

it('says that there is no Bluetooth where noble cannot be loaded, and tries again', async () => {
  const { cache, resolve } = createRequire(import.meta.url)
  const id = resolve('@abandonware/noble/lib/hci-socket/hci')
  const unloadable = {
    id,
    filename: id,
    loaded: true,
    children: [],
    paths: [],
    get exports(): never {
      throw new Error('Cannot find module bluetooth_hci_socket.node')
    }
  }
  Object.assign(cache, { [id]: unloadable })
  const sources = createBleSources()
  await sources.apply({ yard: {} })
  expect(sources.status()).toMatchObject({ health: 'down', lastError: { code: 'BLE_UNAVAILABLE', retriable: true } })
  expect(sources.status().lastError?.message).toContain('bluetooth_hci_socket.node')
  expect(sources.status().nextAttemptInMs).toBeGreaterThan(0)
  await sources.close()
})
