import { mps2FromG } from '../kit/gravity.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setHumidity, viewOf } from './content-fields.ts'
import { RUUVI_COMPANY_ID } from './ruuvi-fields.ts'

const FORMAT_RAW_V1 = 3
const LENGTH = 14

/**
 * RuuviTag data format 3, "RAWv1" (ruuvi/docs, data-format-3-rawv1), all big-endian:
 *
 *   0    u8   format, 3
 *   1    u8   humidity, 0.5 %
 *   2    u8   temperature, whole °C in the low 7 bits; the highest bit is its sign
 *   3    u8   temperature, hundredths
 *   4    u16  pressure, Pa - 50 000
 *   6    i16  acceleration x, y, z, mg
 *   12   u16  battery, mV
 */
function readRawV1(payload: Uint8Array): ContentResult {
  if (payload.length !== LENGTH) return refused('FRAME_LENGTH', `${payload.length} bytes, not ${LENGTH}`)
  const view = viewOf(payload)
  const draft: Draft = { extra: { data_format: FORMAT_RAW_V1 } }
  const hundredths = view.getUint8(3)
  if (hundredths < 100) {
    const whole = view.getUint8(2)
    const magnitude = ((whole & 0x7f) * 100 + hundredths) / 100
    draft.temperatureDegC = whole < 0x80 || magnitude === 0 ? magnitude : -magnitude
  }
  setHumidity(draft, view.getUint8(1) / 2)
  draft.pressurePa = view.getUint16(4) + 50_000
  draft.accelMps2 = [mps2FromG(view.getInt16(6) / 1000), mps2FromG(view.getInt16(8) / 1000), mps2FromG(view.getInt16(10) / 1000)]
  draft.batteryV = view.getUint16(12) / 1000
  return { kind: 'content', reading: draft }
}

export const ruuviRawV1: AdvertisementReader = {
  title: 'RuuviTag RAWv1',
  carrier: { companyId: RUUVI_COMPANY_ID },
  read: (payload) => (payload[0] === FORMAT_RAW_V1 ? readRawV1(payload) : FOREIGN)
}
