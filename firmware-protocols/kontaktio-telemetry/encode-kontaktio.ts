import { formatUtc } from '../kit/civil-time.ts'

/** What the stream tells of a tag, for simulators and tests. */
export interface KontaktioTelemetry {
  readonly tag: string
  readonly source: string
  readonly rssiDbm: number
  readonly timeMs: number
  readonly batteryPct?: number
  readonly temperatureDegC?: number
  readonly humidityPct?: number
  /** Absent: never. */
  readonly sinceClickS?: number
  readonly movementCount?: number
}

const NEVER_S = 65_535

export function encodeKontaktio(said: KontaktioTelemetry): string {
  const { tag, source, rssiDbm, timeMs, batteryPct, temperatureDegC, humidityPct, sinceClickS = NEVER_S, movementCount } = said
  return JSON.stringify({
    companyId: 'c',
    sourceId: source,
    sourceType: 'GATEWAY',
    trackingId: tag,
    rssi: rssiDbm,
    timestamp: formatUtc(timeMs),
    batteryLevel: batteryPct,
    temperature: temperatureDegC,
    humidity: humidityPct,
    timeSinceClick: sinceClickS,
    movementCounter: movementCount
  })
}
