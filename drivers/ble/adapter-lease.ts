import { existsSync } from 'node:fs'
import { type Clock, DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import { type NobleHci, type NobleParts, unavailable } from './noble-parts.ts'

export type Channel = 'shared' | 'exclusive'

/** An adapter that one run has for itself until it gives it back. */
export interface AdapterLease {
  readonly hci: NobleHci
  readonly index: number
  /** Any number of times. */
  release(): void
}

/**
 * The native sockets cannot be closed, so each adapter keeps its one for the life of the process; a new one for every attempt would
 * use up the file descriptors within hours of an adapter being unplugged.
 */
const kept = new Map<string, NobleHci>()
const leased = new Set<string>()

/** There once the kernel has Bluetooth. */
const KERNEL_SIGN = '/sys/class/bluetooth'
const REFUSED_FIRST_MS = 60_000
const REFUSED_MAX_MS = 600_000

interface Refusal {
  readonly error: unknown
  readonly pauseMs: number
  readonly untilMs: number
  readonly sign: boolean
}
/** The last attempt to open a socket, if it failed. Each such attempt costs 800 bytes that the native part never gives back. */
let refusal: Refusal | undefined

/** Throws `BLE_UNAVAILABLE`, `BLE_ADAPTER_NOT_FOUND`, `BLE_ADAPTER_BUSY` or `BLE_PERMISSION`, all retriable. */
export function leaseAdapter(parts: NobleParts, clock: Clock, index: number, channel: Channel): AdapterLease {
  const key = `${channel} ${index}`
  if (leased.has(`shared ${index}`) || leased.has(`exclusive ${index}`))
    throw new DriverError('BLE_ADAPTER_BUSY', `hci${index} is used by another source of this gateway`, { retriable: true })
  const hci = kept.get(key) ?? openSocket(parts, clock)
  kept.set(key, hci)
  bind(hci, index, channel)
  leased.add(key)
  hci._socket.start()
  return {
    hci,
    index,
    release() {
      if (!leased.delete(key)) return
      hci._socket.stop()
      hci._socket.removeAllListeners()
      // An error that nobody listens to ends the program.
      hci._socket.on('error', () => undefined)
      hci.removeAllListeners()
      hci._aclQueue = []
      hci._aclConnections.clear()
      hci._handleBuffers = {}
    }
  }
}

/** Numbers of the adapters that are up and that no run has. Throws `BLE_UNAVAILABLE`. */
export function adapterNumbers(parts: NobleParts, clock: Clock): readonly number[] {
  const asked = [...kept.values()][0] ?? openSocket(parts, clock)
  // Bound to nothing yet, it will do for the first adapter.
  if (kept.size === 0) kept.set('shared 0', asked)
  return asked._socket
    .getDeviceList()
    .flatMap(({ devId, devUp }) => (devId === null || devUp !== true || leased.has(`shared ${devId}`) ? [] : [devId]))
}

function openSocket(parts: NobleParts, clock: Clock): NobleHci {
  const sign = existsSync(KERNEL_SIGN)
  const nowMs = clock.monotonicMs()
  if (refusal !== undefined && nowMs < refusal.untilMs && sign === refusal.sign) throw unavailable(refusal.error)
  let hci: NobleHci
  try {
    hci = new parts.Hci({ extended: false })
  } catch (error) {
    const pauseMs = refusal === undefined ? REFUSED_FIRST_MS : Math.min(REFUSED_MAX_MS, 2 * refusal.pauseMs)
    refusal = { error, pauseMs, untilMs: nowMs + pauseMs, sign }
    throw unavailable(error)
  }
  refusal = undefined
  // noble sets an adapter up by itself, for active scanning, when it learns the version of one that it does not know to be on.
  hci.emit('stateChange', 'poweredOn')
  hci.flushAcl = () => flushAcl(hci)
  return hci
}

/**
 * In place of noble's, which fails, and the program with it, when a packet waits for a connection that has ended since.
 */
function flushAcl(hci: NobleHci): void {
  const { _aclConnections: connections, _aclBuffers: buffers } = hci
  if (buffers === undefined) return
  let pending = 0
  for (const connection of connections.values()) pending += connection.pending
  while (pending < buffers.num) {
    const next = hci._aclQueue.shift()
    if (next === undefined) return
    const connection = connections.get(next.handle)
    if (connection === undefined) continue
    connection.pending++
    pending++
    hci._socket.write(next.packet)
  }
}

function bind({ _socket }: NobleHci, index: number, channel: Channel): void {
  try {
    if (channel === 'exclusive') _socket.bindUser(index)
    else _socket.bindRaw(index)
  } catch (error) {
    const code = codeOf(error)
    // Bound since an earlier run. The kernel undoes it when the adapter is pulled.
    if (code === 'EALREADY') return
    throw bindFailure(index, channel, code, error)
  }
}

function bindFailure(index: number, channel: Channel, code: string, cause: unknown): DriverError {
  const failure = (name: string, message: string): DriverError => new DriverError(name, message, { retriable: true, cause })
  switch (code) {
    case 'ENODEV':
      return failure(
        'BLE_ADAPTER_NOT_FOUND',
        `there is no adapter hci${index}: unplugged, or another number (see: hciconfig, or btmgmt info)`
      )
    case 'EBUSY':
      return failure(
        'BLE_ADAPTER_BUSY',
        channel === 'exclusive'
          ? `hci${index} is in use by the system: stop bluetooth.service and set the adapter down (hciconfig hci${index} down)`
          : `hci${index} is used exclusively by another program`
      )
    case 'EPERM':
    case 'EACCES':
      return permission(index, cause)
    default:
      return failure('LINK_OPEN_FAILED', `hci${index} cannot be opened: ${messageOf(cause)}`)
  }
}

export function permission(index: number, cause: unknown): DriverError {
  return new DriverError(
    'BLE_PERMISSION',
    `no permission to use hci${index}: the service needs the capabilities CAP_NET_RAW and CAP_NET_ADMIN: install the drop-in systemd/bluetooth.conf`,
    { retriable: true, cause }
  )
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
