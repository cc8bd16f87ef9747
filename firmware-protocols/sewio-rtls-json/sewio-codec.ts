import type { Codec, DecodeResult, Decoder } from '../codec.ts'
import { formatUtc } from '../kit/civil-time.ts'
import { boundedJson, type Extra, isJsonObject, type JsonObject, keepRest, parseLooseJson } from '../kit/json.ts'
import { LruMap } from '../kit/lru-map.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import {
  applyBattery,
  applyOtherStreams,
  applyPosition,
  latestMs,
  numberIn,
  recordTimeMs,
  type Stream,
  streamsOf
} from './sewio-streams.ts'

const MAX_REMEMBERED = 40_000
/** A time so much older than the one before is of a server whose clock was set back; anything nearer comes late. */
const CLOCK_SET_BACK_MS = 10_000
/** In a list of all tags: how long before the freshest of them a tag was heard last, to be called silent. */
const STALE_AFTER_MS = 60_000

/** What was told of a tag, times of the server. */
interface Told {
  readonly atMs: number
  readonly buttonMs: number
}

interface Feed {
  readonly id: string
  readonly body: JsonObject
  readonly streams: ReadonlyMap<string, Stream>
  readonly atMs: number | undefined
}

const FEED_KNOWN = new Set(['id', 'address', 'datastreams', 'zones', 'type', 'resource', 'at'])
const EVENT_KNOWN = new Set(['feed_id', 'at', 'timestamp'])

class SewioDecoder implements Decoder {
  readonly #told = new LruMap<string, Told>(MAX_REMEMBERED)

  /**
   * One tag, by WebSocket as `{"body":{"id","datastreams":[…]},"resource":"/feeds/18"}`, by UDP without the envelope; the answer of the REST
   * interface is a list, or has one in `results`.
   */
  decode(frame: Uint8Array): DecodeResult {
    const text = utf8Text(frame)
    if (text.trim() === '') return ignored('an empty message')
    const value = parseTolerantly(text)
    if (Array.isArray(value)) return this.#list(value)
    if (!isJsonObject(value)) return failure('FRAME_FORMAT', 'the message is no JSON object')
    const inner = value['body'] ?? value
    const list = Array.isArray(inner) ? inner : value['results']
    if (Array.isArray(list)) return this.#list(list)
    if (!isJsonObject(inner)) return failure('FRAME_FORMAT', 'the body is no object')
    const resource = typeof value['resource'] === 'string' ? value['resource'] : undefined
    return this.#message(inner, resource)
  }

  #message(body: JsonObject, resource: string | undefined): DecodeResult {
    if (body['feed_id'] !== undefined) return zoneEvent(body, resource)
    const feed = feedOf(body)
    if (feed !== undefined) return readings(this.#feed(feed, undefined))
    if (body['error'] === undefined && body['status'] === undefined && body['message'] === undefined)
      return failure('FRAME_FORMAT', 'neither a tag nor a message of the server')
    const extra: Extra = { kind: 'server_message' }
    keepRest(body, new Set(), extra)
    return readings({ device: 'rtls-studio', extra })
  }

  /** All that the server knows, silent tags included. */
  #list(list: readonly unknown[]): DecodeResult {
    if (list.length === 0) return ignored('no tags')
    const feeds: Feed[] = []
    for (const item of list) {
      const feed = isJsonObject(item) ? feedOf(item) : undefined
      if (feed !== undefined) feeds.push(feed)
    }
    if (feeds.length === 0) return failure('FRAME_FORMAT', 'no tag in the list')
    const freshest = feeds.reduce((latest, { atMs = 0 }) => Math.max(latest, atMs), 0)
    return { kind: 'readings', readings: feeds.map((feed) => this.#feed(feed, freshest)) }
  }

  #feed({ id, body, streams, atMs }: Feed, freshestMs: number | undefined): Reading {
    const draft: Draft = {}
    if (body['type'] === 'anchor') draft.device = id
    else draft.tag = id
    const extra: Extra = {}
    extra['kind'] = applyPosition(streams, draft, extra) ? 'position' : 'status'
    extra['tag_id'] = id
    if (typeof body['address'] === 'string') extra['address'] = body['address']
    applyBattery(streams, draft)
    applyOtherStreams(streams, extra)
    if (body['zones'] !== undefined && body['zones'] !== null) extra['zones'] = boundedJson(body['zones'])
    if (typeof body['type'] === 'string') extra['type'] = body['type']
    keepRest(body, FEED_KNOWN, extra)
    const time = (draft.position === undefined ? undefined : streams.get('posX')?.atMs) ?? atMs
    if (time !== undefined) {
      draft.deviceTime = time
      extra['timestamp_utc'] = formatUtc(time)
    }
    this.#judge(id, streams, atMs, freshestMs, draft)
    draft.extra = extra
    return draft
  }

