import type { EventData } from '../event-data.ts'

/** Values of a tag's frame that can be summed up, as they are called in the events. */
export const PLAIN_METRICS = [
  'batteryPct',
  'batteryV',
  'temperatureDegC',
  'humidityPct',
  'pressurePa',
  'heartRateBpm',
  'spo2Pct',
  'illuminanceLux',
  'co2Ppm',
  'speedMps'
] as const
type PlainMetric = (typeof PLAIN_METRICS)[number]

/** People in a zone. */
export const PERSONS = 'persons'

const GAS_METRIC = /^gas\.([a-z0-9]+)\.(ppm|mgPerM3|volumePct|lelPct)$/
type GasUnit = 'ppm' | 'mgPerM3' | 'volumePct' | 'lelPct'

export type Metric = string
export type Values = Partial<Pick<EventData['TagInfo'], Exclude<PlainMetric, 'speedMps'> | 'gases'>> & {
  readonly speedMps?: number | undefined
}

export function isMetric(metric: string): boolean {
  return (PLAIN_METRICS as readonly string[]).includes(metric) || GAS_METRIC.test(metric)
}

/** Reads a metric (see `isMetric`) from a frame's values; undefined: it has none. */
export function readerOf(metric: Metric): (values: Values) => number | undefined {
  const [, gas, unit] = GAS_METRIC.exec(metric) ?? []
  if (gas === undefined) return (values) => values[metric as PlainMetric]
  return ({ gases }) => {
    if (gases === undefined) return undefined
    for (const measured of gases) if (measured.gas === gas) return measured[unit as GasUnit]
    return undefined
  }
}
