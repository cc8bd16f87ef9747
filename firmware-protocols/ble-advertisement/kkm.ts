import { formatUtc, MAX_EPOCH_MS } from '../kit/civil-time.ts'
import { formatMac, fromHex } from '../kit/hex.ts'
import {
  type AdvertisementReader,
  type Carrier,
  type ContentContext,
  type ContentResult,
  FOREIGN,
  refused
} from './advertisement-reader.ts'
import { uuidText } from './carrier-index.ts'
import { setBattery, setMac, viewOf } from './content-fields.ts'
import { decryptKkm, KKM_CIPHER_BYTES } from './kkm-crypto.ts'
import { type KkmDraft, readBlocks, readMaskedFields } from './kkm-sensor.ts'

const KKM_COMPANY_ID = 0x0a53
/** Eddystone's, which KKM's own frames share. */
const EDDYSTONE_UUID = 0xfeaa
const BATTERY_UUID = 0x2080

const ENCRYPTED_BEACON = 0x03
const ENCRYPTED_SENSOR = 0x06
const ENCRYPTED_SENSOR_V2 = 0x07
const SENSOR = 0x21
const SYSTEM = 0x22
const SENSOR_V2 = 0x24

const MASK_BATTERY = 0x0001
/** What a coin cell or a battery can have; anything else is noise of a wrong password. */
const MIN_BATTERY_V = 1
const MAX_BATTERY_V = 6.5
/** A clock that was never set counts from 0: its seconds are no date (2015-01-01). */
const FIRST_DATE_S = 1_420_070_400

/**
 * KKM and BlueCharm (KBeacon), service FEAA or company 0A53, big-endian; the first byte tells the frame:
 *
 *   21   u16 mask, fields                                     sensor
 *   22   u8 model, u8 battery %, MAC 6, u8 u8 firmware        system
 *   24   u8 model, fields of version 2                        sensor
 *   06   u16 mask, 16 encrypted, u32 UTC s                    sensor
 *   07   u8 model, 16 encrypted, u32 UTC s                    sensor
 *   03   u8 length of the rest, 16 encrypted, u32 UTC s, i8 power at 1 m, dBm      iBeacon UUID
 */
function readKkm(payload: Uint8Array, context: ContentContext): ContentResult {
  const draft: KkmDraft = { extra: {} }
  switch (payload[0]) {
    case SENSOR:
      if (hasPassword(context)) return NOT_ITS_OWN
      if (payload.length < 3) return refused('FRAME_LENGTH', `${payload.length} bytes, at least 3`)
      return finished(draft, readMaskedFields(viewOf(payload).getUint16(1), payload.subarray(3), draft))
    case SENSOR_V2:
      if (hasPassword(context)) return NOT_ITS_OWN
      draft.extra['model'] = payload[1] ?? 0
      return finished(draft, readBlocks(payload.subarray(2), draft))
    case SYSTEM:
      return readSystem(payload, draft)
    case ENCRYPTED_SENSOR:
    case ENCRYPTED_SENSOR_V2:
    case ENCRYPTED_BEACON:
      return readEncrypted(payload, context, draft)
    default:
      return FOREIGN
  }
}

/** Whoever has no password could otherwise end the alarm of a tag that has one. */
const NOT_ITS_OWN = refused('FRAME_CONTEXT', 'not encrypted, but there is a password for this tag: not taken for its own')
const hasPassword = (context: ContentContext): boolean => context.address !== undefined && context.keyOf(context.address) !== undefined

const finished = (reading: KkmDraft, isWhole: boolean): ContentResult =>
  isWhole ? { kind: 'content', reading } : refused('FRAME_LENGTH', 'cut off within an announced field')

