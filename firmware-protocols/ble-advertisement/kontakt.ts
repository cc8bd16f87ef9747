import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { latin1Text } from '../kit/text.ts'
import { type AdvertisementReader, type ContentContext, type ContentResult, refused } from './advertisement-reader.ts'
import { setBattery, viewOf } from './content-fields.ts'
import { readTelemetry } from './kontakt-telemetry.ts'

const KONTAKT_UUID = 0xfe6a
/** Scan response of older devices. */
const KONTAKT_LEGACY_UUID = 0xd00d

const SHUFFLED = 0x01
const PLAIN = 0x02
const TELEMETRY = 0x03
const LOCATION = 0x05
const LOWEST_CHANNEL = 37
const HIGHEST_CHANNEL = 39

/**
 * Kontakt.io, service data FE6A:
 *
 *   01  shuffled ids     only Kontakt.io's cloud can resolve them
 *   02  plain            1 model   2 firmware major   3 minor   4 battery, %   5 i8 tx power, dBm   6 unique id, ASCII to the end
 *   03  telemetry        fields to the end (`kontakt-telemetry.ts`)
 *   05  location         1 i8 tx power, dBm   2 channel, 37 to 39, 0 n/a   3 model   4 bit 0 moving   5 unique id, ASCII to the end
 *
 * Telemetry names nobody, so all frames of a device are of its address: with the unique id as tag one device would be two. Only
 * where the address is not known the unique id stands in.
 */
function readKontakt(payload: Uint8Array, context: ContentContext): ContentResult {
  switch (payload[0]) {
    case SHUFFLED:
      return { kind: 'content', reading: { extra: { frame: 'shuffled', data: toHex(payload.subarray(1)) } } }
    case PLAIN:
      return readPlain(payload, context)
    case TELEMETRY:
      return readTelemetry(payload)
    case LOCATION:
      return readLocation(payload, context)
    case undefined:
      return refused('FRAME_LENGTH', 'no bytes')
    default:
      return refused('FRAME_FORMAT', `no frame has type ${toHex(payload.subarray(0, 1))}`)
  }
}

function setUniqueId(reading: Draft, extra: Extra, text: string, { address }: ContentContext): void {
  extra['unique_id'] = text
  if (address === undefined && /^[\x21-\x7e]+$/.test(text)) reading.tag = text.toLowerCase().replace(/[:/]/g, '_')
}

function readPlain(payload: Uint8Array, context: ContentContext): ContentResult {
  if (payload.length < 7) return refused('FRAME_LENGTH', `plain: ${payload.length} bytes, at least 7`)
  const view = viewOf(payload)
  const extra: Extra = { frame: 'plain', model: view.getUint8(1), firmware: `${view.getUint8(2)}.${view.getUint8(3)}` }
  const reading: Draft = { extra, txPowerDbm: view.getInt8(5) }
  setBattery(reading, view.getUint8(4))
  setUniqueId(reading, extra, latin1Text(payload, 6), context)
  return { kind: 'content', reading }
}

function readLocation(payload: Uint8Array, context: ContentContext): ContentResult {
  if (payload.length < 6) return refused('FRAME_LENGTH', `location: ${payload.length} bytes, at least 6`)
  const view = viewOf(payload)
  const extra: Extra = { frame: 'location', model: view.getUint8(3) }
  const channel = view.getUint8(2)
  if (channel >= LOWEST_CHANNEL && channel <= HIGHEST_CHANNEL) extra['channel'] = channel
  const reading: Draft = { extra, txPowerDbm: view.getInt8(1), moving: (view.getUint8(4) & 1) === 1 }
  setUniqueId(reading, extra, latin1Text(payload, 5), context)
  return { kind: 'content', reading }
}

/** `0 unique id, 4 ASCII   4 firmware major   5 minor   6 battery, %`; others use the UUID as well, so the length must fit. */
function readLegacy(payload: Uint8Array, context: ContentContext): ContentResult {
  const id = latin1Text(payload, 0, 4)
  if (payload.length !== 7 || !/^[A-Za-z0-9]{4}$/.test(id)) return { kind: 'foreign' }
  const extra: Extra = { frame: 'scan_response', firmware: `${payload[4] ?? 0}.${payload[5] ?? 0}` }
  const reading: Draft = { extra }
  setBattery(reading, payload[6] ?? 0xff)
  setUniqueId(reading, extra, id, context)
  return { kind: 'content', reading }
}

export const kontakt: AdvertisementReader = { title: 'Kontakt.io', carrier: { serviceUuid: KONTAKT_UUID }, read: readKontakt }
export const kontaktLegacy: AdvertisementReader = {
  title: 'Kontakt.io scan response',
  carrier: { serviceUuid: KONTAKT_LEGACY_UUID },
  read: readLegacy
}
