import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setBattery, setHumidity, setMac, viewOf } from './content-fields.ts'

const HOLYIOT_UUID = 0x5242
const MARK = 0x41
const BYTES = 13

type Take = (draft: Draft, extra: Extra, view: DataView) => void
const MEASUREMENTS: { readonly [type: number]: Take } = {
  0: () => undefined,
  1: (draft, _extra, view) => {
    const degrees = view.getInt8(11)
    const hundredths = view.getUint8(12) / 100
    draft.temperatureDegC = degrees < 0 ? degrees - hundredths : degrees + hundredths
  },
  2: (draft, _extra, view) => {
    draft.pressurePa = 80_000 + view.getInt16(11)
  },
  3: (draft, _extra, view) => setHumidity(draft, view.getUint8(11)),
  4: (draft, extra, view) => {
    const vibrates = view.getUint8(11) !== 0
    extra['vibration'] = vibrates
    draft.signals = [{ kind: 'motion', form: 'level', on: vibrates }]
  },
  5: (_draft, extra, view) => {
    extra['side'] = view.getUint8(11)
  },
  6: (draft, extra, view) => {
    const pressed = view.getUint8(11) !== 0
    extra['button_pressed'] = pressed
    // Sent for a while after a press, and nothing is sent when it is let go: no level.
    if (pressed) draft.signals = [{ kind: 'button', form: 'event' }]
  }
}

/**
 * HolyIOT, service 5242, big-endian (as read by ble_monitor and theengs/decoder):
 *
 *   0    u8   41
 *   1    u8   battery, %
 *   2    6    MAC
 *   8    2    0606
 *   10   u8   what follows: 1 temperature i8 °C, u8 hundredths away from zero · 2 pressure i16, Pa - 80 000 · 3 humidity u8 % ·
 *             4 vibration u8 · 5 side that is up u8 · 6 button u8
 *   11   2    value
 */
function readHolyIot(payload: Uint8Array): ContentResult {
  if (payload[0] !== MARK) return FOREIGN
  if (payload.length < BYTES) return refused('FRAME_LENGTH', `${payload.length} bytes, at least ${BYTES}`)
  const view = viewOf(payload)
  const extra: Extra = {}
  const draft: Draft = { extra }
  setBattery(draft, view.getUint8(1))
  setMac(draft, extra, payload.subarray(2, 8))
  const type = view.getUint8(10)
  const take = MEASUREMENTS[type]
  if (take === undefined) {
    extra['measurement_type'] = type
    extra['measurement_hex'] = toHex(payload.subarray(11, BYTES))
  } else take(draft, extra, view)
  return { kind: 'content', reading: draft }
}

export const holyIot: AdvertisementReader = { title: 'HolyIOT', carrier: { serviceUuid: HOLYIOT_UUID }, read: readHolyIot }
