import type { Reading } from '../reading.ts'

/** In the words of the shared vectors: what it is of an iBeacon stands by itself. */
export function vectorView(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const [{ extra = {}, rssiDbm } = {}] = readings
  const { uuid, major, minor, measured_power_dbm } = extra
  const ibeacon = typeof uuid === 'string' ? { uuid: uuid.replaceAll('-', ''), major, minor, tx_power_dbm: measured_power_dbm } : undefined
  return { ...extra, rssi_dbm: rssiDbm, ibeacon }
}
