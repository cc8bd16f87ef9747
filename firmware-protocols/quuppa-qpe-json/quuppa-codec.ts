import { type Codec, type DecodeResult, type Decoder, defineCodec, type FrameContext } from '../codec.ts'
import { formatUtc } from '../kit/civil-time.ts'
import { boundedJson, type Extra, finiteNumber, isJsonObject, type JsonObject, parseLooseJson } from '../kit/json.ts'
import { LruMap } from '../kit/lru-map.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { readCsv } from './quuppa-csv.ts'
import {
  applyLocation,
  applyOthers,
  applySensors,
  applySignals,
  firstOf,
  LOCATION_TIME,
  PACKET_TIME,
  tagIdOf,
  timeMs
} from './quuppa-record.ts'
import { type QuuppaSettings, quuppaSettingsSchema } from './quuppa-settings.ts'

/** The engine repeats what it knows of a silent tag; what is older than this at its own clock is no news. */
const STALE_AFTER_MS = 30_000
const CLOCK_SET_BACK_MS = 10_000
const MAX_REMEMBERED = 40_000

/** When a tag was last heard and located, as the engine last said. */
interface Told {
  readonly packetMs: number | undefined
  readonly locationMs: number | undefined
}

class QuuppaDecoder implements Decoder {
  readonly #told = new LruMap<string, Told>(MAX_REMEMBERED)
  readonly #settings: QuuppaSettings

  constructor(settings: QuuppaSettings) {
    this.#settings = settings
  }

  /**
   * JSON: one record, a list of them, or an answer to a poll `{"code","status","tags":[…],"responseTS"}`. Anything else: CSV.
   */
  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    const text = utf8Text(frame).trim()
    if (text === '') return ignored('an empty message')
    if (!text.startsWith('{') && !text.startsWith('[')) return this.#csv(text, context)
    const value = parseLooseJson(text)
    if (Array.isArray(value)) return this.#records(value, {}, context)
    if (!isJsonObject(value)) return failure('FRAME_FORMAT', 'the message is no JSON')
    if (Array.isArray(value['tags'])) return this.#records(value['tags'], value, context)
    if (tagIdOf(value) === undefined && (value['code'] !== undefined || value['status'] !== undefined)) return answer(value)
    return this.#records([value], {}, context)
  }

  #csv(text: string, context: FrameContext): DecodeResult {
    const records = readCsv(text, this.#settings.csvColumns)
    if (records === undefined) return failure('FRAME_CONTEXT', 'CSV without a line that names the columns; set csvColumns')
    return this.#records(records, {}, context)
  }

  /** A record that is none costs only itself, unless it is the only one. */
  #records(list: readonly unknown[], answered: JsonObject, context: FrameContext): DecodeResult {
    if (list.length === 0) return ignored('no tags')
    const good: Reading[] = []
    let bad: DecodeResult | undefined
    let refused = 0
    for (const item of list) {
      const read = this.#record(item, answered, context)
      if ('kind' in read) {
        bad = read
        refused++
      } else good.push(read)
    }
    const first = good[0]
    if (first === undefined) return bad ?? ignored('no tags')
    if (refused > 0) good[0] = { ...first, extra: { ...first.extra, refused_records: refused } }
    return { kind: 'readings', readings: good }
  }

  #record(record: unknown, answered: JsonObject, context: FrameContext): Reading | DecodeResult {
    if (!isJsonObject(record)) return failure('FRAME_FORMAT', 'a record that is no object')
    const tag = tagIdOf(record)
    if (tag === undefined) return failure('FRAME_FORMAT', 'a record without a tagId')
    const response = record['responseTS'] ?? answered['responseTS']
    const responseMs = finiteNumber(response)
    if (responseMs !== undefined && responseMs < 0) return failure('VALUE_RANGE', 'responseTS is negative')
    const draft: Draft = { tag }
    const extra: Extra = { tag_id: tag }
    applyLocation(record, draft, extra)
    applySensors(record, draft)
    const locationMs = timeMs(firstOf(record, LOCATION_TIME))
    const packetMs = timeMs(firstOf(record, PACKET_TIME))
    const engineMs = plausibleNow(responseMs)
    this.#applyTimes(tag, packetMs, locationMs, engineMs ?? packetMs, draft, extra)
    applySignals(record, pressClock(engineMs, packetMs ?? locationMs, draft.stale === true, context.receivedAt), draft, extra)
    applyOthers(record, extra)
    draft.extra = extra
    return draft
  }

  /**
   * `lastPacketTS`: the tag was heard then; `locationTS`: it was located then. A record that brings neither a later packet nor (where it
   * names none) a later location repeats an old one. A tag that is heard but not located any more keeps its old place for the record only.
   */
  #applyTimes(
    tag: string,
    packetMs: number | undefined,
    locationMs: number | undefined,
    nowMs: number | undefined,
    draft: Draft,
    extra: Extra
  ): void {
    if (locationMs !== undefined) extra['timestamp_utc'] = formatUtc(locationMs)
    if (packetMs !== undefined) extra['last_packet_utc'] = formatUtc(packetMs)
    const deviceTime = locationMs ?? packetMs
    if (deviceTime !== undefined) draft.deviceTime = deviceTime
    const before = this.#told.get(tag)
    this.#told.set(tag, { packetMs: later(packetMs, before?.packetMs), locationMs: later(locationMs, before?.locationMs) })
    const heardMs = packetMs ?? locationMs
    if (heardMs === undefined) return
    const heardBefore = packetMs === undefined ? before?.locationMs : before?.packetMs
    const old = (ms: number): boolean => nowMs !== undefined && nowMs - ms > STALE_AFTER_MS
    if (isRepeat(heardMs, heardBefore) || old(heardMs)) {
      draft.stale = true
      return
    }
    if (draft.position !== undefined && locationMs !== undefined && (isRepeat(locationMs, before?.locationMs) || old(locationMs)))
      draft.usable = false
  }
}

