import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createLineDecoder, type DecodedLine } from './decode-line.ts'
import { parseRfc3339 } from './kit/civil-time.ts'
import type { Reading } from './reading.ts'
import { findCodec } from './registry.ts'

const root = new URL('../../', import.meta.url)
const readJson = (url: URL): unknown => JSON.parse(readFileSync(url, 'utf8'))

interface OwnVector {
  readonly title: string
  /** Input lines of `tagward decode`, in order; the result of the last is compared. */
  readonly lines: readonly (string | object)[]
  /** A text after `error`, `ignored`, `incomplete` is the beginning of what is printed. */
  readonly expect: {
    readonly readings?: readonly object[]
    readonly error?: string
    readonly ignored?: string
    readonly incomplete?: string
  }
}

interface SharedVector {
  readonly id?: string
  readonly protocol: string
  readonly kind?: string
  readonly topic?: string
  readonly address?: string
  readonly company_id?: string
  readonly uuid?: string
  readonly input_text?: string
  readonly input_hex?: string
  readonly key_hex?: string
  readonly local_name?: string
  readonly f_port?: number
  readonly received_utc?: string
  /** By name of an expected value; otherwise 1e-4 for the wired protocols and a thousandth for BLE. */
  readonly tolerance?: Readonly<Record<string, number>>
  readonly expected: Readonly<Record<string, unknown>> | null
}

function decodeLines(protocol: string, lines: readonly (string | object)[]): DecodedLine {
  const decode = createLineDecoder(protocol)
  if (!decode) throw new Error(`no codec for ${protocol}`)
  let last: DecodedLine = { ignored: 'nothing' }
  for (const line of lines) last = decode(typeof line === 'string' ? line : JSON.stringify(line))
  return last
}

const folders = readdirSync(new URL('firmware-protocols/', root), { withFileTypes: true }).filter((entry) => entry.isDirectory())

describe.each(folders.map((folder) => folder.name).filter((name) => findCodec(name) !== undefined))('own vectors of %s', (name) => {
  const vectors = readJson(new URL(`firmware-protocols/${name}/${name}.vectors.json`, root)) as readonly OwnVector[]
  it.each(vectors.map((vector) => [vector.title, vector] as const))('%s', (_title, vector) => {
    const got = decodeLines(name, vector.lines)
    if (vector.expect.readings) {
      expect(got).toEqual({ readings: vector.expect.readings })
      return
    }
    const [form, start] = Object.entries(vector.expect)[0] ?? ['', '']
    expect(Object.keys(got)).toEqual([form])
    expect(String(Object.values(got)[0])).toMatch(new RegExp(`^${String(start).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`))
  })
})

/** Where the value that a vector calls by a name is in a reading, where the rule of `valueNamed` does not find it. */
const PLACES: Readonly<Record<string, (reading: Reading) => unknown>> = {
  position_m: (reading) => reading.position,
  tag_id: (reading) => reading.tag?.toLowerCase(),
  node_id: (reading) => reading.tag ?? reading.device,
  gateway_id: (reading) => reading.device,
  temperature_degC: (reading) => reading.temperatureDegC,
  temperature_c: (reading) => reading.temperatureDegC,
  accel_ms2: (reading) => reading.accelMps2 ?? [null, null, null],
  mac: (reading) => reading.tag?.toUpperCase().match(/../g)?.join(':'),
  latitude_deg: (reading) => reading.geo?.latitudeDeg,
  longitude_deg: (reading) => reading.geo?.longitudeDeg,
  ranges: (reading) =>
    reading.ranges?.map((range) => ({
      anchor_id: range.anchor.toUpperCase(),
      anchor_position_m: range.anchorPosition,
      anchor_position_quality: range.anchorPositionQuality,
      distance_m: range.rangeM,
      quality: range.quality
    }))
}

/** `heart_rate_bpm` is `heartRateBpm` where the vocabulary has it, and `extra.heart_rate_bpm` where it has not. */
function valueNamed(reading: Reading, name: string): unknown {
  const own = (reading as Readonly<Record<string, unknown>>)[name.replace(/_([a-z0-9])/g, (_, first: string) => first.toUpperCase())]
  return PLACES[name]?.(reading) ?? own ?? reading.extra?.[name]
}

/** Most that a number may differ. */
type Tolerance = (path: string, expected: number) => number

/** Every leaf that is expected is there, numbers within the tolerance that the vectors were made with. */
function expectLeaves(path: string, got: unknown, expected: unknown, tolerance: Tolerance): void {
  if (expected === null) expect(got ?? null, path).toBeNull()
  else if (typeof expected === 'number') {
    expect(typeof got, path).toBe('number')
    expect(Math.abs(Number(got) - expected), `${path}: ${String(got)} for ${expected}`).toBeLessThanOrEqual(tolerance(path, expected))
  } else if (typeof expected !== 'object') expect(got, path).toBe(expected)
  else {
    expect(got, path).toBeTypeOf('object')
    for (const [key, value] of Object.entries(expected))
      expectLeaves(`${path}.${key}`, (got as Record<string, unknown>)[key], value, tolerance)
    if (Array.isArray(expected)) expect(got, path).toHaveLength(expected.length)
  }
}

