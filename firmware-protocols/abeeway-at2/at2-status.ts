import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Json, Signal } from '../reading.ts'
import { hexAt, rssiThenIds, temperatureDegC, vectorMps2, versionAt } from './at2-frame.ts'

const SHUTDOWN_CAUSES = ['USER_ACTION', 'LOW_BATTERY', 'DOWNLINK_REQUEST', 'BLE_REQUEST', 'BLE_CONNECTED']
const SHUTDOWN_LOW_BATTERY = 1
const SCAN_TYPES = ['BLE_BEACONS', 'WIFI_BSSID', 'BLE_BEACONS_COLLECTION']
const DEBUG_TAGS = ['DEBUG_CRASH_INFORMATION', 'TX_POWER_INDEX_VALUE', 'UPLINK_LENGTH_ERR', 'GENERIC_ERROR', 'SPECIFIC_FIRMWARE_PARAMETERS']

/** 5 u8 reset cause; 6 firmware; 9 firmware of the Bluetooth chip (both optional). */
export function readHeartbeat(view: DataView, extra: Extra): boolean {
  if (view.byteLength < 6) return false
  extra['message_type'] = 'HEARTBEAT'
  extra['reset_cause'] = view.getUint8(5)
  if (view.byteLength >= 9) extra['firmware'] = versionAt(view, 6)
  if (view.byteLength >= 12) extra['ble_firmware'] = versionAt(view, 9)
  return true
}

/**
 * Message 4; option 0, energy: u32 at 5 s of GPS, 9 s of GPS standby, 13 Wi-Fi scans. Option 1, health: 5 u16 mAh consumed;
 * 7, 8 u8 highest, lowest temperature; u16 mAh at 9 LoRa, 11 Bluetooth, 13 GPS, 15 Wi-Fi; 17 u16 battery mV.
 */
export function readEnergy(view: DataView, draft: Draft, extra: Extra): boolean {
  const option = view.getUint8(4) & 0x0f
  if (option === 0) {
    if (view.byteLength < 17) return false
    extra['message_type'] = 'ENERGY_STATUS'
    extra['gps_on_s'] = view.getUint32(5)
    extra['gps_standby_s'] = view.getUint32(9)
    extra['wifi_scan_count'] = view.getUint32(13)
    return true
  }
  if (view.byteLength < 19) return false
  extra['message_type'] = 'HEALTH_STATUS'
  extra['consumption_mah'] = view.getUint16(5)
  extra['temperature_max_degC'] = temperatureDegC(view.getUint8(7))
  extra['temperature_min_degC'] = temperatureDegC(view.getUint8(8))
  extra['lora_consumption_mah'] = view.getUint16(9)
  extra['ble_consumption_mah'] = view.getUint16(11)
  extra['gps_consumption_mah'] = view.getUint16(13)
  extra['wifi_consumption_mah'] = view.getUint16(15)
  draft.batteryV = view.getUint16(17) / 1000
  return true
}

const ACTIVITY_COUNTER = 1
const CONFIGURATION = 2
const SHOCK = 3
const PERIODIC_ACTIVITY = 4
const BLE_MAC = 5

/**
 * Message 7, tag in the low three bits of byte 5:
 *
 *   1  activity     6 u32 count                4  periodic    6 u16 x 6 counts of the last windows, 18 u32 count
 *   2  parameters   6 { u8 id, u32 value }     5  address     6 Bluetooth address
 *   3  shock        6 u8 count, 7 i16 x 3 peak acceleration mg, 13 u32 GADD index (optional)
 */
export function readMisc(view: DataView, extra: Extra, signals: Signal[]): boolean {
  const tag = view.byteLength > 5 ? view.getUint8(5) & 0x07 : 0
  const least = [6, 10, 6, 13, 22, 12][tag] ?? 6
  if (view.byteLength < least) return false
  if (tag === ACTIVITY_COUNTER || tag === PERIODIC_ACTIVITY) {
    extra['message_type'] = 'ACTIVITY_STATUS'
    extra['activity_count'] = view.getUint32(tag === ACTIVITY_COUNTER ? 6 : 18)
    if (tag === PERIODIC_ACTIVITY) extra['activity_windows'] = Array.from({ length: 6 }, (_unused, i) => view.getUint16(6 + 2 * i))
  } else if (tag === CONFIGURATION) {
    extra['message_type'] = 'CONFIGURATION'
    const parameters: { [key: string]: Json } = {}
    for (let at = 6; at + 5 <= view.byteLength; at += 5) parameters[hexAt(view, at, 1)] = view.getUint32(at + 1)
    extra['parameters'] = parameters
  } else if (tag === SHOCK) readShock(view, extra, signals)
  else if (tag === BLE_MAC) {
    extra['message_type'] = 'BLE_MAC'
    extra['ble_mac'] = hexAt(view, 6, 6)
  } else {
    extra['message_type'] = `MISC_${tag}`
    extra['data_hex'] = hexAt(view, 6, Math.max(0, view.byteLength - 6))
  }
  return true
}

function readShock(view: DataView, extra: Extra, signals: Signal[]): void {
  const count = view.getUint8(6)
  extra['message_type'] = 'SHOCK_DETECTION'
  extra['shock_count'] = count
  extra['shock_accel_mps2'] = vectorMps2(view, 7)
  if (view.byteLength >= 17) extra['gadd_index'] = view.getUint32(13)
  signals.push({ kind: 'impact', form: 'event' })
}

export function readShutdown(view: DataView, extra: Extra, signals: Signal[]): boolean {
  if (view.byteLength < 6) return false
  const cause = view.getUint8(5)
  extra['message_type'] = 'SHUTDOWN'
  extra['shutdown_cause'] = SHUTDOWN_CAUSES[cause] ?? cause
  if (cause === SHUTDOWN_LOW_BATTERY) signals.push({ kind: 'low-battery', form: 'event' })
  return true
}

/**
 * Message 0x0B; option: what was scanned. 5 u1 more follows, u1 addresses (else ids), u5 fragment; 6 collection; 7 hash; then
 * entries of i8 rssi and 3 bytes of id (the last 2 unless a collection), or of i8 rssi and 6 bytes of address.
 */
export function readScanCollection(view: DataView, extra: Extra): boolean {
  if (view.byteLength < 8) return false
  const scan = view.getUint8(4) & 0x0f
  const flags = view.getUint8(5)
  extra['scan_type'] = SCAN_TYPES[scan] ?? scan
  extra['more_follows'] = (flags & 0x80) !== 0
  extra['fragment'] = flags & 0x1f
  extra['collection'] = view.getUint8(6)
  extra['hash'] = view.getUint8(7)
  const isCollection = scan === 2
  const list = (flags & 0x40) !== 0 ? rssiThenIds(view, 8, 0, 6, ':') : rssiThenIds(view, 8, isCollection ? 0 : 1, isCollection ? 3 : 2, '')
  extra[scan === 1 ? 'wifi' : 'ble'] = list
  return true
}

/** Message 0x0F: what the option says, its bytes as they are. */
export function readDebug(view: DataView, extra: Extra): void {
  const tag = view.getUint8(4) & 0x0f
  extra['debug'] = DEBUG_TAGS[tag] ?? tag
  extra['data_hex'] = hexAt(view, 5, view.byteLength - 5)
}
