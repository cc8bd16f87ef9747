import { bleAdvertisement } from '../../firmware-protocols/ble-advertisement/ble-advertisement-codec.ts'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { ruuviAdvertisement } from '../../test-support/hci/ble-world.ts'
import { installVirtualRadio } from '../../test-support/hci/install-virtual-radio.ts'
import { bleDriver } from './ble-driver.ts'

const radio = installVirtualRadio()

describeDriverContract('Bluetooth LE adapter', bleDriver, (): Promise<DriverWorld> => {
  radio.clear()
  const adapter = radio.plug(0)
  const silent = radio.plug(1)
  silent.hung = true
  let sequence = 0
  return Promise.resolve({
    codec: bleAdvertisement,
    settings: { adapter: 'hci0' },
    unopenable: { settings: { adapter: 'hci7' }, code: 'BLE_ADAPTER_NOT_FOUND', retriable: true },
    hanging: { settings: { adapter: 'hci1' } },
    produce: () => void adapter.advertise(ruuviAdvertisement('c0ffee010203', ++sequence)),
    breakable: { breakLink: () => radio.pull(0), code: 'LINK_LOST', retriable: true },
    tearDown: () => Promise.resolve(radio.clear())
  })
})
