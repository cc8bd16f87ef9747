import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { addSignal, s8p8, setBattery, setHumidity, setReversedMac, viewOf } from './content-fields.ts'
import { readConnectV3 } from './minew-connect-v3.ts'

const MINEW_COMPANY_ID = 0x0639

const ENERGY_FULL_SCALE = 4095

/**
 * Minew, manufacturer data 0639; values big-endian, MACs from their last byte to their first:
 *
 *   51  MSE series       1 model   2 u8 transmissions   3 battery, %   4 state: bit 0 contact open, 1 motion, 5 and 6 buttons 1 and 2
 *                        5 u16 LE energy store, 4095 is full
 *   A3  1 u8 version 1   2 firmware, three numbers   5 u16 hardware   12 MAC (20 bytes)
 *         version 3      2 battery, %   3 s8.8 temperature   5 s8.8 humidity   7 MAC (16 bytes)
 *   A4  1 u8 version 0   2 firmware, three numbers   5 u16 hardware   10 MAC (18 bytes)
 *         version 1      2 battery, %   3 door open   4 taken off   5 this is what it sends for   7 MAC (15 bytes)
 *   CA  Connect V3       `minew-connect-v3.ts`
 */
function readMinewManufacturer(payload: Uint8Array): ContentResult {
  switch (payload[0]) {
    case 0x51:
      return readMse(payload)
    case 0xa3:
      return readS3(payload)
    case 0xa4:
      return readS4(payload)
    case 0xca:
      return readConnectV3(payload)
    default:
      return FOREIGN
  }
}

function readMse(payload: Uint8Array): ContentResult {
  if (payload.length < 7) return refused('FRAME_LENGTH', `MSE: ${payload.length} bytes, at least 7`)
  const view = viewOf(payload)
  const state = view.getUint8(4)
  const extra: Extra = {
    frame: 'mse',
    model: view.getUint8(1),
    tx_counter: view.getUint8(2),
    button_1: (state & 0x20) !== 0,
    button_2: (state & 0x40) !== 0,
    motion: (state & 0x02) !== 0,
    contact: (state & 0x01) === 0,
    energy_pct: Math.round((view.getUint16(5, true) / ENERGY_FULL_SCALE) * 10_000) / 100
  }
  const reading: Draft = { extra, sequence: view.getUint8(2) }
  setBattery(reading, view.getUint8(3))
  addSignal(reading, { kind: 'button', slot: '1', form: 'level', on: (state & 0x20) !== 0 })
  addSignal(reading, { kind: 'button', slot: '2', form: 'level', on: (state & 0x40) !== 0 })
  return { kind: 'content', reading }
}

/** Version of the frame and whole length, as one number. */
const shape = (payload: Uint8Array): number => (payload[1] ?? 0xff) * 256 + payload.length

function readS3(payload: Uint8Array): ContentResult {
  if (shape(payload) === 1 * 256 + 20) return readStatic(payload, 12)
  if (shape(payload) !== 3 * 256 + 16) return unknownShape(payload)
  const view = viewOf(payload)
  const extra: Extra = { frame: 'ht' }
  const reading: Draft = { extra, temperatureDegC: s8p8(view, 3) }
  setBattery(reading, view.getUint8(2))
  setHumidity(reading, s8p8(view, 5))
  setReversedMac(reading, extra, payload, 7)
  return { kind: 'content', reading }
}

function readS4(payload: Uint8Array): ContentResult {
  if (shape(payload) === 18) return readStatic(payload, 10)
  if (shape(payload) !== 1 * 256 + 15) return unknownShape(payload)
  const view = viewOf(payload)
  const tamper = view.getUint8(4) > 0
  const extra: Extra = { frame: 'door', door_open: view.getUint8(3) > 0, tamper, triggered: view.getUint8(5) > 0 }
  const reading: Draft = { extra }
  setBattery(reading, view.getUint8(2))
  addSignal(reading, { kind: 'tamper', form: 'level', on: tamper })
  setReversedMac(reading, extra, payload, 7)
  return { kind: 'content', reading }
}

/** Versions beyond those above are foreign; one of those above with another length is damaged. */
function unknownShape(payload: Uint8Array): ContentResult {
  const [type = 0, version = 0xff] = payload
  const known = type === 0xa3 ? version === 1 || version === 3 : version === 0 || version === 1
  return known || payload.length < 2 ? refused('FRAME_LENGTH', `version ${version}: ${payload.length} bytes`) : FOREIGN
}

function readStatic(payload: Uint8Array, macAt: number): ContentResult {
  const view = viewOf(payload)
  const extra: Extra = { frame: 'static', firmware: payload.subarray(2, 5).join('.'), hardware: view.getUint16(5) }
  const reading: Draft = { extra }
  setReversedMac(reading, extra, payload, macAt)
  return { kind: 'content', reading }
}

export const minewManufacturer: AdvertisementReader = {
  title: 'Minew',
  carrier: { companyId: MINEW_COMPANY_ID },
  read: readMinewManufacturer
}