function expectReading(reading: Reading, expected: Readonly<Record<string, unknown>>, tolerance: Tolerance): void {
  for (const [name, value] of Object.entries(expected)) {
    // Ids are one whatever their case: vectors write them as the device prints them.
    const wanted = name === 'tag_id' && typeof value === 'string' ? value.toLowerCase() : value
    expectLeaves(name, valueNamed(reading, name), wanted, tolerance)
    if ((name === 'timestamp_utc' || name === 'datetime_utc') && typeof value === 'string')
      expect(reading.deviceTime).toBe(parseRfc3339(value))
  }
}

/** A vector may give only the part of an advertisement behind the company id: put it back into its AD structure. */
function advertisementHex(vector: SharedVector): string {
  const data = vector.input_hex ?? ''
  if (vector.kind === 'adv') return data
  const id = (vector.company_id ?? vector.uuid ?? '').replace(/^0x/i, '').toLowerCase()
  const header = `${vector.kind === 'manufacturer' ? 'ff' : '16'}${id.slice(2, 4)}${id.slice(0, 2)}`
  return `${(data.length / 2 + 3).toString(16).padStart(2, '0')}${header}${data}`
}

/**
 * What several readings, or readings of another shape, say in the words of a vector: the folder's `vector-view.ts`, where it
 * has one, exports `vectorView(readings)` that gives an object to compare with `expected`.
 */
type VectorView = (readings: readonly Reading[]) => Readonly<Record<string, unknown>>
async function loadViews(): Promise<ReadonlyMap<string, VectorView>> {
  const views = new Map<string, VectorView>()
  for (const { name } of folders) {
    const url = new URL(`${name}/vector-view.js`, import.meta.url)
    if (!existsSync(fileURLToPath(url))) continue
    const module = (await import(url.href)) as { readonly vectorView: VectorView }
    views.set(name, module.vectorView)
  }
  return views
}
const views = await loadViews()

function frameOf(vector: SharedVector, protocol: string): string {
  return protocol === 'ble-advertisement' ? advertisementHex(vector) : (vector.input_text ?? vector.input_hex ?? '')
}

function checkShared(protocol: string, vector: SharedVector): void {
  const { topic, address, key_hex: key, local_name: name, f_port: fPort, received_utc: receivedAt } = vector
  const characteristic = vector.kind === 'gatt' ? vector.uuid : undefined
  const got = decodeLines(protocol, [{ frame: frameOf(vector, protocol), topic, address, key, name, characteristic, fPort, receivedAt }])
  const { kind, reason, skipped_bytes: _skipped, ...values } = vector.expected ?? {}
  const rejected = vector.expected === null || kind === 'reject' || vector.expected['malformed'] === true
  const form = rejected ? 'error' : kind === 'ignored' || kind === 'incomplete' ? kind : 'readings'
  expect(Object.keys(got), `${JSON.stringify(got)} ${String(reason ?? '')}`).toEqual([form])
  if (!('readings' in got)) return
  const tolerance: Tolerance = (path, expected) =>
    vector.tolerance?.[path] ?? (vector.id === undefined ? 1e-4 : Math.max(1e-4, Math.abs(expected) / 1000))
  const view = views.get(protocol)
  const expected = kind === undefined ? values : { kind, ...values }
  if (view) {
    expectLeaves('', view(got.readings), expected, tolerance)
    return
  }
  expect(got.readings).toHaveLength(1)
  for (const reading of got.readings) expectReading(reading, expected, tolerance)
}

/** The protocols of the BLE vectors that have a reader. */
const BLE_READ = new Set([
  'ruuvi_df3',
  'ruuvi_df5',
  'ruuvi_df6',
  'ruuvi_e1',
  'ibeacon',
  'altbeacon',
  'eddystone',
  'bthome_v2',
  'minew_ffe1',
  'minew_mfr',
  'kontakt',
  'ela',
  'ela_service_data',
  'gatt_heart_rate',
  'gatt_plx_continuous',
  'gatt_simple',
  'teltonika_eye',
  'kkm',
  'moko_button',
  'moko_bxp',
  'moko_tag',
  'mikrotik_tg_bt5',
  'blueup_status',
  'blueup_safety_ibeacon',
  'holyiot',
  'estimote_telemetry',
  'sensirion',
  'aranet4'
])
const shared = new URL('../shared/vectors/', root)
describe.skipIf(!existsSync(fileURLToPath(shared)))('shared vectors', () => {
  const load = (file: string): readonly SharedVector[] =>
    existsSync(fileURLToPath(new URL(file, shared))) ? (readJson(new URL(file, shared)) as readonly SharedVector[]) : []
  const serial = load('uwb-serial.json').filter((vector) => findCodec(vector.protocol) !== undefined)
  it.each(
    serial.map((vector) => [`${vector.protocol} ${vector.topic ?? ''} ${vector.input_text?.trim() ?? vector.input_hex}`, vector] as const)
  )('%s', (_title, vector) => checkShared(vector.protocol, vector))
  const ble = load('ble.json').filter((vector) => BLE_READ.has(vector.protocol))
  it.each(ble.map((vector) => [vector.id, vector] as const))('%s', (_title, vector) =>
    checkShared(vector.kind === 'gatt' ? 'gatt' : 'ble-advertisement', vector)
  )
})
