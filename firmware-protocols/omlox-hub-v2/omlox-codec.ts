import type { Codec, DecodeResult, Decoder } from '../codec.ts'
import { boundedJson, type Extra, isJsonObject, type JsonObject, parseLooseJson } from '../kit/json.ts'
import { LruMap } from '../kit/lru-map.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { bareId, textsOf, timeOf } from './omlox-fields.ts'
import { readLocation, readProximity } from './omlox-location.ts'
import { collisionExtra, fenceEventExtra, kindOf, objectExtra } from './omlox-objects.ts'

/** Short id of the hub itself, for what it says of nobody else. */
const HUB = 'hub'
const MAX_REMEMBERED = 40_000
/** A time so much older than the one before is of a clock that was set back; anything nearer comes late or twice. */
const CLOCK_SET_BACK_MS = 10_000

const isResult = (value: Reading | DecodeResult): value is DecodeResult => 'kind' in value

class OmloxDecoder implements Decoder {
  /** When each provider was located last. */
  readonly #locatedMs = new LruMap<string, number>(MAX_REMEMBERED)
  /** Provider of a trackable, from locations and trackables: events name the trackable only. */
  readonly #providers = new LruMap<string, string>(MAX_REMEMBERED)

  /** WebSocket: `{"event","topic","payload":[…]}`. REST: an object, or a list of them. */
  decode(frame: Uint8Array): DecodeResult {
    const value = parseLooseJson(utf8Text(frame))
    if (Array.isArray(value)) return this.#objects(value)
    if (!isJsonObject(value)) return failure('FRAME_FORMAT', 'the message is no JSON object')
    if (typeof value['event'] !== 'string') return this.#objects([value])
    if (value['event'] === 'message') return this.#message(value)
    return ofHub(value['event'], value)
  }

  #message({ payload, topic }: JsonObject): DecodeResult {
    if (!Array.isArray(payload)) return failure('FRAME_FORMAT', 'a message without a payload')
    return this.#objects(typeof topic === 'string' && topic.endsWith(':geojson') ? payload.flatMap(featuresOf) : payload)
  }

  /** An object that is none costs only itself, unless it is the only one. */
  #objects(list: readonly unknown[]): DecodeResult {
    if (list.length === 0) return ignored('an empty list')
    const good: Reading[] = []
    let bad: DecodeResult = ignored('an empty list')
    let refused = 0
    for (const item of list) {
      const read = isJsonObject(item) ? this.#object(item) : failure('FRAME_FORMAT', 'an object that is none')
      if (isResult(read)) {
        bad = read
        refused++
      } else good.push(read)
    }
    const first = good[0]
    if (first === undefined) return bad
    if (refused > 0) good[0] = { ...first, extra: { ...first.extra, refused_objects: refused } }
    return { kind: 'readings', readings: good }
  }

  #object(body: JsonObject): Reading | DecodeResult {
    const kind = kindOf(body)
    switch (kind) {
      case undefined:
        return failure('FRAME_FORMAT', 'no object of the hub interface')
      case 'location':
        return this.#location(body)
      case 'motion':
        return this.#motion(body)
      case 'proximity':
        return readProximity(body)
      case 'fence_event':
        return this.#fenceEvent(body)
      case 'collision_event':
        return { device: HUB, extra: collisionExtra(body) }
      default: {
        const device = bareId(body['id'])
        if (device === undefined) return failure('FRAME_FORMAT', `a ${kind} whose id is none`)
        if (kind === 'trackable') this.#learn(textsOf(body['location_providers'])[0], [device])
        return { device, extra: objectExtra(kind, body) }
      }
    }
  }

  #location(body: JsonObject): Reading | DecodeResult {
    const read = readLocation(body)
    if (isResult(read) || read.tag === undefined) return read
    this.#learn(read.tag, textsOf(body['trackables']))
    const { deviceTime } = read
    if (deviceTime === undefined) return read
    const before = this.#locatedMs.get(read.tag)
    const isRepeat = before !== undefined && deviceTime <= before && before - deviceTime < CLOCK_SET_BACK_MS
    if (!isRepeat) this.#locatedMs.set(read.tag, deviceTime)
    return isRepeat ? { ...read, stale: true } : read
  }

  /** TrackableMotion: id, name, geometry, extrusion, location, properties of the trackable; a location in the words of whom it moves. */
  #motion(body: JsonObject): Reading | DecodeResult {
    const { location, id, name } = body
    if (!isJsonObject(location)) return failure('FRAME_FORMAT', 'a motion whose location is none')
    const read = this.#location(location)
    if (isResult(read)) return read
    const extra: Extra = { ...read.extra, kind: 'trackable_motion' }
    if (typeof id === 'string') {
      extra['trackable_id'] = id
      this.#learn(read.tag, [id])
    }
    if (typeof name === 'string') extra['trackable_name'] = name
    if (isJsonObject(body['properties'])) extra['trackable_properties'] = boundedJson(body['properties'])
    if (isJsonObject(body['geometry'])) extra['trackable_geometry'] = boundedJson(body['geometry'])
    return { ...read, extra }
  }

  #fenceEvent(body: JsonObject): Reading | DecodeResult {
    const trackable = bareId(body['trackable_id'])
    const tag = bareId(body['provider_id']) ?? (trackable === undefined ? undefined : this.#providers.get(trackable))
    const draft: Draft = {}
    if (tag !== undefined) draft.tag = tag
    else draft.device = trackable ?? HUB
    const time = timeOf(body['exit_time']) ?? timeOf(body['entry_time'])
    if (time !== undefined) draft.deviceTime = time
    draft.extra = fenceEventExtra(body)
    return draft
  }

  #learn(provider: string | undefined, trackables: readonly string[]): void {
    const tag = bareId(provider)
    if (tag === undefined) return
    for (const trackable of trackables) this.#providers.set(bareId(trackable) ?? trackable, tag)
  }
}

/** subscribe, subscribed, unsubscribe, unsubscribed, error: of the hub, with what they say. */
function ofHub(event: string, { event: _, ...rest }: JsonObject): DecodeResult {
  const extra: Extra = { kind: event }
  for (const [key, value] of Object.entries(rest))
    if (key !== '__proto__' && key !== 'kind' && value !== null && value !== undefined) extra[key] = boundedJson(value)
  return readings({ device: HUB, extra })
}

/** Features of a collection as the objects that they are: their geometry is the position, in degrees unless they say otherwise. */
function featuresOf(collection: unknown): unknown[] {
  if (!isJsonObject(collection)) return [collection]
  const features = Array.isArray(collection['features']) ? collection['features'] : [collection]
  return features.map((feature: unknown) => {
    if (!isJsonObject(feature) || !isJsonObject(feature['properties'])) return feature
    return { crs: 'EPSG:4326', ...feature['properties'], position: feature['geometry'] }
  })
}

export const omloxHubV2: Codec = {
  protocol: 'omlox-hub-v2',
  title: 'omlox hub, version 2',
  transport: 'websocket',
  alsoOver: ['http'],
  encoding: 'text',
  idScope: 'system',
  createDecoder: () => new OmloxDecoder()
}
