import { formatMac } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { viewOf } from './content-fields.ts'
import { applyAir, applyCo2, applyDust, applyIndices, applyMac, RUUVI_COMPANY_ID } from './ruuvi-fields.ts'

const FORMAT_SHORT = 6
const SHORT_LENGTH = 20
const FORMAT_EXTENDED = 0xe1
const EXTENDED_LENGTH = 40

const NOT_AVAILABLE_U8 = 0xff
const NOT_AVAILABLE_U24 = 0xff_ffff
/** Codes 0 to 254 spread 0 to 65535 lux evenly on a logarithmic scale. */
const LOG_LUX_STEP = Math.log(65_536) / 254

/**
 * Ruuvi Air data format 6 (ruuvi/docs, data-format-6), big-endian:
 *
 *   0    u8   format, 6
 *   1    temperature, humidity and pressure as in data format 5
 *   7    u16  PM2.5, 0.1 µg/m³               FFFF n/a
 *   9    u16  CO2, ppm                       FFFF n/a
 *   11   u8   VOC index, high 8 of 9 bits    511 n/a
 *   12   u8   NOx index, high 8 of 9 bits    511 n/a
 *   13   u8   light, logarithmic code        FF n/a
 *   14        reserved
 *   15   u8   sequence, every value is one
 *   16   u8   flags: bit 0 calibrating, bit 6 lowest of VOC, bit 7 lowest of NOx
 *   17   3    the last three bytes of the MAC
 *
 * Three bytes name no device: the tag is the sender's address.
 */
function readShort(payload: Uint8Array): ContentResult {
  if (payload.length !== SHORT_LENGTH) return refused('FRAME_LENGTH', `${payload.length} bytes, not ${SHORT_LENGTH}`)
  const view = viewOf(payload)
  const extra: Extra = { data_format: FORMAT_SHORT }
  const draft: Draft = { extra, sequence: view.getUint8(15) }
  applyAir(view, draft, extra)
  applyDust('pm2_5_ugm3', view.getUint16(7), extra)
  applyCo2(view.getUint16(9), draft)
  applyIndices(view.getUint8(11), view.getUint8(12), view.getUint8(16), extra)
  const light = view.getUint8(13)
  if (light !== NOT_AVAILABLE_U8) draft.illuminanceLux = Math.round((Math.exp(light * LOG_LUX_STEP) - 1) * 100) / 100
  extra['mac_suffix'] = formatMac(payload.subarray(17, 20))
  return { kind: 'content', reading: draft }
}

const u24 = (view: DataView, at: number): number => view.getUint8(at) * 0x1_0000 + view.getUint16(at + 1)

/**
 * Ruuvi Air data format E1, "extended v1" (ruuvi/docs, data-format-e1), in extended advertising only, big-endian:
 *
 *   0    u8   format, E1
 *   1    temperature, humidity and pressure as in data format 5
 *   7    u16  PM1, PM2.5, PM4, PM10, 0.1 µg/m³  FFFF n/a
 *   15   u16  CO2, ppm                       FFFF n/a
 *   17   u8   VOC index, 18 NOx index, as in data format 6
 *   19   u24  light, 0.01 lux                FFFFFF n/a
 *   22        3 reserved
 *   25   u24  sequence                       FFFFFF n/a
 *   28   u8   flags as in data format 6
 *   29        5 reserved
 *   34   6    MAC, display order             FF…FF n/a
 */
function readExtended(payload: Uint8Array): ContentResult {
  if (payload.length !== EXTENDED_LENGTH) return refused('FRAME_LENGTH', `${payload.length} bytes, not ${EXTENDED_LENGTH}`)
  const view = viewOf(payload)
  const extra: Extra = { data_format: FORMAT_EXTENDED }
  const draft: Draft = { extra }
  applyMac(payload, 34, draft, extra)
  applyAir(view, draft, extra)
  applyDust('pm1_ugm3', view.getUint16(7), extra)
  applyDust('pm2_5_ugm3', view.getUint16(9), extra)
  applyDust('pm4_ugm3', view.getUint16(11), extra)
  applyDust('pm10_ugm3', view.getUint16(13), extra)
  applyCo2(view.getUint16(15), draft)
  applyIndices(view.getUint8(17), view.getUint8(18), view.getUint8(28), extra)
  const light = u24(view, 19)
  if (light !== NOT_AVAILABLE_U24) draft.illuminanceLux = light / 100
  const sequence = u24(view, 25)
  if (sequence !== NOT_AVAILABLE_U24) draft.sequence = sequence
  return { kind: 'content', reading: draft }
}

export const ruuviAirShort: AdvertisementReader = {
  title: 'Ruuvi Air',
  carrier: { companyId: RUUVI_COMPANY_ID },
  read: (payload) => (payload[0] === FORMAT_SHORT ? readShort(payload) : FOREIGN)
}

export const ruuviAirExtended: AdvertisementReader = {
  title: 'Ruuvi Air, extended',
  carrier: { companyId: RUUVI_COMPANY_ID },
  read: (payload) => (payload[0] === FORMAT_EXTENDED ? readExtended(payload) : FOREIGN)
}
