import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { viewOf } from './content-fields.ts'
import { applyAir, applyMac, applyMovementCount, applyPower, RUUVI_COMPANY_ID } from './ruuvi-fields.ts'

const FORMAT_CUT = 0xc5
const LENGTH = 18
const NOT_AVAILABLE_U16 = 0xffff

/**
 * RuuviTag data format C5 (ruuvi/docs, data-format-c5-cut-rawv2): data format 5 without acceleration, big-endian:
 *
 *   0    u8   format, C5
 *   1    temperature, humidity and pressure as in data format 5
 *   7    u16  battery and tx power as in data format 5
 *   9    u8   movement counter               255 n/a
 *   10   u16  measurement sequence           65535 n/a
 *   12   6    MAC, display order             FF…FF n/a
 */
function readCutRawV2(payload: Uint8Array): ContentResult {
  if (payload.length !== LENGTH) return refused('FRAME_LENGTH', `${payload.length} bytes, not ${LENGTH}`)
  const view = viewOf(payload)
  const extra: Extra = { data_format: FORMAT_CUT }
  const draft: Draft = { extra }
  applyMac(payload, 12, draft, extra)
  applyAir(view, draft, extra)
  applyPower(view.getUint16(7), draft)
  applyMovementCount(view.getUint8(9), draft)
  const sequence = view.getUint16(10)
  if (sequence !== NOT_AVAILABLE_U16) draft.sequence = sequence
  return { kind: 'content', reading: draft }
}

export const ruuviCutRawV2: AdvertisementReader = {
  title: 'RuuviTag cut RAWv2',
  carrier: { companyId: RUUVI_COMPANY_ID },
  read: (payload) => (payload[0] === FORMAT_CUT ? readCutRawV2(payload) : FOREIGN)
}
