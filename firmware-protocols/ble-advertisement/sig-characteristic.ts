import { quantityReaders } from '../gatt/environmental-sensing.ts'
import { readHeartRate } from '../gatt/heart-rate.ts'
import { type AdvertisementReader, FOREIGN } from './advertisement-reader.ts'
import { viewOf } from './content-fields.ts'

const READERS = new Map([...quantityReaders('kg/m3'), ['2a37', readHeartRate] as const])
/** Battery Service: its level, without naming the characteristic. */
const BATTERY_SERVICE = 0x180f
const BATTERY_LEVEL = '2a19'

const uuidOf = (id: number): string => (id === BATTERY_SERVICE ? BATTERY_LEVEL : id.toString(16).padStart(4, '0'))

/**
 * Values of Bluetooth SIG characteristics as service data under the id of the characteristic, as several makes advertise them.
 * A value that does not fit the characteristic is another make's use of the id.
 */
export const sigCharacteristic: AdvertisementReader = {
  title: 'Bluetooth characteristic',
  carrier: { anyService: true },
  read(payload, { carrierId }) {
    const result = READERS.get(uuidOf(carrierId))?.(viewOf(payload))
    return result?.kind === 'content' ? result : FOREIGN
  }
}
