import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setHumidity, viewOf } from './content-fields.ts'

const SENSIRION_COMPANY_ID = 0x06d5
const LIVE_SAMPLE = 0
const NOT_MEASURED = 0xffff

type Put = (draft: Draft, extra: Extra, raw: number) => void

const temperature: Put = (draft, _extra, raw) => {
  draft.temperatureDegC = (175 * raw) / 65_535 - 45
}
const humidity: Put = (draft, _extra, raw) => setHumidity(draft, (100 * raw) / 65_535)
/** Of the SHT4x, whose range goes a little over both ends. */
const wideHumidity: Put = (draft, _extra, raw) => setHumidity(draft, (125 * raw) / 65_535 - 6)
const co2: Put = (draft, _extra, raw) => {
  if (raw !== NOT_MEASURED) draft.co2Ppm = raw
}
const put =
  (key: string, factor: number): Put =>
  (_draft, extra, raw) => {
    if (raw !== NOT_MEASURED) extra[key] = Math.round(raw * factor * 1000) / 1000
  }
const vocIndex = put('voc_index', 1)
const noxIndex = put('nox_index', 1)
const formaldehyde = put('formaldehyde_ppb', 1 / 5)
const particles = put('pm2_5_ugm3', 1000 / 65_535)
const wideParticles = put('pm2_5_ugm3', 1 / 10)

/** What a sample of each type holds, u16 after u16 (Sensirion BLE services, "Live data"; arduino-upt-core, BLEProtocol). */
const SAMPLES: { readonly [type: number]: readonly Put[] } = {
  3: [temperature, humidity, vocIndex],
  4: [temperature, humidity],
  6: [temperature, wideHumidity],
  8: [temperature, humidity, co2],
  10: [temperature, humidity, co2],
  12: [temperature, humidity, co2, particles],
  14: [temperature, humidity, formaldehyde],
  16: [temperature, humidity, vocIndex, particles],
  20: [temperature, humidity, co2, vocIndex, particles, formaldehyde],
  22: [temperature, humidity, vocIndex, noxIndex],
  24: [temperature, humidity, vocIndex, noxIndex, wideParticles],
  26: [temperature, humidity, co2, vocIndex, noxIndex, wideParticles],
  28: [temperature, humidity, co2, wideParticles],
  30: [temperature, humidity, vocIndex, wideParticles],
  31: [temperature, humidity, co2, vocIndex, wideParticles, formaldehyde],
  32: [temperature, humidity, co2, vocIndex, wideParticles, formaldehyde],
  34: [put('pm1_ugm3', 1 / 10), wideParticles, put('pm4_ugm3', 1 / 10), put('pm10_ugm3', 1 / 10)],
  36: [co2],
  38: [put('air_speed_mps', 1024 / 65_535), temperature],
  42: [temperature, humidity, particles],
  44: [temperature, humidity, formaldehyde, vocIndex, noxIndex, particles]
}

/**
 * Sensirion gadgets, little-endian; more may follow the sample:
 *
 *   0    u8   00 live sample
 *   1    u8   type of sample
 *   2    2    device id: the end of its MAC
 *   4    u16  ... as the type says: temperature 175 n / 65535 - 45 °C, humidity 100 n / 65535 %, CO2 ppm ...
 */
function readSample(payload: Uint8Array): ContentResult {
  if (payload[0] !== LIVE_SAMPLE) return FOREIGN
  const type = payload[1]
  if (type === undefined) return refused('FRAME_LENGTH', '1 byte, at least 4')
  const puts = SAMPLES[type]
  if (puts === undefined) return FOREIGN
  const least = 4 + 2 * puts.length
  if (payload.length < least) return refused('FRAME_LENGTH', `${payload.length} bytes, at least ${least}`)
  const view = viewOf(payload)
  const extra: Extra = { sample_type: type, device_id: toHex(payload.subarray(2, 4)) }
  const draft: Draft = { extra }
  for (const [index, take] of puts.entries()) take(draft, extra, view.getUint16(4 + 2 * index, true))
  return { kind: 'content', reading: draft }
}

export const sensirion: AdvertisementReader = { title: 'Sensirion', carrier: { companyId: SENSIRION_COMPANY_ID }, read: readSample }
