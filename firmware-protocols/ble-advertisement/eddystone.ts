import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { viewOf } from './content-fields.ts'
import { expandUrl } from './eddystone-url.ts'

export const EDDYSTONE_UUID = 0xfeaa

const UID = 0x00
const URL = 0x10
const TLM = 0x20
const EID = 0x30

const NOT_SUPPORTED_TEMPERATURE = -0x8000

const tooShort = (frame: string, { length }: Uint8Array, least: number): ContentResult =>
  refused('FRAME_LENGTH', `${frame}: ${length} bytes, at least ${least}`)

/**
 * Eddystone (google/eddystone), service data FEAA, big-endian. The first byte says which frame; `tx` is the power at 0 m, i8, dBm.
 *
 *   00  UID   1 tx   2 namespace, 10 bytes   12 instance, 6 bytes   18 two reserved bytes, often left out
 *   10  URL   1 tx   2 scheme   3 text with codes for common endings
 *   20  TLM   1 version
 *             version 0   2 u16 battery, mV, 0 n/a   4 s8.8 temperature, °C, 8000 n/a   6 u32 adverts   10 u32 uptime, 0.1 s
 *             version 1   2 ciphertext, 12 bytes   14 u16 salt   16 u16 check: only the beacon's owner can read it
 *   30  EID   1 tx   2 id that changes, 8 bytes
 *
 * TLM does not say of whom: like all frames without an identity it is of the sender's address. Other frames under this UUID (Google's
 * location network 40 and 41, KKM's sensors) are not Eddystone.
 */
function readEddystone(payload: Uint8Array): ContentResult {
  switch (payload[0]) {
    case UID:
      return readUid(payload)
    case URL:
      return readUrl(payload)
    case TLM:
      return readTlm(payload)
    case EID:
      return readEid(payload)
    default:
      return otherFrame(payload[0])
  }
}

/** The low half of the first byte is reserved and must be 0: such a frame must not be taken for one of those above. */
function otherFrame(type: number | undefined): ContentResult {
  if (type === undefined || type > 0x3f) return FOREIGN
  return refused('FRAME_FORMAT', `no frame has type ${type.toString(16).padStart(2, '0')}`)
}

function readUid(payload: Uint8Array): ContentResult {
  if (payload.length < 18) return tooShort('UID', payload, 18)
  const namespace = toHex(payload.subarray(2, 12))
  const instance = toHex(payload.subarray(12, 18))
  const extra: Extra = { frame: 'UID', tx_power_0m_dbm: viewOf(payload).getInt8(1), namespace, instance }
  return { kind: 'content', reading: { extra }, beacon: { format: 'eddystone', namespace, instance } }
}

function readUrl(payload: Uint8Array): ContentResult {
  if (payload.length < 3) return tooShort('URL', payload, 3)
  const url = expandUrl(payload.subarray(2))
  if (url === undefined) return refused('VALUE_RANGE', 'URL: a scheme or a character that is reserved')
  return { kind: 'content', reading: { extra: { frame: 'URL', tx_power_0m_dbm: viewOf(payload).getInt8(1), url } } }
}

function readEid(payload: Uint8Array): ContentResult {
  if (payload.length < 10) return tooShort('EID', payload, 10)
  const eid = toHex(payload.subarray(2, 10))
  return { kind: 'content', reading: { extra: { frame: 'EID', tx_power_0m_dbm: viewOf(payload).getInt8(1), eid } } }
}

function readTlm(payload: Uint8Array): ContentResult {
  if (payload[1] === 1) return readEncryptedTlm(payload)
  if (payload[1] !== undefined && payload[1] !== 0) return refused('FRAME_FORMAT', `TLM: there is no version ${payload[1]}`)
  if (payload.length < 14) return tooShort('TLM', payload, 14)
  const view = viewOf(payload)
  const extra: Extra = { frame: 'TLM', adv_count: view.getUint32(6), uptime_s: view.getUint32(10) / 10 }
  const reading: Draft = { extra }
  const millivolts = view.getUint16(2)
  if (millivolts !== 0) reading.batteryV = millivolts / 1000
  const temperature = view.getInt16(4)
  if (temperature !== NOT_SUPPORTED_TEMPERATURE) reading.temperatureDegC = temperature / 256
  return { kind: 'content', reading }
}

function readEncryptedTlm(payload: Uint8Array): ContentResult {
  if (payload.length < 18) return tooShort('encrypted TLM', payload, 18)
  const view = viewOf(payload)
  const extra: Extra = { frame: 'ETLM', etlm: toHex(payload.subarray(2, 14)), salt: view.getUint16(14), mic: view.getUint16(16) }
  return { kind: 'content', reading: { extra } }
}

export const eddystone: AdvertisementReader = { title: 'Eddystone', carrier: { serviceUuid: EDDYSTONE_UUID }, read: readEddystone }
