import { type CdpField, fieldsOf } from './cdp-fields.ts'

/** Whom an item is about: a tag, a device of the system, whoever of them it turns out to be, or the sender of the packet. */
export type CdpSubject = 'tag' | 'anchor' | 'unit' | 'sender'

export interface CdpItem {
  readonly fields: readonly CdpField[]
  readonly subject: CdpSubject
}

const item = (subject: CdpSubject, layout: string, lists?: Readonly<Record<string, string>>): CdpItem => ({
  subject,
  fields: fieldsOf(layout, lists)
})

const STAMPED = 'serial serial, u64 network_time_ticks'
const HARDWARE = 'u32 memory_bytes, u32 flags, u16 minutes_remaining, u8 battery_pct, i8 temperature_degC, u8 cpu_pct'
const POSITION_TAIL = 'quality quality_pct, u8 anchor_count, u8 flags, u16 smoothing'
const SIGNAL = 'u16 fp_ampl1, u16 fp_ampl2, u16 fp_ampl3, u16 preamble_count, u16 cir_power, u16 std_noise'
const BYTES = 'u8[] error_patterns'
const VERTEX = 'mm x, mm y'

/**
 * Items by type (ciholas/cdp-py, DATA_ITEMS.md and data_items.py). The first field of items about one unit is its serial number;
 * those of older versions have none and are about the sender.
 */
