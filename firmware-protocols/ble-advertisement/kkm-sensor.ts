import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import { setBatteryMilliV, setHumidity, setMilliG, viewOf } from './content-fields.ts'

/** Below this a chip temperature stands where the humidity would; further down also hundreds of degrees. */
const HUNDREDS_FROM = -2
const HUNDREDS_ZERO = -20

/**
 * Fields of sensor frame version 1, one for each bit of a mask, in the order of the bits, big-endian (android_kbeaconlib2,
 * KBAdvPacketSensor):
 *
 *   0001  u16        battery, mV
 *   0002  s8.8       temperature, °C
 *   0004  s8.8       humidity, %; negative: no humidity, the low byte is the chip's temperature, and a high byte under -2 adds
 *                    (-20 - high) * 100 °C to the temperature
 *   0008  3 i16      acceleration, mg
 *   0010  u8         alarm: wristband opened
 *   0020  u8         PIR
 *   0040  u16        light, lx
 *   0080  u8 u16 u16 VOC: age, 10 s; VOC index; NOx index
 *   0200  u8 u16     CO2: age, 10 s; ppm
 *   0400  u8 u16     records stored: type, count
 *   1000  u8         reserved
 *   4000  u32        tick counter
 */
const FIELD_BYTES: { readonly [bit: number]: number } = {
  0: 2,
  1: 2,
  2: 2,
  3: 6,
  4: 1,
  5: 1,
  6: 2,
  7: 5,
  9: 3,
  10: 3,
  12: 1,
  14: 4
}

/** A reading that is being filled, by one field after the other. */
export interface KkmDraft extends Draft {
  extra: Extra
}

/** False: cut off. A bit whose field is not known ends the reading, as nobody can tell where the next begins. */
export function readMaskedFields(mask: number, fields: Uint8Array, draft: KkmDraft): boolean {
  const view = viewOf(fields)
  let at = 0
  for (let bit = 0; bit < 16; bit++) {
    if ((mask & (1 << bit)) === 0) continue
    const bytes = FIELD_BYTES[bit]
    if (bytes === undefined) return true
    if (at + bytes > fields.length) return false
    takeField(bit, view, at, draft)
    at += bytes
  }
  return true
}

function takeField(bit: number, view: DataView, at: number, draft: KkmDraft): void {
  if (bit === 0) setBatteryMilliV(draft, view.getUint16(at))
  else if (bit === 1) draft.temperatureDegC = view.getInt16(at) / 256
  else if (bit === 2) takeHumidity(view, at, draft)
  else if (bit === 3) setMilliG(draft, view, at)
  else if (bit === 4) putAlarm(draft, view.getUint8(at))
  else if (bit === 5) draft.extra['pir'] = view.getUint8(at)
  else if (bit === 6) putLight(draft, view.getUint16(at))
  else if (bit === 7) putVoc(draft, view, at)
  else if (bit === 9) putCo2(draft, view, at)
  else if (bit === 10) putRecords(draft, view, at)
  else if (bit === 14) draft.extra['tick_count'] = view.getUint32(at)
}

function takeHumidity(view: DataView, at: number, draft: KkmDraft): void {
  const high = view.getInt8(at)
  if (high >= 0) {
    setHumidity(draft, view.getInt16(at) / 256)
    return
  }
  draft.extra['chip_temperature_c'] = view.getInt8(at + 1)
  const { temperatureDegC } = draft
  if (temperatureDegC !== undefined && high < HUNDREDS_FROM) draft.temperatureDegC = temperatureDegC + (HUNDREDS_ZERO - high) * 100
}

function putAlarm(draft: KkmDraft, status: number): void {
  draft.extra['alarm_status'] = status
  const opened: Signal = { kind: 'tamper', form: 'level', on: status !== 0 }
  draft.signals = [opened]
}

function putLight(draft: KkmDraft, lux: number): void {
  draft.illuminanceLux = lux
  draft.extra['illuminance_lx'] = lux
}

function putVoc({ extra }: KkmDraft, view: DataView, at: number): void {
  extra['voc_age_s'] = view.getUint8(at) * 10
  extra['voc_index'] = view.getUint16(at + 1)
  extra['nox_index'] = view.getUint16(at + 3)
}

function putCo2(draft: KkmDraft, view: DataView, at: number): void {
  draft.extra['co2_age_s'] = view.getUint8(at) * 10
  draft.co2Ppm = view.getUint16(at + 1)
}

function putRecords({ extra }: KkmDraft, view: DataView, at: number): void {
  extra['record_type'] = view.getUint8(at)
  extra['record_count'] = view.getUint16(at + 1)
}

/** Blocks of version 2: least bytes of a value, and what it says. */
const BLOCKS: { readonly [type: number]: readonly [number, (draft: KkmDraft, view: DataView, at: number) => void] } = {
  2: [2, (draft, view, at) => putTenths(draft, view, at)],
  3: [3, (draft, view, at) => putClimate(draft, view, at)],
  4: [6, (draft, view, at) => setMilliG(draft, view, at)],
  5: [1, (draft, view, at) => putAlarm(draft, view.getUint8(at))],
  6: [1, (draft, view, at) => putPir(draft, view, at)],
  7: [2, (draft, view, at) => putLight(draft, view.getUint16(at))],
  8: [5, putVoc],
  9: [3, putCo2],
  10: [3, putRecords]
}

function putTenths(draft: KkmDraft, view: DataView, at: number): void {
  draft.temperatureDegC = view.getInt16(at) / 10
}

function putClimate(draft: KkmDraft, view: DataView, at: number): void {
  putTenths(draft, view, at)
  setHumidity(draft, view.getUint8(at + 2))
}

function putPir({ extra }: KkmDraft, view: DataView, at: number): void {
  extra['pir'] = view.getUint8(at)
}

/**
 * Sensor frame version 2, big-endian. False: cut off before the blocks; a block that is cut off ends the reading.
 *
 *   0    u16  battery, mV
 *   2    i8   temperature of the chip, °C
 *   3    { <length u8, counts the type> <type u8> <value> }
 *          02 i16 0.1 °C · 03 i16 0.1 °C, u8 % · 04 3 i16 mg · 05 alarm · 06 PIR · 07 u16 lx · 08 VOC · 09 CO2 · 0A records, as above
 */
export function readBlocks(data: Uint8Array, draft: KkmDraft): boolean {
  if (data.length < 3) return false
  const view = viewOf(data)
  setBatteryMilliV(draft, view.getUint16(0))
  draft.extra['chip_temperature_c'] = view.getInt8(2)
  let at = 3
  while (at + 3 <= data.length) {
    const valueBytes = view.getUint8(at) - 1
    const block = BLOCKS[view.getUint8(at + 1)]
    at += 2
    if (valueBytes < 0 || at + valueBytes > data.length) return true
    if (block !== undefined && valueBytes >= block[0]) block[1](draft, view, at)
    at += valueBytes
  }
  return true
}
