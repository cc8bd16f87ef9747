import { encodeRuuviRawV2 } from '../../firmware-protocols/ble-advertisement/encode-ruuvi.ts'
import { AD_MANUFACTURER_DATA, encodeAdStructures } from '../../firmware-protocols/kit/ad-structures.ts'
import { ADV_NONCONN_IND, type VirtualAdvertisement } from './virtual-controller.ts'
import { VirtualStrap } from './virtual-strap.ts'

const RUUVI_COMPANY = [0x99, 0x04]

/** A RuuviTag's advertisement, told apart from others by address and sequence. */
export function ruuviAdvertisement(address: string, sequence: number): VirtualAdvertisement {
  const content = encodeRuuviRawV2({ tag: address, sequence: sequence % 65_535, temperatureDegC: 20 })
  const data = encodeAdStructures([
    { type: 0x01, data: Uint8Array.of(6) },
    { type: AD_MANUFACTURER_DATA, data: Uint8Array.from([...RUUVI_COMPANY, ...content]) }
  ])
  return { type: ADV_NONCONN_IND, address, data, rssi: -67 }
}

export const HEART_RATE = 0x2a37
export const BATTERY_LEVEL = 0x2a19

/** A chest strap: heart rate by notification, battery to be read, and services around them that nobody asked for. */
export function heartRateStrap(address: string, random = true): VirtualStrap {
  const services = [
    { uuid: 0x1800, characteristics: [{ uuid: 0x2a00, properties: 0x02, value: new TextEncoder().encode('Strap') }] },
    {
      uuid: 0x180d,
      characteristics: [
        { uuid: HEART_RATE, properties: 0x10 },
        { uuid: 0x2a38, properties: 0x02, value: Uint8Array.of(1) }
      ]
    },
    { uuid: 0x180f, characteristics: [{ uuid: BATTERY_LEVEL, properties: 0x02, value: Uint8Array.of(88) }] },
    { uuid: 0x180a, characteristics: [{ uuid: 0x2a29, properties: 0x02, value: new TextEncoder().encode('Maker') }] }
  ]
  return new VirtualStrap(address, services, random)
}
