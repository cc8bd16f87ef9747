import { boundedJson, type Extra, type JsonObject } from '../kit/json.ts'
import { keepAny, keepDuration, keepNumber, keepText, keepTime, textsOf } from './omlox-fields.ts'

/** Kinds of objects that a hub sends, told apart by their members: they carry no name of their own. */
export type OmloxKind =
  | 'location'
  | 'proximity'
  | 'motion'
  | 'fence_event'
  | 'collision_event'
  | 'fence'
  | 'zone'
  | 'trackable'
  | 'provider'

const PROVIDER_TYPES = new Set(['uwb', 'gps', 'wifi', 'rfid', 'ibeacon', 'virtual', 'unknown'])
const ZONE_MEMBERS = [
  'ground_control_points',
  'incomplete_configuration',
  'position',
  'site',
  'building',
  'wgs84_height',
  'floor',
  'address'
]
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function kindOf(body: JsonObject): OmloxKind | undefined {
  const has = (name: string): boolean => body[name] !== undefined && body[name] !== null
  if (has('provider_id') && has('position')) return 'location'
  if (has('id') && has('location')) return 'motion'
  if (has('fence_id') && has('event_type')) return 'fence_event'
  if (has('collision_type')) return 'collision_event'
  if (has('provider_id') && has('source')) return 'proximity'
  if (!has('id')) return undefined
  if (has('region')) return 'fence'
  const { id, type } = body
  if (type === 'omlox' || has('location_providers') || (type === 'virtual' && typeof id === 'string' && UUID.test(id))) return 'trackable'
  if (typeof type !== 'string' || !PROVIDER_TYPES.has(type)) return undefined
  return ZONE_MEMBERS.some(has) ? 'zone' : 'provider'
}

function applyCommon(body: JsonObject, extra: Extra): void {
  for (const name of ['id', 'type', 'name', 'foreign_id', 'zone_id', 'crs', 'elevation_ref']) keepText(body, name, extra)
  for (const name of ['extrusion', 'radius', 'exit_tolerance']) keepNumber(body, name, extra, `${name}_m`)
  keepNumber(body, 'floor', extra)
  for (const name of ['fence_timeout', 'timeout', 'tolerance_timeout', 'exit_delay']) keepDuration(body, name, extra)
  for (const name of ['geometry', 'region', 'properties', 'sensors', 'locating_rules']) keepAny(body, name, extra)
}

/** Trackable, Fence, LocationProvider: how the hub is set up. */
export function objectExtra(kind: OmloxKind, body: JsonObject): Extra {
  const extra: Extra = { kind }
  applyCommon(body, extra)
  if (kind === 'trackable') extra['location_providers'] = textsOf(body['location_providers'])
  if (kind === 'zone')
    for (const [key, value] of Object.entries(body))
      if (key !== '__proto__' && value !== null && !Object.hasOwn(extra, key)) extra[key] = boundedJson(value)
  return extra
}

/** FenceEvent: id, fence_id, event_type (region_entry, region_exit), provider_id or trackable_id, trackables, entry_time, exit_time */
export function fenceEventExtra(body: JsonObject): Extra {
  const extra: Extra = { kind: 'fence_event' }
  for (const name of ['id', 'fence_id', 'event_type', 'provider_id', 'trackable_id', 'foreign_id']) keepText(body, name, extra)
  if (Array.isArray(body['trackables'])) extra['trackables'] = textsOf(body['trackables'])
  keepTime(body, 'entry_time', extra, 'entry_time_utc')
  keepTime(body, 'exit_time', extra, 'exit_time_utc')
  keepAny(body, 'properties', extra)
  return extra
}

/** CollisionEvent: id, collision_type (collision_start, colliding, collision_end), start_time, collision_time, end_time, collisions (two objects), center_distance */
export function collisionExtra(body: JsonObject): Extra {
  const extra: Extra = { kind: 'collision_event' }
  for (const name of ['id', 'collision_type']) keepText(body, name, extra)
  for (const name of ['start_time', 'collision_time', 'end_time']) keepTime(body, name, extra, `${name}_utc`)
  keepNumber(body, 'center_distance', extra, 'center_distance_m')
  for (const name of ['collisions', 'collision_area']) keepAny(body, name, extra)
  return extra
}
