import { mps2FromG } from '../kit/gravity.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { viewOf } from './content-fields.ts'
import { applyAir, applyMac, applyMovementCount, applyPower, RUUVI_COMPANY_ID } from './ruuvi-fields.ts'

const FORMAT_RAW_V2 = 5
export const RAW_V2_LENGTH = 24

const NOT_AVAILABLE_I16 = -0x8000
const NOT_AVAILABLE_U16 = 0xffff

const metresPerSecond2 = (milliG: number): number | null => (milliG === NOT_AVAILABLE_I16 ? null : mps2FromG(milliG / 1000))

/**
 * RuuviTag data format 5, "RAWv2" (ruuvi/docs, data-format-5-rawv2), all big-endian:
 *
 *   0     u8   format, 5
 *   1     i16  temperature, 0.005 °C          8000 n/a
 *   3     u16  humidity, 0.0025 %             FFFF n/a
 *   5     u16  pressure, Pa - 50 000          FFFF n/a
 *   7     i16  acceleration x, y, z, mg       8000 n/a
 *   13    u11  battery, mV - 1600             2047 n/a
 *         u5   tx power, (dBm + 40) / 2       31 n/a
 *   15    u8   movement counter               255 n/a
 *   16    u16  measurement sequence           65535 n/a
 *   18    6    MAC, display order             FF…FF n/a
 */
function readRawV2(payload: Uint8Array): ContentResult {
  if (payload.length !== RAW_V2_LENGTH) return refused('FRAME_LENGTH', `${payload.length} bytes, not ${RAW_V2_LENGTH}`)
  const view = viewOf(payload)
  const extra: Extra = { data_format: FORMAT_RAW_V2 }
  const draft: Draft = { extra }
  applyMac(payload, 18, draft, extra)
  applyAir(view, draft, extra)
  const x = metresPerSecond2(view.getInt16(7))
  const y = metresPerSecond2(view.getInt16(9))
  const z = metresPerSecond2(view.getInt16(11))
  if (x !== null || y !== null || z !== null) draft.accelMps2 = [x, y, z]
  applyMovementCount(view.getUint8(15), draft)
  applyPower(view.getUint16(13), draft)
  const sequence = view.getUint16(16)
  if (sequence !== NOT_AVAILABLE_U16) draft.sequence = sequence
  return { kind: 'content', reading: draft }
}

/** Ruuvi's other data formats share the company id; the first byte tells them apart. */
export const ruuviRawV2: AdvertisementReader = {
  title: 'RuuviTag RAWv2',
  carrier: { companyId: RUUVI_COMPANY_ID },
  read: (payload) => (payload[0] === FORMAT_RAW_V2 ? readRawV2(payload) : FOREIGN)
}