/**
 * Against which time the age of a press counts: the engine's, since the gateway's clock can be another. Without it the last packet is
 * the nearest to "now"; of a repeated record it is not.
 */
function pressClock(
  engineMs: number | undefined,
  heardMs: number | undefined,
  stale: boolean,
  receivedAt: number | undefined
): number | undefined {
  if (engineMs !== undefined) return engineMs
  if (heardMs === undefined) return receivedAt
  return stale ? undefined : heardMs
}

/** A clock that was never set says 1970; it tells no age. */
const plausibleNow = (ms: number | undefined): number | undefined => (ms !== undefined && ms > 1_000_000_000_000 ? ms : undefined)

/** An older time comes late by the network; one that is much older is that of an engine whose clock was set back. */
const isRepeat = (ms: number, before: number | undefined): boolean =>
  before !== undefined && ms <= before && before - ms < CLOCK_SET_BACK_MS

const later = (ms: number | undefined, before: number | undefined): number | undefined =>
  ms === undefined || isRepeat(ms, before) ? before : ms

/** What the engine answers when it has no tags to tell of: an error, a state of its own. */
function answer(value: JsonObject): DecodeResult {
  const extra: Extra = { kind: 'answer' }
  for (const [key, item] of Object.entries(value)) if (key !== '__proto__' && item !== null) extra[key] = boundedJson(item)
  return readings({ device: 'qpe', extra })
}

const DEFAULTS = quuppaSettingsSchema.parse({})

export const quuppaQpeJson: Codec = defineCodec<QuuppaSettings>({
  protocol: 'quuppa-qpe-json',
  title: 'Quuppa Positioning Engine, JSON or CSV',
  transport: 'udp',
  alsoOver: ['http', 'mqtt'],
  encoding: 'text',
  idScope: 'system',
  settings: quuppaSettingsSchema,
  createDecoder: (settings = DEFAULTS) => new QuuppaDecoder(settings)
})