function readSystem(payload: Uint8Array, draft: KkmDraft): ContentResult {
  if (payload.length < 11) return refused('FRAME_LENGTH', `${payload.length} bytes, at least 11`)
  draft.extra['model'] = payload[1] ?? 0
  setBattery(draft, payload[2] ?? 0)
  setMac(draft, draft.extra, payload.subarray(3, 9))
  draft.extra['firmware'] = `${payload[9]}.${payload[10]}`
  return { kind: 'content', reading: draft }
}

/** Bytes before the encrypted ones, and of the whole frame. */
const LAYOUTS: { readonly [type: number]: readonly [number, number] } = {
  [ENCRYPTED_SENSOR]: [3, 23],
  [ENCRYPTED_SENSOR_V2]: [2, 22],
  [ENCRYPTED_BEACON]: [2, 23]
}

function readEncrypted(payload: Uint8Array, context: ContentContext, draft: KkmDraft): ContentResult {
  const type = payload[0] ?? 0
  const [at, length] = LAYOUTS[type] ?? [0, 0]
  if (payload.length < length) return refused('FRAME_LENGTH', `${payload.length} bytes, at least ${length}`)
  const { address } = context
  const mac = address === undefined ? undefined : fromHex(address)
  if (address === undefined || mac?.length !== 6) return refused('FRAME_CONTEXT', "encrypted, and the sender's address is missing")
  const password = context.keyOf(address)
  if (password === undefined) return refused('FRAME_CONTEXT', `encrypted, and there is no password for ${formatMac(mac)}`)
  const plain = decryptKkm(
    payload.subarray(at, at + KKM_CIPHER_BYTES),
    password,
    mac,
    payload.subarray(at + KKM_CIPHER_BYTES, at + KKM_CIPHER_BYTES + 4)
  )
  if (plain === undefined) return refused('FRAME_CONTEXT', 'the password is longer than 16 bytes')
  const view = viewOf(payload)
  putTime(view.getUint32(at + KKM_CIPHER_BYTES), draft)
  draft.extra['encrypted'] = true
  if (type === ENCRYPTED_BEACON) return encryptedBeacon(plain, view.getInt8(22), draft)
  const isWhole = type === ENCRYPTED_SENSOR ? readMaskedFields(view.getUint16(1), plain, draft) : readBlocks(plain, draft)
  if (type === ENCRYPTED_SENSOR_V2) draft.extra['model'] = payload[1] ?? 0
  const announced = type === ENCRYPTED_SENSOR_V2 || (view.getUint16(1) & MASK_BATTERY) !== 0
  if (announced && !isBattery(draft.batteryV)) return refused('VALUE_RANGE', 'no battery has such a voltage: the password does not fit')
  return finished(draft, isWhole)
}

const isBattery = (volts: number | undefined): boolean => volts !== undefined && volts >= MIN_BATTERY_V && volts <= MAX_BATTERY_V

function putTime(utcS: number, draft: KkmDraft): void {
  const time = utcS * 1000
  draft.extra['utc_s'] = utcS
  if (utcS < FIRST_DATE_S || time > MAX_EPOCH_MS) return
  draft.deviceTime = time
  draft.extra['timestamp_utc'] = formatUtc(time)
}

function encryptedBeacon(plain: Uint8Array, powerDbm: number, draft: KkmDraft): ContentResult {
  draft.extra['uuid'] = uuidText(plain.toReversed())
  draft.extra['measured_power_dbm'] = powerDbm
  return { kind: 'content', reading: draft }
}

const kkmAt = (carrier: Carrier): AdvertisementReader => ({ title: 'KKM', carrier, read: readKkm })

export const kkmReaders: readonly AdvertisementReader[] = [
  kkmAt({ serviceUuid: EDDYSTONE_UUID }),
  kkmAt({ companyId: KKM_COMPANY_ID }),
  {
    title: 'KKM battery',
    carrier: { serviceUuid: BATTERY_UUID },
    read(payload) {
      const [percent] = payload
      if (percent === undefined) return FOREIGN
      const reading: KkmDraft = { extra: {} }
      setBattery(reading, percent)
      return { kind: 'content', reading }
    }
  }
]
