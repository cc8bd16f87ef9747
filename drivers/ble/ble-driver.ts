import { type Codec, transportsOf } from '../../firmware-protocols/codec.ts'
import { findCodec } from '../../firmware-protocols/registry.ts'
import { type Driver, DriverError } from '../driver.ts'
import { BleRun, protocolMissing } from './ble-run.ts'
import { loadNoble, type NobleParts } from './noble-parts.ts'
import { type BleSettings, bleSettingsSchema, normalAddress } from './settings.ts'

export interface BleDriverOptions {
  readonly findCodec?: (protocol: string) => Codec | undefined
  readonly loadNoble?: () => NobleParts
}

/** Protocol of what straps notify. */
const STRAP_PROTOCOL = 'gatt'

/** Bluetooth LE by an adapter of this machine: advertisements, and straps that are connected to. See docs/drivers/ble.md. */
export function createBleDriver(options: BleDriverOptions = {}): Driver<BleSettings> {
  const find = options.findCodec ?? findCodec
  return {
    kind: 'ble',
    title: 'Bluetooth LE adapter',
    carries: ['ble', 'gatt'],
    settings: bleSettingsSchema,
    exclusiveClaims: ({ adapter }) => [
      {
        setting: 'adapter',
        resource: `ble-adapter ${/^hci/i.test(adapter) ? adapter.toLowerCase() : normalAddress(adapter)}`,
        why: 'an adapter can be told how to scan by one source only',
        remedy: 'name another adapter, or remove one of the two sources (or set `enabled: false` in it)'
      }
    ],
    createRun(settings, codec, context) {
      if (codec === undefined) throw protocolMissing()
      const transports = transportsOf(codec)
      return new BleRun({
        settings,
        advertisementCodec: transports.includes('ble') ? codec : undefined,
        gattCodec: settings.straps.length === 0 ? undefined : strapCodec(codec, find),
        context,
        loadNoble: options.loadNoble ?? loadNoble
      })
    }
  }
}

/** The source's own protocol if it is one of characteristics, else the usual one. */
function strapCodec(codec: Codec, find: (protocol: string) => Codec | undefined): Codec {
  const strap = transportsOf(codec).includes('gatt') ? codec : find(STRAP_PROTOCOL)
  if (strap === undefined)
    throw new DriverError('PROTOCOL_UNKNOWN', `there is no protocol "${STRAP_PROTOCOL}" for straps`, { retriable: false })
  return strap
}

export const bleDriver = createBleDriver()
