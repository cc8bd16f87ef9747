/** How the value behind an object id of BTHome v2 is read (bthome.io/format). All little-endian. */
export type ObjectKind =
  | 'packet-id'
  | 'number'
  | 'flag'
  | 'button'
  | 'dimmer'
  | 'text'
  | 'raw'
  | 'timestamp'
  /** Four or three bytes, read from the last to the first. */
  | 'version'

export interface ObjectFormat {
  readonly kind: ObjectKind
  /** Name in `extra`; several of one name in a frame are numbered. */
  readonly name: string
  /** Bytes; 0: the first byte behind the id tells. */
  readonly length: number
  readonly signed: boolean
  /** A raw step is `multiplier / divisor` of the unit in the name: two whole numbers, so that 0.01 does not add digits. */
  readonly multiplier: number
  readonly divisor: number
}

const object = (kind: ObjectKind, name: string, length: number): ObjectFormat => ({
  kind,
  name,
  length,
  signed: false,
  multiplier: 1,
  divisor: 1
})
const u = (name: string, length: number, divisor = 1, multiplier = 1): ObjectFormat => ({
  ...object('number', name, length),
  divisor,
  multiplier
})
const s = (name: string, length: number, divisor = 1, multiplier = 1): ObjectFormat => ({
  ...u(name, length, divisor, multiplier),
  signed: true
})
const flag = (name: string): ObjectFormat => object('flag', name, 1)

/** The ids carry no length, so behind one that is not here nothing can be read. */
export const OBJECTS: ReadonlyMap<number, ObjectFormat> = new Map([
  [0x00, object('packet-id', 'packet_id', 1)],
  [0x01, u('battery_pct', 1)],
  [0x02, s('temperature_c', 2, 100)],
  [0x03, u('humidity_pct', 2, 100)],
  [0x04, u('pressure_pa', 3)],
  [0x05, u('illuminance_lux', 3, 100)],
  [0x06, u('mass_kg', 2, 100)],
  // Pounds.
  [0x07, u('mass_kg', 2, 100_000, 453.592_37)],
  [0x08, s('dew_point_c', 2, 100)],
  [0x09, u('count', 1)],
  [0x0a, u('energy_kwh', 3, 1000)],
  [0x0b, u('power_w', 3, 100)],
  [0x0c, u('voltage_v', 2, 1000)],
  [0x0d, u('pm2_5_ugm3', 2)],
  [0x0e, u('pm10_ugm3', 2)],
  [0x0f, flag('generic')],
  [0x10, flag('power_on')],
  [0x11, flag('opening_open')],
  [0x12, u('co2_ppm', 2)],
  [0x13, u('tvoc_ugm3', 2)],
  [0x14, u('moisture_pct', 2, 100)],
  [0x15, flag('battery_low')],
  [0x16, flag('battery_charging')],
  [0x17, flag('co_detected')],
  [0x18, flag('cold')],
  [0x19, flag('connected')],
  [0x1a, flag('door_open')],
  [0x1b, flag('garage_door_open')],
  [0x1c, flag('gas_detected')],
  [0x1d, flag('heat')],
  [0x1e, flag('light')],
  [0x1f, flag('unlocked')],
  [0x20, flag('moisture_detected')],
  [0x21, flag('motion')],
  [0x22, flag('moving')],
  [0x23, flag('occupancy')],
  [0x24, flag('plugged_in')],
  [0x25, flag('presence')],
  [0x26, flag('problem')],
  [0x27, flag('running')],
  [0x28, flag('unsafe')],
  [0x29, flag('smoke_detected')],
  [0x2a, flag('sound')],
  [0x2b, flag('tamper')],
  [0x2c, flag('vibration')],
  [0x2d, flag('window_open')],
  [0x2e, u('humidity_pct', 1)],
  [0x2f, u('moisture_pct', 1)],
  [0x3a, object('button', 'button', 1)],
  [0x3c, object('dimmer', 'dimmer', 2)],
  [0x3d, u('count', 2)],
  [0x3e, u('count', 4)],
  [0x3f, s('rotation_deg', 2, 10)],
  [0x40, u('distance_m', 2, 1000)],
  [0x41, u('distance_m', 2, 10)],
  [0x42, u('duration_s', 3, 1000)],
  [0x43, u('current_a', 2, 1000)],
  [0x44, u('speed_ms', 2, 100)],
  [0x45, s('temperature_c', 2, 10)],
  [0x46, u('uv_index', 1, 10)],
  [0x47, u('volume_l', 2, 10)],
  [0x48, u('volume_l', 2, 1000)],
  [0x49, u('volume_flow_m3h', 2, 1000)],
  [0x4a, u('voltage_v', 2, 10)],
  [0x4b, u('gas_m3', 3, 1000)],
  [0x4c, u('gas_m3', 4, 1000)],
  [0x4d, u('energy_kwh', 4, 1000)],
  [0x4e, u('volume_l', 4, 1000)],
  [0x4f, u('water_l', 4, 1000)],
  [0x50, object('timestamp', 'timestamp_s', 4)],
  [0x51, u('acceleration_ms2', 2, 1000)],
  [0x52, u('gyro_dps', 2, 1000)],
  [0x53, object('text', 'text', 0)],
  [0x54, object('raw', 'raw', 0)],
  [0x55, u('volume_storage_l', 4, 1000)],
  [0x56, u('conductivity_uscm', 2)],
  [0x57, s('temperature_c', 1)],
  [0x58, s('temperature_c', 1, 20, 7)],
  [0x59, s('count', 1)],
  [0x5a, s('count', 2)],
  [0x5b, s('count', 4)],
  [0x5c, s('power_w', 4, 100)],
  [0x5d, s('current_a', 2, 1000)],
  [0x5e, u('direction_deg', 2, 100)],
  [0x5f, u('precipitation_mm', 2, 10)],
  [0x60, u('channel', 1)],
  [0x61, u('rotational_speed_rpm', 2)],
  [0x62, s('speed_ms', 4, 1_000_000)],
  [0x63, s('acceleration_ms2', 4, 1_000_000)],
  [0x64, u('light_level', 1)],
  [0xf0, u('device_type_id', 2)],
  [0xf1, object('version', 'firmware', 4)],
  [0xf2, object('version', 'firmware', 3)]
])

/** What a button did; 0: this one of several did nothing. */
export const BUTTON_PRESSES: ReadonlyMap<number, string> = new Map([
  [0x01, 'press'],
  [0x02, 'double_press'],
  [0x03, 'triple_press'],
  [0x04, 'long_press'],
  [0x05, 'long_double_press'],
  [0x06, 'long_triple_press'],
  [0x80, 'hold_press']
])

export const DIMMER_TURNS: ReadonlyMap<number, string> = new Map([
  [0x01, 'rotate_left'],
  [0x02, 'rotate_right']
])
