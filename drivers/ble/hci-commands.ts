import { DriverError } from '../driver.ts'
import type { ConnectionParameters } from './connection-parameters.ts'
import type { HciLink } from './hci-link.ts'
import { type BleSettings, SCAN_UNIT_MS } from './settings.ts'

// Opcodes and parameters: Core Specification, volume 4, part E, 7.3, 7.4 and 7.8.
const RESET = 0x0c03
const SET_EVENT_MASK = 0x0c01
const WRITE_LE_HOST_SUPPORTED = 0x0c6d
const READ_LOCAL_VERSION = 0x1001
const READ_BD_ADDR = 0x1009
const LE_SET_EVENT_MASK = 0x2001
const LE_READ_BUFFER_SIZE = 0x2002
const LE_SET_SCAN_PARAMETERS = 0x200b
const LE_SET_SCAN_ENABLE = 0x200c
const LE_SET_EXTENDED_SCAN_PARAMETERS = 0x2041
const LE_SET_EXTENDED_SCAN_ENABLE = 0x2042
const LE_EXTENDED_CREATE_CONNECTION = 0x2043
const LE_CREATE_CONNECTION = 0x200d
const LE_CREATE_CONNECTION_CANCEL = 0x200e
const LE_CONNECTION_UPDATE = 0x2013
const DISCONNECT = 0x0406
const ENDED_BY_USER = 0x13

export const SCAN_ENABLE_OPCODES: ReadonlySet<number> = new Set([LE_SET_SCAN_ENABLE, LE_SET_EXTENDED_SCAN_ENABLE])

const STATUS_UNKNOWN_COMMAND = 0x01
export const STATUS_DISALLOWED = 0x0c

/** Bluetooth 4.0, the first with LE. */
const HCI_VERSION_LE = 6
const EVENT_MASK = [0xff, 0xff, 0xfb, 0xff, 0x07, 0xf8, 0xbf, 0x3d]
const LE_EVENT_MASK = [0x1f, 0, 0, 0, 0, 0, 0, 0]
/** With the enhanced connection complete, extended advertising and PHY events. */
const LE_EVENT_MASK_EXTENDED = [0x1f, 0xff, 0, 0, 0, 0, 0, 0]

const PHY_1M = 0x01
const PHY_1M_AND_CODED = 0x05
const CONNECTION = { scanUnits: 0x60, minInterval: 0x18, maxInterval: 0x28, latency: 0, timeout: 0x00c8 }

function refused(link: HciLink, what: string, status: number): DriverError {
  const code = `0x${status.toString(16).padStart(2, '0')}`
  const why =
    status === STATUS_DISALLOWED
      ? 'another program uses it, often bluetoothd: stop bluetooth.service, or use an adapter of its own'
      : 'the adapter refused it'
  return new DriverError('BLE_COMMAND_REFUSED', `${link.name}: ${what} failed (${code}): ${why}`, { retriable: true })
}

async function must(link: HciLink, what: string, opcode: number, parameters: readonly number[] = []): Promise<Uint8Array> {
  const { status, result } = await link.command(opcode, parameters)
  if (status !== 0) throw refused(link, what, status)
  return result
}

/** Asks for the address alone, lower-case hex: enough to tell adapters apart. */
export async function readAddress(link: HciLink): Promise<string> {
  const result = await must(link, 'reading its address', READ_BD_ADDR)
  return Buffer.from(result.subarray(0, 6)).reverse().toString('hex')
}

/** Makes an adapter ready to scan and to connect. */
export async function setUp(link: HciLink, settings: Pick<BleSettings, 'channel' | 'extended'>): Promise<void> {
  if (settings.channel === 'exclusive') await must(link, 'the reset', RESET)
  await must(link, 'setting the event mask', SET_EVENT_MASK, EVENT_MASK)
  await must(link, 'setting the LE event mask', LE_SET_EVENT_MASK, settings.extended ? LE_EVENT_MASK_EXTENDED : LE_EVENT_MASK)
  const version = await must(link, 'reading its version', READ_LOCAL_VERSION)
  if ((version[0] ?? 0) < HCI_VERSION_LE)
    throw new DriverError('BLE_UNSUPPORTED', `${link.name} has no Bluetooth LE: use an adapter of Bluetooth 4.0 or later`, {
      retriable: true
    })
  // Adapters with LE alone do not know the command.
  await link.command(WRITE_LE_HOST_SUPPORTED, [1, 0])
  await must(link, 'reading its buffers', LE_READ_BUFFER_SIZE)
  await readAddress(link)
}

