/**
 * Import and export of what has a place as GeoJSON (RFC 7946: longitude, latitude on WGS84), for maps. Positions go through the georeference of their
 * frame and come back to a tenth of a millimetre, the grid to which they are rounded.
 */
import type { Georeference } from './georeference/level-frame.ts'
import type { Polygon } from './polygon.ts'
import type { SiteRecords } from './site-model.ts'
import { type Imported, type ImportProblem, MAX_IMPORT_PROBLEMS, parseRecord, settle } from './site-tables.ts'

export type PlacedKind = 'anchor' | 'receiver' | 'zone'
export type Georeferences = ReadonlyMap<string, Georeference>

interface Feature {
  readonly type: 'Feature'
  readonly id: string
  readonly geometry: { readonly type: 'Point' | 'Polygon'; readonly coordinates: unknown }
  readonly properties: Readonly<Record<string, unknown>>
}

export interface FeatureCollection {
  readonly type: 'FeatureCollection'
  readonly features: readonly Feature[]
}

export type Exported =
  | { readonly ok: true; readonly collection: FeatureCollection }
  | { readonly ok: false; readonly problems: readonly ImportProblem[] }

const MAX_FEATURES = 100_000

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits)) + 0

/** Zones lie on the level z = 0 of their frame. */
export function writeGeoJson<K extends PlacedKind>(kind: K, records: readonly SiteRecords[K][], frames: Georeferences): Exported {
  const problems: ImportProblem[] = []
  const features = records.flatMap((record, index): readonly Feature[] => {
    const frame = frames.get(record.frame)
    const geometry = frame === undefined ? undefined : 'polygon' in record ? areaOf(record.polygon, frame) : pointOf(record, frame)
    if (geometry === undefined) {
      problems.push({ at: index + 1, ...unplaced(kind, record.id, record.frame, frame) })
      return []
    }
    const { x: _x, y: _y, z: _z, polygon: _polygon, ...properties }: Record<string, unknown> = { ...record }
    return [{ type: 'Feature', id: record.id, geometry, properties: { kind, ...properties } }]
  })
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, MAX_IMPORT_PROBLEMS) }
  return { ok: true, collection: { type: 'FeatureCollection', features } }
}

function unplaced(kind: string, id: string, name: string, frame: Georeference | undefined) {
  return frame === undefined
    ? { what: `the frame ${name} of ${kind} ${id} is not tied to the earth`, remedy: 'add it to the section frames of the configuration' }
    : { what: `${kind} ${id} lies outside of what its frame can express`, remedy: 'check its coordinates' }
}

function lonLat(frame: Georeference, x: number, y: number, z: number): readonly [number, number, number] | undefined {
  const place = frame.toWgs84({ x, y, z })
  return place === undefined ? undefined : [rounded(place.lon, 10), rounded(place.lat, 10), rounded(place.alt, 5)]
}

function pointOf(
  { x, y, z }: { readonly x: number; readonly y: number; readonly z: number },
  frame: Georeference
): Feature['geometry'] | undefined {
  const coordinates = lonLat(frame, x, y, z)
  return coordinates === undefined ? undefined : { type: 'Point', coordinates }
}

function areaOf(polygon: Polygon, frame: Georeference): Feature['geometry'] | undefined {
  const coordinates = polygon.map((ring) => [...ring, ...ring.slice(0, 1)].map(([x, y]) => lonLat(frame, x, y, 0)?.slice(0, 2)))
  return coordinates.some((ring) => ring.some((vertex) => vertex === undefined)) ? undefined : { type: 'Polygon', coordinates }
}