  /** Whether it is news, and whether the button was pressed since. */
  #judge(id: string, streams: ReadonlyMap<string, Stream>, atMs: number | undefined, freshestMs: number | undefined, draft: Draft): void {
    const before = this.#told.get(id)
    const silent = atMs !== undefined && freshestMs !== undefined && freshestMs - atMs > STALE_AFTER_MS
    if (atMs !== undefined && (silent || isRepeat(atMs, before?.atMs))) draft.stale = true
    const pressMs = streams.get('user_button')?.atMs
    const pressed = (numberIn(streams, 'user_button') ?? 0) > 0
    const isNews = pressMs === undefined ? draft.stale !== true : !isRepeat(pressMs, before?.buttonMs)
    const isOld = pressMs !== undefined && freshestMs !== undefined && freshestMs - pressMs > STALE_AFTER_MS
    if (pressed && isNews && !isOld)
      draft.signals = [{ kind: 'button', form: 'event', ...(pressMs === undefined ? {} : { id: String(pressMs) }) }]
    if (atMs === undefined) return
    this.#told.set(id, {
      atMs: later(atMs, before?.atMs),
      buttonMs: pressMs === undefined ? (before?.buttonMs ?? 0) : later(pressMs, before?.buttonMs)
    })
  }
}

const isRepeat = (ms: number, before: number | undefined): boolean =>
  before !== undefined && ms <= before && before - ms < CLOCK_SET_BACK_MS
const later = (ms: number, before: number | undefined): number => (before !== undefined && isRepeat(ms, before) ? before : ms)

function feedOf(body: JsonObject): Feed | undefined {
  const { id, datastreams } = body
  if ((typeof id !== 'string' && typeof id !== 'number') || !Array.isArray(datastreams) || String(id).trim() === '') return undefined
  const streams = streamsOf(datastreams)
  return { id: String(id).trim(), body, streams, atMs: latestMs(streams) ?? recordTimeMs(body) }
}

/** A tag that enters or leaves a zone: `{"body":{"feed_id":"18","zone_id":"5","status":"in","at":…},"resource":"/zones/5"}` */
function zoneEvent(body: JsonObject, resource: string | undefined): DecodeResult {
  const id = body['feed_id']
  if ((typeof id !== 'string' && typeof id !== 'number') || String(id).trim() === '') return failure('FRAME_FORMAT', 'feed_id is none')
  const tag = String(id).trim()
  const extra: Extra = { kind: 'zone', tag_id: tag }
  if (resource !== undefined) extra['resource'] = resource
  keepRest(body, EVENT_KNOWN, extra)
  const atMs = recordTimeMs(body)
  if (atMs === undefined) return readings({ tag, extra })
  extra['timestamp_utc'] = formatUtc(atMs)
  return readings({ tag, deviceTime: atMs, extra })
}

/** As JSON; older servers put commas behind the last of a list. */
function parseTolerantly(text: string): unknown {
  return parseLooseJson(text) ?? parseLooseJson(text.replace(/,(\s*[}\]])/g, '$1'))
}

export const sewioRtlsJson: Codec = {
  protocol: 'sewio-rtls-json',
  title: 'Sewio RTLS Studio, JSON',
  transport: 'websocket',
  alsoOver: ['udp', 'http'],
  encoding: 'text',
  idScope: 'system',
  createDecoder: () => new SewioDecoder()
}
