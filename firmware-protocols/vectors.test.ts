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

/** Where the value that a vector calls by a name is in a reading; what is not listed is in `extra` under the same name. */
const PLACES: Readonly<Record<string, (reading: Reading) => unknown>> = {
  position_m: (reading) => reading.position,
  quality: (reading) => reading.quality,
  tag_id: (reading) => reading.tag?.toUpperCase(),
  node_id: (reading) => reading.tag ?? reading.device,
  gateway_id: (reading) => reading.device,
  online: (reading) => reading.online,
  battery_pct: (reading) => reading.batteryPct,
  battery_v: (reading) => reading.batteryV,
  temperature_degC: (reading) => reading.temperatureDegC,
  temperature_c: (reading) => reading.temperatureDegC,
  humidity_pct: (reading) => reading.humidityPct,
  pressure_pa: (reading) => reading.pressurePa,
  accel_ms2: (reading) => reading.accelMps2 ?? [null, null, null],
  tx_power_dbm: (reading) => reading.txPowerDbm,
  movement_count: (reading) => reading.movementCount,
  sequence: (reading) => reading.sequence,
  mac: (reading) => reading.tag?.toUpperCase().match(/../g)?.join(':'),
  latitude_deg: (reading) => reading.geo?.latitudeDeg,
  longitude_deg: (reading) => reading.geo?.longitudeDeg,
  speed_mps: (reading) => reading.speedMps,
  course_deg: (reading) => reading.courseDeg,
  ranges: (reading) =>
    reading.ranges?.map((range) => ({
      anchor_id: range.anchor.toUpperCase(),
      anchor_position_m: range.anchorPosition,
      distance_m: range.rangeM
    }))
}

/** Every leaf that is expected is there, numbers within the tolerance that the vectors were made with. */
function expectLeaves(path: string, got: unknown, expected: unknown): void {
  if (expected === null) expect(got ?? null, path).toBeNull()
  else if (typeof expected === 'number') {
    expect(typeof got, path).toBe('number')
    expect(Math.abs(Number(got) - expected), `${path}: ${String(got)} for ${expected}`).toBeLessThanOrEqual(1e-4)
  } else if (typeof expected !== 'object') expect(got, path).toBe(expected)
  else {
    expect(got, path).toBeTypeOf('object')
    for (const [key, value] of Object.entries(expected)) expectLeaves(`${path}.${key}`, (got as Record<string, unknown>)[key], value)
    if (Array.isArray(expected)) expect(got, path).toHaveLength(expected.length)
  }
}

function expectReading(reading: Reading, expected: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(expected)) {
    const place = PLACES[name]
    expectLeaves(name, place ? place(reading) : reading.extra?.[name], value)
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

function checkShared(protocol: string, vector: SharedVector): void {
  const frame = vector.kind === undefined ? (vector.input_text ?? vector.input_hex ?? '') : advertisementHex(vector)
  const got = decodeLines(protocol, [{ frame, topic: vector.topic, address: vector.address }])
  const kind = vector.expected?.['kind']
  const rejected = vector.expected === null || kind === 'reject' || vector.expected['malformed'] === true
  const form = rejected ? 'error' : kind === 'ignored' || kind === 'incomplete' ? kind : 'readings'
  expect(Object.keys(got)).toEqual([form])
  if (!('readings' in got)) return
  expect(got.readings).toHaveLength(1)
  for (const reading of got.readings) expectReading(reading, vector.expected ?? {})
}

const BLE_READ = new Set(['ruuvi_df5'])
const shared = new URL('../shared/vectors/', root)
describe.skipIf(!existsSync(fileURLToPath(shared)))('shared vectors', () => {
  const load = (file: string): readonly SharedVector[] =>
    existsSync(fileURLToPath(new URL(file, shared))) ? (readJson(new URL(file, shared)) as readonly SharedVector[]) : []
  const serial = load('uwb-serial.json').filter((vector) => findCodec(vector.protocol) !== undefined)
  it.each(
    serial.map((vector) => [`${vector.protocol} ${vector.topic ?? ''} ${vector.input_text?.trim() ?? vector.input_hex}`, vector] as const)
  )('%s', (_title, vector) => checkShared(vector.protocol, vector))
  const ble = load('ble.json').filter((vector) => BLE_READ.has(vector.protocol) && vector.kind !== 'gatt' && findCodec('ble-advertisement'))
  it.each(ble.map((vector) => [vector.id, vector] as const))('%s', (_title, vector) => checkShared('ble-advertisement', vector))
})
