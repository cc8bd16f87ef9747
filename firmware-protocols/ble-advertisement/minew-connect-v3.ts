import { mps2FromG } from '../kit/gravity.ts'
import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import { type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { addSignal, s8p8, setBattery, setHumidity, setReversedMac, viewOf } from './content-fields.ts'

const LENGTH = 24
/** Serial number and check behind the blocks of a combination frame. */
const BLOCKS_TRAILER = 4

/**
 * Minew Connect V3, manufacturer data 0639; values big-endian, MACs from their last byte to their first; 24 bytes but for 03:
 *
 *   0   u8  CA     1   u8  which frame
 *
 *   00  2 MAC   8 battery, %   9 u16 firmware: bits 13 and 14 . 7 to 12 . 0 to 6
 *   03  2 blocks { id u8, value }, then 4 bytes: 03 s8.8 acceleration x, y, z, g (6)   21 battery, % (1)   22 taken off (1)
 *   05  2 version   3 bit 1 temperature only   5 s8.8 temperature   7 s8.8 humidity   9 name, 8   17 marked, from version 1 on
 *   18  2 what   3 serial   what 0: 4 u16 LE entries, 6 u16 LE exits   what 1: 4 low half: people seen
 *   1B  2 bit 7 encrypted   3 u16 product   6 MAC   12 u16 battery, mV   14 s8.8 temperature   17 i8 power at 1 m, dBm
 *   1E  3 serial   4 u16 LE distance, mm   6 bit 0 contact open, 1 motion, 2 occupied, 3 battery low   7 u8 occupations   8 u8 tampers
 */
export function readConnectV3(payload: Uint8Array): ContentResult {
  const which = payload[1]
  if (which === undefined) return refused('FRAME_LENGTH', 'Connect V3: one byte')
  if (which === 0x03) return readBlocks(payload)
  const fill = FRAMES.get(which)
  if (fill === undefined) return FOREIGN
  if (payload.length !== LENGTH)
    return refused('FRAME_LENGTH', `Connect V3 ${toHex(payload.subarray(1, 2))}: ${payload.length} bytes, not ${LENGTH}`)
  const extra: Extra = {}
  const reading: Draft = { extra }
  fill(viewOf(payload), payload, reading, extra)
  return { kind: 'content', reading }
}

type Fill = (view: DataView, payload: Uint8Array, reading: Draft, extra: Extra) => void
const FRAMES: ReadonlyMap<number, Fill> = new Map<number, Fill>([
  [0x00, fillInfo],
  [0x05, fillClimate],
  [0x18, fillPeople],
  [0x1b, fillTemperature],
  [0x1e, fillDistance]
])

function fillInfo(view: DataView, payload: Uint8Array, reading: Draft, extra: Extra): void {
  const firmware = view.getUint16(9)
  extra['frame'] = 'info'
  extra['firmware'] = `${(firmware >> 13) & 0x03}.${(firmware >> 7) & 0x3f}.${firmware & 0x7f}`
  setBattery(reading, view.getUint8(8))
  setReversedMac(reading, extra, payload, 2)
}

function fillClimate(view: DataView, payload: Uint8Array, reading: Draft, extra: Extra): void {
  extra['frame'] = 'ht'
  extra['name'] = utf8Text(payload.subarray(9, 17)).replaceAll('\0', '')
  reading.temperatureDegC = s8p8(view, 5)
  if ((view.getUint8(3) & 0x02) === 0) setHumidity(reading, s8p8(view, 7))
  if (view.getUint8(2) > 0) extra['marked'] = view.getUint8(17) === 1
}

function fillPeople(view: DataView, _: Uint8Array, reading: Draft, extra: Extra): void {
  extra['frame'] = 'people'
  reading.sequence = view.getUint8(3)
  const what = view.getUint8(2)
  if (what === 0) {
    extra['entries_count'] = view.getUint16(4, true)
    extra['exits_count'] = view.getUint16(6, true)
  } else if (what === 1) extra['people_count'] = view.getUint8(4) & 0x0f
}

function fillTemperature(view: DataView, payload: Uint8Array, reading: Draft, extra: Extra): void {
  extra['frame'] = 'temperature'
  if ((view.getUint8(2) & 0x80) !== 0) {
    extra['encrypted'] = true
    extra['data'] = toHex(payload.subarray(3))
    return
  }
  extra['product_id'] = view.getUint16(3)
  extra['measured_power_dbm'] = view.getInt8(17)
  reading.batteryV = view.getUint16(12) / 1000
  reading.temperatureDegC = s8p8(view, 14)
  setReversedMac(reading, extra, payload, 6)
}

function fillDistance(view: DataView, _: Uint8Array, reading: Draft, extra: Extra): void {
  const flags = view.getUint8(6)
  extra['frame'] = 'distance'
  extra['distance_m'] = view.getUint16(4, true) / 1000
  extra['contact'] = (flags & 0x01) === 0
  extra['motion'] = (flags & 0x02) !== 0
  extra['occupancy'] = (flags & 0x04) !== 0
  extra['battery_low'] = (flags & 0x08) !== 0
  extra['occupancy_count'] = view.getUint8(7)
  extra['tamper_count'] = view.getUint8(8)
  reading.sequence = view.getUint8(3)
  addSignal(reading, { kind: 'low-battery', form: 'level', on: (flags & 0x08) !== 0 })
  addSignal(reading, { kind: 'tamper', form: 'counter', count: view.getUint8(8), modulus: 256 })
}

/** Ids carry no length, so one that is not known ends the reading. */
function readBlocks(payload: Uint8Array): ContentResult {
  const end = payload.length - BLOCKS_TRAILER
  if (end < 2) return refused('FRAME_LENGTH', `Connect V3 03: ${payload.length} bytes, at least ${BLOCKS_TRAILER + 2}`)
  const view = viewOf(payload)
  const extra: Extra = { frame: 'combination' }
  const reading: Draft = { extra }
  let at = 2
  while (at < end) {
    const next = readBlock(view, at, end, reading, extra)
    if (next === undefined) {
      extra['unparsed'] = toHex(payload.subarray(at, end))
      break
    }
    at = next
  }
  return { kind: 'content', reading }
}

/** Where the next block begins. */
function readBlock(view: DataView, at: number, end: number, reading: Draft, extra: Extra): number | undefined {
  const id = view.getUint8(at)
  if (id === 0x03 && at + 7 <= end) {
    reading.accelMps2 = [mps2FromG(s8p8(view, at + 1)), mps2FromG(s8p8(view, at + 3)), mps2FromG(s8p8(view, at + 5))]
    return at + 7
  }
  if (at + 2 > end) return undefined
  if (id === 0x21) {
    setBattery(reading, view.getUint8(at + 1))
    return at + 2
  }
  if (id !== 0x22) return undefined
  const tamper = view.getUint8(at + 1) > 0
  extra['tamper'] = tamper
  addSignal(reading, { kind: 'tamper', form: 'level', on: tamper })
  return at + 2
}
