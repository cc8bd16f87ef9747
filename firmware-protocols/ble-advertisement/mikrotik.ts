import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setBattery, viewOf } from './content-fields.ts'

const MIKROTIK_COMPANY_ID = 0x094f
const VERSION = 1
const BYTES = 18
const ENCRYPTED = 0x01
const NO_TEMPERATURE = -0x8000

const REED = 0x01
const TILT = 0x02
const DROP = 0x04
const IMPACT_X = 0x08
const IMPACT_Y = 0x10
const IMPACT_Z = 0x20

/**
 * MikroTik TG-BT5 (help.mikrotik.com, "MikroTik Tag advertisement formats"), little-endian:
 *
 *   0    u8      version, 1
 *   1    u8      b0 the rest behind the salt is encrypted; other bits the user's
 *   2    2       salt
 *   4    3 s8.8  acceleration (the documented m/s² does not fit tags at rest: kept as sent)
 *   10   s8.8    temperature, °C        8000 none
 *   12   u32     time since start, s
 *   16   u8      b0 magnet switch, b1 tilt, b2 drop (free fall), b3 b4 b5 impact along x, y, z
 *   17   u8      battery, %
 */
function readTag(payload: Uint8Array): ContentResult {
  if (payload[0] !== VERSION) return FOREIGN
  if (payload.length !== BYTES) return refused('FRAME_LENGTH', `${payload.length} bytes, not ${BYTES}`)
  const view = viewOf(payload)
  const user = view.getUint8(1)
  const extra: Extra = { user_byte: user, salt: toHex(payload.subarray(2, 4)), encrypted: (user & ENCRYPTED) !== 0 }
  const draft: Draft = { extra }
  if ((user & ENCRYPTED) !== 0) extra['encrypted_hex'] = toHex(payload.subarray(4))
  else readPlain(view, draft, extra)
  return { kind: 'content', reading: draft }
}

function readPlain(view: DataView, draft: Draft, extra: Extra): void {
  extra['accel_raw_8_8'] = [view.getInt16(4, true) / 256, view.getInt16(6, true) / 256, view.getInt16(8, true) / 256]
  const temperature = view.getInt16(10, true)
  if (temperature !== NO_TEMPERATURE) draft.temperatureDegC = temperature / 256
  extra['uptime_s'] = view.getUint32(12, true)
  const flags = view.getUint8(16)
  const freeFall = (flags & DROP) !== 0
  extra['reed_switch'] = (flags & REED) !== 0
  extra['tilt'] = (flags & TILT) !== 0
  extra['free_fall'] = freeFall
  extra['impact_x'] = (flags & IMPACT_X) !== 0
  extra['impact_y'] = (flags & IMPACT_Y) !== 0
  extra['impact_z'] = (flags & IMPACT_Z) !== 0
  draft.signals = [
    { kind: 'fall', form: 'level', on: freeFall },
    { kind: 'impact', form: 'level', on: (flags & (IMPACT_X | IMPACT_Y | IMPACT_Z)) !== 0 }
  ]
  setBattery(draft, view.getUint8(17))
}

export const mikrotik: AdvertisementReader = { title: 'MikroTik tag', carrier: { companyId: MIKROTIK_COMPANY_ID }, read: readTag }
