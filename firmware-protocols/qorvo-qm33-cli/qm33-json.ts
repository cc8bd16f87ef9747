import type { DecodeResult } from '../codec.ts'
import { boundedJson, type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest, parseLooseJson, snakeCase } from '../kit/json.ts'
import { failure, readings } from '../kit/results.ts'
import { type Measurement, putField, roundReading } from './qm33-measurements.ts'

const BARE_BYTES = /"LSTN" ?: ?\[((?:[0-9A-Fa-f]{2}(?:, ?)?)*)\]/
/** Distances are whole centimetres: one with a point is the figure of another field, whose name was lost. */
const BROKEN_DISTANCE = /"D[_ ]cm" ?: ?-?\d{1,9}\./
const BLOCK_KNOWN = new Set(['Block', 'results'])

const damaged = failure('FRAME_FORMAT', 'damaged or unknown JSON')

function measurementOf(result: unknown): Measurement | undefined {
  if (!isJsonObject(result)) return undefined
  const measurement: Measurement = {}
  for (const [name, value] of Object.entries(result)) {
    if (value === null || name === '__proto__') continue
    putField(measurement, name, typeof value === 'string' ? value : (finiteNumber(value) ?? boundedJson(value)))
  }
  return measurement
}

/**
 * Ranges as firmware before 1.0 prints them, and lists of them alone:
 *
 *   {"Block":<n>, "results":[{"Addr":"0x<hex>","Status":"<Ok|Err>"[,"D_cm":<n>][,"LPDoA_deg":…,"LAoA_deg":…,"LFoM":…,"RAoA_deg":…]
 *     [,"CFO_100ppm":<n>]}, …]}
 *   {"TWR": {"R":<n>,"a16":"0x<hex>","S":"<OK|ERR>","D cm":<n>}}
 */
function readBlock(results: readonly unknown[], extra: Extra): DecodeResult {
  const measurements: Measurement[] = []
  for (const result of results) {
    const measurement = measurementOf(result)
    if (measurement === undefined) return damaged
    measurements.push(measurement)
  }
  return roundReading(measurements, extra)
}

function readRound(twr: JsonObject): DecodeResult {
  const { R: block, ...measurement } = twr
  const number = finiteNumber(block)
  return readBlock([measurement], number === undefined ? { kind: 'block' } : { kind: 'block', block: number })
}

/** What a listener overheard: `{"LSTN":[<bare hex bytes>],"TS":"0x<hex>","O":<n>[,"rsl":<dBm>,"fsl":<dBm>]}`. */
function readListened(value: JsonObject): DecodeResult {
  const extra: Extra = { kind: 'listener', payload_hex: String(value['LSTN']) }
  const rsl = finiteNumber(value['rsl'])
  const fsl = finiteNumber(value['fsl'])
  if (rsl !== undefined) extra['rsl_dbm'] = rsl
  if (fsl !== undefined) extra['fsl_dbm'] = fsl
  keepRest(value, new Set(['LSTN', 'rsl', 'fsl']), extra)
  return readings({ extra })
}

/** `JS<length hex 4>{…}` without its head, or a JSON value alone. */
export function readJson(text: string): DecodeResult {
  if (BROKEN_DISTANCE.test(text)) return damaged
  const quoted = text.replace(BARE_BYTES, (_whole, bytes: string) => `"LSTN":"${bytes.replaceAll(/[^0-9A-Fa-f]/g, '').toLowerCase()}"`)
  const value = parseLooseJson(quoted)
  if (Array.isArray(value)) return readBlock(value, { kind: 'block' })
  if (!isJsonObject(value)) return damaged
  const { Block: block, results } = value
  if (Array.isArray(results)) {
    const number = finiteNumber(block)
    if (number === undefined) return damaged
    const extra: Extra = { kind: 'block', block: number }
    keepRest(value, BLOCK_KNOWN, extra)
    return readBlock(results, extra)
  }
  if (isJsonObject(value['TWR'])) return readRound(value['TWR'])
  if (typeof value['LSTN'] === 'string') return readListened(value)
  const [name, ...others] = Object.keys(value)
  const answer = name === undefined ? undefined : value[name]
  if (name === undefined || others.length > 0 || !isJsonObject(answer)) return damaged
  const extra: Extra = { kind: 'answer', subject: snakeCase(name) }
  keepRest(answer, new Set(), extra)
  return readings({ extra })
}
