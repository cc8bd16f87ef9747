import type { Codec, DecodeResult, Decoder, FrameContext } from '../codec.ts'
import { formatUtc, MAX_EPOCH_MS } from '../kit/civil-time.ts'
import type { Extra } from '../kit/json.ts'
import { type Draft, failure, readings } from '../kit/results.ts'
import type { Json } from '../reading.ts'
import { EpochClock } from './epoch-clock.ts'
import { Fields } from './fields.ts'
import { readGga, readGll, readGns, readRmc, type Target } from './fix-sentences.ts'
import { NmeaFramer } from './nmea-framer.ts'
import {
  readGsa,
  readGst,
  readGsv,
  readMagneticHeading,
  readSensorHeading,
  readTrueHeading,
  readTxt,
  readVtg,
  readZda
} from './other-sentences.ts'
import { parseSentence } from './sentence.ts'

/** By type; the talker says which satellites were used and changes nothing in the meaning. */
const READERS: ReadonlyMap<string, (f: Fields, target: Target) => void> = new Map([
  ['GGA', readGga],
  ['RMC', readRmc],
  ['GNS', readGns],
  ['GLL', readGll],
  ['VTG', readVtg],
  ['GST', readGst],
  ['GSA', readGsa],
  ['GSV', readGsv],
  ['ZDA', readZda],
  ['TXT', readTxt],
  ['HDT', readTrueHeading],
  ['THS', readTrueHeading],
  ['HDM', readMagneticHeading],
  ['HDG', readSensorHeading]
])

/** Parameters of a TAG block (NMEA 4.0, section 7), by their letter. */
const TAG_PARAMETERS: { readonly [letter: string]: string } = {
  d: 'destination',
  g: 'group',
  n: 'line',
  r: 'relative_time',
  s: 'source',
  t: 'text'
}

/** `s:<source>,c:<Unix time in s or ms>,…` as an object. */
function tagBlockJson(block: string): Json {
  const parameters: Extra = {}
  for (const part of block.split(',')) {
    const [letter = '', value = ''] = [part.slice(0, 1), part.slice(2)]
    const name = TAG_PARAMETERS[letter]
    if (name !== undefined) parameters[name] = value
    if (letter !== 'c' || !/^\d{1,15}$/.test(value)) continue
    const epochMs = value.length > 10 ? Number(value) : Number(value) * 1000
    if (epochMs <= MAX_EPOCH_MS) parameters['time_utc'] = formatUtc(epochMs)
  }
  return parameters
}

class NmeaDecoder implements Decoder {
  readonly #clock = new EpochClock()

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    const sentence = parseSentence(frame)
    if ('code' in sentence) return failure(sentence.code, sentence.why)
    const { talker, type } = sentence
    const read = talker === 'P' ? undefined : READERS.get(type)
    if (read && sentence.encapsulated) return failure('FRAME_FORMAT', `${talker}${type} begins with $`)
    const draft: Draft = {}
    const extra: Extra = { talker, type }
    if (sentence.tagBlock !== undefined) extra['tag_block'] = tagBlockJson(sentence.tagBlock)
    const fields = new Fields(sentence.fields)
    if (read) read(fields, { draft, extra, clock: this.#clock, receivedAt: context.receivedAt })
    else Object.assign(extra, { supported: false, checksum_ok: true, fields: sentence.fields })
    if (fields.problem !== undefined) return failure('VALUE_RANGE', `${talker}${type}: ${fields.problem}`)
    draft.extra = extra
    return readings(draft)
  }
}

export const nmea0183: Codec = {
  protocol: 'nmea0183',
  title: 'NMEA 0183 (GNSS receivers)',
  transport: 'serial',
  alsoOver: ['udp', 'websocket'],
  encoding: 'text',
  idScope: 'system',
  serialHabits: { baudRates: [9600, 4800, 38_400, 115_200, 57_600, 460_800, 19_200], checksumBits: 8 },
  createFramer: () => new NmeaFramer(),
  createDecoder: () => new NmeaDecoder()
}
