import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { u16, u32, u64Text } from '../kit/little-endian.ts'
import type { Json } from '../reading.ts'
import { macText } from './uci-measurements.ts'
import {
  DEVICE_ERROR,
  dataTransferStatusName,
  deviceStateName,
  multicastStatusName,
  reasonName,
  sessionStateName,
  statusName
} from './uci-names.ts'
import { GROUP_CORE, GROUP_RANGING, GROUP_SESSION } from './uci-packets.ts'

export interface UciMessage {
  readonly extra: Extra
  /** Whether the module itself works; absent: the message does not tell. */
  readonly online?: boolean
}

const id = (group: number, opcode: number): number => (group << 8) | opcode

/** `<status u8> …`: what more a response says, by group and opcode. Undefined: too short. */
export function readResponse(group: number, opcode: number, payload: Uint8Array): UciMessage | undefined {
  if (payload.length < 1) return undefined
  const extra: Extra = { kind: 'response', gid: group, oid: opcode, status: statusName(payload[0] ?? 0) }
  switch (id(group, opcode)) {
    case id(GROUP_CORE, 2):
      applyVersions(extra, payload)
      break
    case id(GROUP_CORE, 8):
      if (payload.length >= 9) extra['timestamp_ticks'] = u64Text(payload, 1)
      break
    case id(GROUP_SESSION, 0):
      if (payload.length >= 5) extra['session'] = u32(payload, 1)
      break
    case id(GROUP_SESSION, 5):
      if (payload.length >= 2) extra['session_count'] = payload[1] ?? 0
      break
    case id(GROUP_SESSION, 6):
      if (payload.length >= 2) extra['state'] = sessionStateName(payload[1] ?? 0)
      break
    case id(GROUP_RANGING, 3):
      if (payload.length >= 5) extra['ranging_count'] = u32(payload, 1)
      break
    default:
      if (payload.length > 1) extra['payload_hex'] = toHex(payload.subarray(1))
  }
  return { extra }
}

/** Versions u16 x4 of UCI, MAC, PHY and test (major in the low byte, minor and maintenance behind), then the vendor's own. */
function applyVersions(extra: Extra, payload: Uint8Array): void {
  const names = ['uci_version', 'mac_version', 'phy_version', 'uci_test_version']
  if (payload.length < 9) return
  names.forEach((name, index) => {
    extra[name] = `${payload[1 + 2 * index] ?? 0}.${(payload[2 + 2 * index] ?? 0) >> 4}.${(payload[2 + 2 * index] ?? 0) & 0x0f}`
  })
  if (payload.length > 10) extra['vendor_hex'] = toHex(payload.subarray(10))
}

/** Every notification but session info. Undefined: too short. */
export function readNotification(group: number, opcode: number, payload: Uint8Array): UciMessage | undefined {
  const first = payload[0] ?? 0
  switch (id(group, opcode)) {
    case id(GROUP_CORE, 1):
      if (payload.length !== 1) return undefined
      return { extra: { kind: 'device_status_ntf', state: deviceStateName(first) }, online: first !== DEVICE_ERROR }
    case id(GROUP_CORE, 7):
      if (payload.length !== 1) return undefined
      return { extra: { kind: 'generic_error_ntf', status: statusName(first) } }
    case id(GROUP_SESSION, 2):
      if (payload.length !== 6) return undefined
      return {
        extra: {
          kind: 'session_status_ntf',
          session: u32(payload, 0),
          state: sessionStateName(payload[4] ?? 0),
          reason: reasonName(payload[5] ?? 0),
          reason_code: payload[5] ?? 0
        }
      }
    case id(GROUP_SESSION, 7):
      return readMulticastList(payload)
    case id(GROUP_RANGING, 4):
      if (payload.length !== 5) return undefined
      return { extra: { kind: 'data_credit_ntf', session: u32(payload, 0), credit_available: payload[4] === 1 } }
    case id(GROUP_RANGING, 5):
      return readDataTransfer(payload)
    default:
      return { extra: { kind: 'notification', gid: group, oid: opcode, payload_hex: toHex(payload) } }
  }
}

/** session u32, sequence u8 (u16 from version 2 on), status u8, count of transmissions u8 */
function readDataTransfer(payload: Uint8Array): UciMessage | undefined {
  if (payload.length !== 7 && payload.length !== 8) return undefined
  const wide = payload.length - 7
  return {
    extra: {
      kind: 'data_transfer_status_ntf',
      session: u32(payload, 0),
      data_seq: wide === 1 ? u16(payload, 4) : (payload[4] ?? 0),
      status: dataTransferStatusName(payload[5 + wide] ?? 0),
      tx_count: payload[6 + wide] ?? 0
    }
  }
}

/** session u32, [count remaining u8 in version 1,] count u8, { address u16, [sub-session u32,] status u8 } */
function readMulticastList(payload: Uint8Array): UciMessage | undefined {
  const count = payload[4] ?? 0
  const extra: Extra = { kind: 'multicast_list_ntf', session: u32(payload, 0) }
  if (payload.length < 5) return undefined
  if (payload.length !== 5 + 3 * count) return { extra: { ...extra, payload_hex: toHex(payload.subarray(4)) } }
  const controlees: Json[] = []
  for (let at = 5; at < payload.length; at += 3)
    controlees.push({ mac: `0x${macText(payload, at, 2)}`, status: multicastStatusName(payload[at + 2] ?? 0) })
  extra['controlees'] = controlees
  return { extra }
}