/** All features or none. `value` is parsed JSON. */
export function readGeoJson<K extends PlacedKind>(kind: K, value: unknown, frames: Georeferences): Imported<K> {
  const features =
    isRecord(value) && value['type'] === 'FeatureCollection' && Array.isArray(value['features']) ? value['features'] : undefined
  if (features === undefined || features.length > MAX_FEATURES)
    return {
      ok: false,
      problems: [
        {
          at: 1,
          what: features === undefined ? 'this is no GeoJSON FeatureCollection' : `more than ${MAX_FEATURES} features`,
          remedy: 'export it as GeoJSON (RFC 7946), longitude before latitude'
        }
      ]
    }
  const problems: ImportProblem[] = []
  const records = features.map((feature: unknown, index) => {
    const fields = readFeature(kind, feature, frames)
    if (!('what' in fields)) return parseRecord(kind, index + 1, fields.fields, problems)
    problems.push({ at: index + 1, what: fields.what, remedy: fields.remedy })
    return undefined
  })
  return settle(
    kind,
    records,
    problems,
    records.map((_, index) => index + 1)
  )
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type Fields = { readonly fields: Readonly<Record<string, unknown>> } | { readonly what: string; readonly remedy: string }

function readFeature(kind: PlacedKind, feature: unknown, frames: Georeferences): Fields {
  const properties = isRecord(feature) && isRecord(feature['properties']) ? feature['properties'] : undefined
  const geometry = isRecord(feature) && isRecord(feature['geometry']) ? feature['geometry'] : undefined
  if (!isRecord(feature) || properties === undefined || geometry === undefined)
    return {
      what: 'this feature has no geometry, or no properties',
      remedy: 'give both, with at least the id and the frame among the properties'
    }
  const { kind: written = kind, ...rest } = properties
  if (written !== kind)
    return { what: `this is a ${String(written).slice(0, 40)}, and ${kind}s are read`, remedy: 'import each kind by itself' }
  const name = String(rest['frame'])
  const frame = frames.get(name)
  if (frame === undefined)
    return {
      what: `the frame ${name.slice(0, 60)} is not tied to the earth`,
      remedy: `name one that is: ${[...frames.keys()].slice(0, 20).join(', ')}`
    }
  const place = kind === 'zone' ? readArea(geometry, frame) : readPoint(geometry, frame)
  if (place === undefined)
    return kind === 'zone'
      ? {
          what: 'the geometry is no Polygon on the earth',
          remedy: 'draw an area, longitude before latitude; several parts are several zones'
        }
      : { what: 'the geometry is no Point with a height', remedy: 'give longitude, latitude and metres above the ellipsoid' }
  const id = rest['id'] ?? feature['id']
  // Map programs write what is not there as null.
  const given = Object.entries({ ...rest, id, ...place }).filter(([, value]) => value !== null && value !== undefined)
  return { fields: Object.fromEntries(given) }
}

function readPoint({ type, coordinates }: Readonly<Record<string, unknown>>, frame: Georeference) {
  const [lon, lat, alt] = numbersOf(coordinates) ?? []
  if (type !== 'Point' || lon === undefined || lat === undefined || alt === undefined || !isOnEarth(lon, lat)) return undefined
  const point = frame.toFrame({ lat, lon, alt })
  return point === undefined ? undefined : { x: rounded(point.x, 4), y: rounded(point.y, 4), z: rounded(point.z, 4) }
}

function readArea(
  { type, coordinates }: Readonly<Record<string, unknown>>,
  frame: Georeference
): { readonly polygon: unknown } | undefined {
  if (type !== 'Polygon' || !Array.isArray(coordinates)) return undefined
  const rings = coordinates.map((ring: unknown) =>
    Array.isArray(ring) ? ring.map((vertex: unknown) => readVertex(vertex, frame)) : [undefined]
  )
  return rings.some((ring) => ring.some((vertex) => vertex === undefined)) ? undefined : { polygon: rings }
}

/** The point of the level z = 0 above or below a place; two steps, for up in the frame is nearly up at the place. */
function readVertex(vertex: unknown, frame: Georeference): readonly [number, number] | undefined {
  const [lon, lat] = numbersOf(vertex) ?? []
  if (lon === undefined || lat === undefined || !isOnEarth(lon, lat)) return undefined
  let alt = 0
  let point = frame.toFrame({ lat, lon, alt })
  for (let step = 0; step < 3 && point !== undefined; step++) {
    alt -= point.z
    point = frame.toFrame({ lat, lon, alt })
  }
  return point === undefined ? undefined : [rounded(point.x, 4), rounded(point.y, 4)]
}

function numbersOf(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === 'number' && Number.isFinite(each))
    ? (value as readonly number[])
    : undefined
}

const isOnEarth = (lon: number, lat: number): boolean => Math.abs(lon) <= 180 && Math.abs(lat) <= 90