export const ITEMS: ReadonlyMap<number, CdpItem> = new Map([
  [0x0007, item('sender', 'hex payload_hex')],
  [0x00fd, item('sender', 'u16 log_data, text message')],
  [0x0100, item('sender', 'xyz position_m, u32 quality_raw, u16 smoothing, u16 sequence, u32 gnt_ticks')],
  [0x0101, item('sender', 'serial serial_2, mm distance_m, centi first_path_db, centi total_path_db, u16 sequence, u32 gnt_ticks')],
  [0x010d, item('anchor', 'serial serial, u8 interface_id, u8 node_status')],
  [0x0111, item('anchor', 'serial serial, u8 interface_id, xyz position_m, u8 node_type, u8 node_active_state, u8 node_lock_state')],
  [
    0x011a,
    item(
      'sender',
      'u32 destination_ip, u16 destination_port, u32 interface_ip, u32 interface_netmask, u16 interface_port, u8 ttl, text name'
    )
  ],
  [0x011b, item('sender', 'text hostname')],
  [0x011c, item('sender', 'text instance_name')],
  [0x0121, item('sender', 'u16 number_of_chunks, u16 chunk_id, text:256 instance_name, hex chunk_hex')],
  [
    0x0127,
    item(
      'unit',
      'serial serial_1, serial serial_2, u8 interface_id_1, u8 interface_id_2, u64 rx_timestamp_ticks, umm distance_m, quality quality_pct'
    )
  ],
  [0x0128, item('sender', `${HARDWARE}, ${BYTES}`)],
  [0x0129, item('sender', 'u64 network_time_ticks, i32 x, i32 y, i32 z, u8 scale')],
  [0x012a, item('sender', 'u64 network_time_ticks, i32 x, i32 y, i32 z, u16 scale')],
  [0x012b, item('sender', 'u64 network_time_ticks, i32 x, i32 y, i32 z, u16 scale')],
  [0x012c, item('sender', 'u64 network_time_ticks, i32 value, u32 scale')],
  [0x012d, item('sender', 'u64 network_time_ticks, i32 x, i32 y, i32 z, i32 w, u8 quaternion_type')],
  [0x012e, item('sender', 'u64 network_time_ticks, i16 value, u16 scale')],
  [0x012f, item('sender', 'u64 network_time_ticks, xyz position_m, u32 quality_raw, u16 smoothing')],
  [0x0135, item('tag', `${STAMPED}, xyz position_m, ${POSITION_TAIL}`)],
  [
    0x0136,
    item('tag', `${STAMPED}, list anchors`, {
      anchors: 'serial serial, u8 interface_id, u8 status, centi first_path_db, centi total_path_db, quality quality_pct'
    })
  ],
  [0x0137, item('unit', 'serial serial, u8 interface_id, xyz position_m, u8 role_id, u8 connectivity_state, u8 synchronization_state')],
  [0x0138, item('unit', `serial serial, ${HARDWARE}, ${BYTES}`)],
  [0x0139, item('unit', `${STAMPED}, i32 x, i32 y, i32 z, u8 scale`)],
  [0x013a, item('unit', `${STAMPED}, i32 x, i32 y, i32 z, u16 scale`)],
  [0x013b, item('unit', `${STAMPED}, i32 x, i32 y, i32 z, u16 scale`)],
  [0x013c, item('unit', `${STAMPED}, i32 value, u32 scale`)],
  [0x013d, item('unit', `${STAMPED}, i32 x, i32 y, i32 z, i32 w, u8 quaternion_type`)],
  [0x013e, item('unit', `${STAMPED}, i16 value, u16 scale`)],
  [0x013f, item('unit', 'serial serial, text name')],
  [0x0140, item('sender', 'u16 max_tx_sync_count, u16 current_tx_sync_count, u16 max_rx_sync_count, u16 current_rx_sync_count')],
  [0x0141, item('sender', 'u16 role_id, u16 max_quantity, u16 active_quantity, text role_name')],
  [0x0148, item('unit', 'serial serial, hex payload_hex')],
  [0x0149, item('anchor', 'serial serial, u64 network_time_ticks, u8 nt_quality')],
  [
    0x014a,
    item(
      'anchor',
      'serial serial, u8 interface_id, u32 ticks_reported, u32 timed_rxs_reported, u32 beacons_reported, u32 beacons_discarded, u32 beacons_late, quality average_quality_pct, u8 report_period_s, u8 interanchor_comms_error_code, list bad_paired_anchors',
      { bad_paired_anchors: 'serial serial, u8 interface_id' }
    )
  ],
  [0x014c, item('sender', 'u32 initial_ping_count, u32 position_calculation_delay, u32[] arrival_time_counts')],
  [
    0x015a,
    item('sender', 'u64 network_time_previous_ticks, u64 real_time_previous_us, u64 network_time_current_ticks, u64 real_time_current_us')
  ],
  [
    0x0160,
    item(
      'unit',
      'serial serial, u8 last_received_total_path_rssi, u16 last_heard_packet_time_s, hex:25 flags_hex, u8 max_sectors_per_flag, u8 last_max_sector_flag, u16 percentage_raw'
    )
  ],
  [0x0161, item('tag', `${STAMPED}, list anchors`, { anchors: 'serial serial, u8 interface_id, u8 status, quality quality_pct' })],
  [0x0163, item('sender', 'u8 port_number, u8 cable_condition, u32 distance_to_fault_cm')],
  [0x0164, item('tag', `${STAMPED}, umm rho_m, f32 theta_deg, f32 phi_deg, ${POSITION_TAIL}`)],
  [0x016a, item('sender', 'xyz min_m, xyz max_m')],
  [0x016b, item('sender', 'xyz base_m, umm radius_m, umm height_m')],
  [0x0171, item('sender', 'u8 vid, u8 pid, u8 running_image_type, hex tlvs_hex')],
  [0x0176, item('sender', 'u64 network_time_ticks, xyz boundary_position_m, u8 status')],
  [0x0177, item('sender', 'u64 network_time_ticks, u8 status')],
  [0x0178, item('unit', `${STAMPED}, i32 x, i32 y, i32 z, i32 w, u8 quaternion_type, u16 quality_raw`)],
  [0x0179, item('unit', `${STAMPED}, hex payload_hex`)],
  [0x017a, item('unit', `${STAMPED}, i32 x, i32 y, i32 z, u8 scale`)],
  [0x017b, item('unit', `${STAMPED}, i32 x, i32 y, i32 z, u16 scale`)],
  [0x017c, item('unit', `${STAMPED}, i32 x, i32 y, i32 z, u16 scale`)],
  [
    0x802c,
    item(
      'anchor',
      `u64 tx_nt64_ticks, u64 rx_dt64_ticks, u64 rx_nt64_ticks, serial source_serial, u8 source_interface_id, ${SIGNAL}, u8 interface_id, u8 tx_nt_quality, u8 rx_nt_quality, u8 rx_packet_type`
    )
  ],
  [0x802d, item('anchor', 'u64 nt64_ticks, u64 dt64_ticks, u8 nt_quality, u8 interface_id')],
  [
    0x802f,
    item(
      'anchor',
      `serial source_serial, u16 sequence, u8 beacon_type, u8 nt_quality, u64 dt64_ticks, u64 nt64_ticks, ${SIGNAL}, u8 interface_id, hex payload_hex`
    )
  ],
  [0x80b2, item('anchor', 'u64 nt64_ticks, u64 dt64_ticks, u8 nt_quality, u8 interface_id, u8 sequence')],
  [
    0x80b3,
    item(
      'anchor',
      `u64 rx_dt64_ticks, u64 rx_nt64_ticks, serial source_serial, u8 source_interface_id, ${SIGNAL}, u8 interface_id, u8 rx_nt_quality, u8 rx_packet_type, u8 tx_sequence`
    )
  ],
  [0x80c0, item('unit', 'serial serial, u8 red, u8 green, u8 blue, u8 alpha')],
  [
    0x80d4,
    item('unit', `serial serial, ${HARDWARE}, u16 missed_phase_commands, u16 missed_recovery_commands, u16 max_widening_factor, ${BYTES}`)
  ],
  [0x80da, item('unit', 'serial serial, u8 flags')],
  [
    0x80db,
    item('sender', 'u16 zone_id, text:50 zone_name, mm z_min_m, mm z_max_m, umm hysteresis_m, list vertices_m', { vertices_m: VERTEX })
  ],
  [0x80dc, item('tag', 'serial serial, u16[] zones')],
  [
    0x80dd,
    item('sender', 'text:50 name, u8 red, u8 green, u8 blue, u8 alpha, mm z_min_m, mm z_max_m, list vertices_m', { vertices_m: VERTEX })
  ],
  [0x80de, item('sender', 'text:50 name')]
])

/** What the values of an item mean beside their names. */
export type CdpMeaning =
  | 'position'
  | 'distance'
  | 'hardware'
  | 'accel'
  | 'gyro'
  | 'magnetic'
  | 'pressure'
  | 'temperature'
  | 'quaternion'
  | 'mapping'

const meant = (meaning: CdpMeaning, ...types: number[]): [number, CdpMeaning][] => types.map((type) => [type, meaning])

export const MEANINGS: ReadonlyMap<number, CdpMeaning> = new Map([
  ...meant('position', 0x0100, 0x012f, 0x0135, 0x0137, 0x0111, 0x0164),
  ...meant('distance', 0x0101, 0x0127),
  ...meant('hardware', 0x0128, 0x0138, 0x80d4),
  ...meant('accel', 0x0129, 0x0139, 0x017a),
  ...meant('gyro', 0x012a, 0x013a, 0x017b),
  ...meant('magnetic', 0x012b, 0x013b, 0x017c),
  ...meant('pressure', 0x012c, 0x013c),
  ...meant('temperature', 0x012e, 0x013e),
  ...meant('quaternion', 0x012d, 0x013d, 0x0178),
  ...meant('mapping', 0x015a)
])
