import { hexAt } from '../abeeway-at2/at2-frame.ts'
import { formatUtc } from '../kit/civil-time.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import { asciiAt, restHex } from './at3-frame.ts'

const RESET_CAUSES = [
  'NONE',
  'HW_NMI',
  'HW_FAULT',
  'HW_MPU',
  'HW_BUS',
  'HW_USAGE',
  'HW_IRQ',
  'HW_WDOG',
  'HW_BOR',
  'SW_ST_HAL_ERROR',
  'SW_FREERTOS_ASSERT',
  'SW_FREERTOS_TASK_OVF',
  'SW_BLE_ASSERT',
  'SW_RTC_FAIL',
  'SW_LORA_FAIL',
  'SW_DEBUG',
  'SW_APP_START'
]
const SHUTDOWN_CAUSES = ['NONE', 'USER_ACTION', 'LOW_BATTERY']
const SHUTDOWN_LOW_BATTERY = 2
const BUFFERING = ['SUCCESS', 'TIMEOUT', 'NO_DATA_FOUND']

const STATUS = 0
const LOW_BATTERY = 1
const BLE_STATUS = 2
const TAMPER = 3
const HEARTBEAT = 4
const SHUTDOWN = 5
const DATA_BUFFERING = 6

const LEAST: readonly number[] = [2, 4, 1, 1, 2, 1, 1]

/**
 *   0  status      i8 °C, u5 reset cause u3 page, page (0: versions, extremes, consumption)
 *   1  low battery u16 mAh consumed, u16 battery mV        2  Bluetooth  u8 bit 0 connected
 *   3  tamper      u8 bit 0 casing open                    4  heartbeat  i8 °C, u5 reset cause u3 -, 4 bytes CRC of the configuration
 *   5  shutdown    u8 cause                                6  buffering  u8 result, u32 oldest, u32 latest, s since 1970 (0: none)
 */
export function readSystem(view: DataView, type: number, at: number, draft: Draft, extra: Extra, signals: Signal[]): boolean {
  if (view.byteLength < at + (LEAST[type] ?? 0)) return false
  switch (type) {
    case STATUS:
    case HEARTBEAT:
      draft.temperatureDegC = view.getInt8(at)
      extra['reset_cause'] = RESET_CAUSES[view.getUint8(at + 1) >> 3] ?? view.getUint8(at + 1) >> 3
      if (type === STATUS) readStatusPage(view, at, draft, extra)
      else if (view.byteLength >= at + 6) extra['configuration_crc'] = hexAt(view, at + 2, 4)
      return true
    case LOW_BATTERY:
      extra['consumption_mah'] = view.getUint16(at)
      draft.batteryV = view.getUint16(at + 2) / 1000
      signals.push({ kind: 'low-battery', form: 'event' })
      return true
    case BLE_STATUS:
      extra['ble_connected'] = (view.getUint8(at) & 1) === 1
      return true
    case TAMPER: {
      const open = (view.getUint8(at) & 1) === 1
      extra['casing_open'] = open
      signals.push({ kind: 'tamper', form: 'level', on: open })
      return true
    }
    case SHUTDOWN:
      extra['shutdown_cause'] = SHUTDOWN_CAUSES[view.getUint8(at)] ?? view.getUint8(at)
      if (view.getUint8(at) === SHUTDOWN_LOW_BATTERY) signals.push({ kind: 'low-battery', form: 'event' })
      return true
    case DATA_BUFFERING:
      readBuffering(view, at, extra)
      return true
    default:
      if (view.byteLength > at) extra['data_hex'] = restHex(view, at)
      return true
  }
}

function readBuffering(view: DataView, at: number, extra: Extra): void {
  extra['buffering'] = BUFFERING[view.getUint8(at)] ?? view.getUint8(at)
  if (view.byteLength < at + 9) return
  const oldest = view.getUint32(at + 1)
  const latest = view.getUint32(at + 5)
  if (oldest !== 0) extra['oldest_utc'] = formatUtc(oldest * 1000)
  if (latest !== 0) extra['latest_utc'] = formatUtc(latest * 1000)
}

/**
 * Page 0, from byte 2: 3 firmware; 4 configuration; 3 LoRa hardware, type, firmware; u16 batch, u16 bill of materials; i8 highest, i8 lowest °C;
 * u8 share of time in motion; u16 battery mV; u16 mAh in all, cellular, GNSS, Wi-Fi, LR GNSS, Bluetooth, processor; 4 CRC.
 * Page 2: cellular modem, ICCID, IMSI; page 3: EUICCID, IMEI; page 1: almanacs, of the maker's use only.
 */
function readStatusPage(view: DataView, at: number, draft: Draft, extra: Extra): void {
  const page = view.getUint8(at + 1) & 0x07
  const from = at + 2
  extra['page'] = page
  if (page === 0 && view.byteLength >= from + 33) readVersions(view, from, draft, extra)
  else if (page === 2 && view.byteLength > from + 26) {
    extra['cellular_version_hex'] = hexAt(view, from, 6)
    extra['iccid'] = asciiAt(view, from + 6, 20)
    extra['imsi'] = asciiAt(view, from + 26, 20)
  } else if (page === 3 && view.byteLength > from + 33) {
    extra['euiccid'] = asciiAt(view, from, 33)
    extra['imeisv'] = asciiAt(view, from + 33, 20)
  } else if (view.byteLength > from) extra['data_hex'] = restHex(view, from)
}

const dotted = (view: DataView, at: number, length: number): string =>
  Array.from({ length }, (_unused, i) => view.getUint8(at + i)).join('.')

function readVersions(view: DataView, at: number, draft: Draft, extra: Extra): void {
  extra['firmware'] = dotted(view, at, 3)
  extra['configuration_version'] = dotted(view, at + 3, 4)
  extra['lora_version'] = dotted(view, at + 7, 3)
  extra['hardware_batch'] = view.getUint16(at + 10)
  extra['hardware_bom'] = view.getUint16(at + 12)
  extra['temperature_max_degC'] = view.getInt8(at + 14)
  extra['temperature_min_degC'] = view.getInt8(at + 15)
  extra['motion_pct'] = view.getUint8(at + 16)
  draft.batteryV = view.getUint16(at + 17) / 1000
  extra['consumption_mah'] = view.getUint16(at + 19)
  extra['cellular_consumption_mah'] = view.getUint16(at + 21)
  extra['gnss_consumption_mah'] = view.getUint16(at + 23)
  extra['wifi_consumption_mah'] = view.getUint16(at + 25)
  extra['lr_gnss_consumption_mah'] = view.getUint16(at + 27)
  extra['ble_consumption_mah'] = view.getUint16(at + 29)
  extra['mcu_consumption_mah'] = view.getUint16(at + 31)
  if (view.byteLength >= at + 37) extra['configuration_crc'] = hexAt(view, at + 33, 4)
}