/** What scanning an adapter was brought to. */
export type ScanKind = 'legacy' | 'extended'

/**
 * Starts scanning anew, whatever state it was in. Gives what kind of scanning it became: an adapter without extended scanning is used
 * without it. noble's own is fixed to active scanning.
 */
export async function startScan(link: HciLink, settings: BleSettings): Promise<ScanKind> {
  if (settings.extended && (await startExtended(link, settings))) return 'extended'
  await startLegacy(link, settings)
  return 'legacy'
}

async function startLegacy(link: HciLink, settings: BleSettings): Promise<void> {
  link.hci._isExtended = false
  // Refused by many when it is off already.
  await link.command(LE_SET_SCAN_ENABLE, [0, 0])
  await must(link, 'setting the scan', LE_SET_SCAN_PARAMETERS, [...scanTiming(settings), 0, 0])
  await must(link, 'scanning', LE_SET_SCAN_ENABLE, [1, 0])
}

/** False: the adapter does not know the commands. */
async function startExtended(link: HciLink, settings: BleSettings): Promise<boolean> {
  link.hci._isExtended = true
  const off = await link.command(LE_SET_EXTENDED_SCAN_ENABLE, [0, 0, 0, 0, 0, 0])
  if (off.status === STATUS_UNKNOWN_COMMAND) return false
  const timing = scanTiming(settings)
  const both = await link.command(LE_SET_EXTENDED_SCAN_PARAMETERS, [0, 0, PHY_1M_AND_CODED, ...timing, ...timing])
  if (both.status === STATUS_UNKNOWN_COMMAND) return false
  // Long range is a feature that not every adapter of Bluetooth 5 has.
  if (both.status !== 0) await must(link, 'setting the scan', LE_SET_EXTENDED_SCAN_PARAMETERS, [0, 0, PHY_1M, ...timing])
  await must(link, 'scanning', LE_SET_EXTENDED_SCAN_ENABLE, [1, 0, 0, 0, 0, 0])
  return true
}

/** Type, interval, window; repeated advertisements are reported in any case. */
function scanTiming({ scan, intervalMs, windowMs }: BleSettings): number[] {
  return [scan === 'active' ? 1 : 0, ...units(intervalMs), ...units(windowMs)]
}

function units(ms: number): number[] {
  const value = Math.round(ms / SCAN_UNIT_MS)
  return [value & 0xff, value >> 8]
}

/** Best effort, when a run ends. */
export async function stopScan(link: HciLink, kind: ScanKind): Promise<void> {
  if (kind === 'extended') await link.command(LE_SET_EXTENDED_SCAN_ENABLE, [0, 0, 0, 0, 0, 0])
  else await link.command(LE_SET_SCAN_ENABLE, [0, 0])
}

/** Asks for a connection; gives the status of the command, the connection comes as an event. `address`: lower-case hex. */
export async function createConnection(link: HciLink, kind: ScanKind, address: string, random: boolean): Promise<number> {
  const { scanUnits, minInterval, maxInterval, latency, timeout } = CONNECTION
  const peer = [random ? 1 : 0, ...Buffer.from(address, 'hex').reverse()]
  const timing = [scanUnits, scanUnits, minInterval, maxInterval, latency, timeout, 0, 0].flatMap((value) => [value & 0xff, value >> 8])
  // One PHY: the native socket holds up the program over noble's own command, which names two.
  if (kind === 'extended') return (await link.command(LE_EXTENDED_CREATE_CONNECTION, [0, 0, ...peer, PHY_1M, ...timing])).status
  const [scan, connection] = [timing.slice(0, 4), timing.slice(4)]
  return (await link.command(LE_CREATE_CONNECTION, [...scan, 0, ...peer, 0, ...connection])).status
}

export async function cancelConnection(link: HciLink): Promise<void> {
  await link.command(LE_CREATE_CONNECTION_CANCEL)
}

/** The result comes as an event that nobody waits for. */
export async function updateConnection(link: HciLink, handle: number, parameters: ConnectionParameters): Promise<void> {
  const { minInterval, maxInterval, latency, timeout } = parameters
  const values = [handle, minInterval, maxInterval, latency, timeout, 0, 0]
  await link.command(
    LE_CONNECTION_UPDATE,
    values.flatMap((value) => [value & 0xff, value >> 8])
  )
}

/** Its answer is the end of the connection, which comes as an event. */
export async function disconnect(link: HciLink, handle: number): Promise<void> {
  await link.command(DISCONNECT, [handle & 0xff, handle >> 8, ENDED_BY_USER])
}
