import { formatUtc } from '../kit/civil-time.ts'

/** What a Minew gateway may have heard, for simulators and tests. */
export type MinewHeard = { readonly mac: string; readonly rssiDbm: number; readonly name?: string } & (
  | { readonly beacon: { readonly uuid: string; readonly major: number; readonly minor: number; readonly powerDbm: number } }
  | { readonly climate: { readonly temperatureDegC: number; readonly humidityPct: number; readonly batteryPct: number } }
  | { readonly advertisementHex: string }
)

/** The body of an upload in the format JSON-LONG. */
export function encodeMinewUpload(gateway: string | undefined, timeMs: number, heard: readonly MinewHeard[]): string {
  const timestamp = formatUtc(timeMs)
  const own = gateway === undefined ? [] : [{ timestamp, type: 'Gateway', mac: gateway.toUpperCase(), gatewayFree: 80, gatewayLoad: 0.25 }]
  return JSON.stringify([...own, ...heard.map((record) => ({ timestamp, ...encodeRecord(record) }))])
}

function encodeRecord(heard: MinewHeard): object {
  const common = { mac: heard.mac.toUpperCase(), bleName: heard.name ?? '', rssi: heard.rssiDbm }
  if ('beacon' in heard) {
    const { uuid, major, minor, powerDbm } = heard.beacon
    const beacon = { ibeaconUuid: uuid.toUpperCase(), ibeaconMajor: major, ibeaconMinor: minor, ibeaconTxPower: powerDbm }
    return { type: 'iBeacon', ...common, ...beacon, battery: 0 }
  }
  if ('climate' in heard) {
    const { temperatureDegC, humidityPct, batteryPct } = heard.climate
    return { type: 'S1', ...common, temperature: temperatureDegC, humidity: humidityPct, battery: batteryPct }
  }
  return { type: 'Unknown', ...common, rawData: heard.advertisementHex.toUpperCase() }
}
