import type { DecodeResult } from '../codec.ts'
import { formatUtc } from '../kit/civil-time.ts'
import { type Extra, finiteNumber, type JsonObject } from '../kit/json.ts'
import { type Draft, failure } from '../kit/results.ts'
import type { Reading } from '../reading.ts'
import { bareId, keepAngle, keepAny, keepText, keepTime, type Point, pointJson, pointOf, textsOf, timeOf } from './omlox-fields.ts'

const LOCAL = 'local'
const WGS84 = 'EPSG:4326'

/** x, y, z are metres of the source's own system, or longitude and latitude; a projected place is told as it is and fills no field. */
function applyPoint(point: Point, crs: string, draft: Draft, extra: Extra): string | undefined {
  if (crs === LOCAL) draft.position = point
  else if (crs === WGS84) {
    if (Math.abs(point.y) > 90 || Math.abs(point.x) > 180) return `longitude ${point.x}, latitude ${point.y} is no place on the Earth`
    draft.geo = { latitudeDeg: point.y, longitudeDeg: point.x }
    // Height over the floor or over the ellipsoid, by `elevation_ref`: in neither case the height above the sea.
    if (point.z !== undefined) extra['elevation_m'] = point.z
  } else extra['position'] = pointJson(point)
  return undefined
}

/**
 * Location: position (GeoJSON Point), source (zone or the device itself), provider_type, provider_id, trackables, timestamp_generated,
 * timestamp_sent, crs (absent: local), associated, accuracy m, floor, true_heading, magnetic_heading, heading_accuracy deg (negative: none),
 * elevation_ref (floor, wgs84), speed m/s, course deg, properties
 */
export function readLocation(body: JsonObject): Reading | DecodeResult {
  const tag = bareId(body['provider_id'])
  const point = pointOf(body['position'])
  if (tag === undefined) return failure('FRAME_FORMAT', 'a location without a provider_id')
  if (point === undefined) return failure('FRAME_FORMAT', 'a location whose position is no point')
  const crs = typeof body['crs'] === 'string' ? body['crs'] : LOCAL
  const draft: Draft = { tag }
  const extra: Extra = { kind: 'location', crs }
  const problem = applyPoint(point, crs, draft, extra)
  if (problem !== undefined) return failure('VALUE_RANGE', problem)
  for (const name of ['source', 'provider_type', 'provider_id', 'elevation_ref']) keepText(body, name, extra)
  if (body['trackables'] !== undefined) extra['trackables'] = textsOf(body['trackables'])
  if (typeof body['associated'] === 'boolean') extra['associated'] = body['associated']
  applyMotion(body, draft, extra)
  const generatedMs = timeOf(body['timestamp_generated'])
  if (generatedMs !== undefined) {
    draft.deviceTime = generatedMs
    extra['timestamp_utc'] = formatUtc(generatedMs)
  }
  keepTime(body, 'timestamp_sent', extra, 'timestamp_sent_utc')
  keepAny(body, 'properties', extra)
  draft.extra = extra
  return draft
}

function applyMotion(body: JsonObject, draft: Draft, extra: Extra): void {
  const accuracyM = finiteNumber(body['accuracy'])
  if (accuracyM !== undefined && accuracyM >= 0) draft.accuracyM = accuracyM
  const floor = finiteNumber(body['floor'])
  if (floor !== undefined) draft.floor = floor
  const heading = keepAngle(body, 'true_heading', extra)
  if (heading !== undefined) draft.headingDeg = heading
  keepAngle(body, 'magnetic_heading', extra)
  keepAngle(body, 'heading_accuracy', extra)
  const speedMps = finiteNumber(body['speed'])
  if (speedMps !== undefined && speedMps >= 0) draft.speedMps = speedMps
  const course = finiteNumber(body['course'])
  if (course !== undefined && course >= 0) draft.courseDeg = course
}

/** Proximity: source (who noticed), provider_type, provider_id, timestamps, accuracy (distance to the source, m), properties */
export function readProximity(body: JsonObject): Reading | DecodeResult {
  const tag = bareId(body['provider_id'])
  if (tag === undefined) return failure('FRAME_FORMAT', 'a proximity without a provider_id')
  const extra: Extra = { kind: 'proximity' }
  const draft: Draft = { tag }
  const receiver = bareId(body['source'])
  if (receiver !== undefined) draft.receiver = receiver
  for (const name of ['source', 'provider_type', 'provider_id']) keepText(body, name, extra)
  const distanceM = finiteNumber(body['accuracy'])
  if (distanceM !== undefined) extra['distance_m'] = distanceM
  const generatedMs = timeOf(body['timestamp_generated'])
  if (generatedMs !== undefined) {
    draft.deviceTime = generatedMs
    extra['timestamp_utc'] = formatUtc(generatedMs)
  }
  keepTime(body, 'timestamp_sent', extra, 'timestamp_sent_utc')
  keepAny(body, 'properties', extra)
  draft.extra = extra
  return draft
}
