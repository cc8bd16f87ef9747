/** Events that carry advertisements (Core Specification, volume 4, part E, 7.7.65.2 and 7.7.65.13), as H4 packets. */
const EVENT_PACKET = 0x04
const LE_META_EVENT = 0x3e
const ADVERTISING_REPORT = 0x02
const EXTENDED_ADVERTISING_REPORT = 0x0d
/** Packet type, event code, length, subevent, number of reports. */
const HEAD_BYTES = 5
/** Bytes of a report before its data, by subevent, and after it. */
const LEGACY_BEFORE = 9
const LEGACY_AFTER = 1
const EXTENDED_BEFORE = 24

export function isAdvertisingEvent(packet: Buffer): boolean {
  return (
    packet.length >= HEAD_BYTES &&
    packet[0] === EVENT_PACKET &&
    packet[1] === LE_META_EVENT &&
    (packet[3] === ADVERTISING_REPORT || packet[3] === EXTENDED_ADVERTISING_REPORT)
  )
}

/**
 * Checks an advertising event, since noble writes a warning to the console for each damaged one, and cuts it into events of one report,
 * since noble gives the first of several extended reports the bytes of all that follow it. Hot: an event of one report, which is nearly
 * every one, is given on as it is.
 *
 * @returns the number of reports given on, or -1 for an event that is not what it says.
 */
export function eachReport(packet: Buffer, onEvent: (packet: Buffer) => void): number {
  const reports = packet[4] ?? 0
  if (packet[2] !== packet.length - 3 || !fits(packet, reports)) return -1
  if (reports === 1) {
    onEvent(packet)
    return 1
  }
  let at = HEAD_BYTES
  for (let report = 0; report < reports; report++) {
    const end = endOfReport(packet, at)
    onEvent(single(packet, at, end))
    at = end
  }
  return reports
}

/** Whether the reports fill the packet to its last byte. */
function fits(packet: Buffer, reports: number): boolean {
  let at = HEAD_BYTES
  for (let report = 0; report < reports && at <= packet.length; report++) at = endOfReport(packet, at)
  return at === packet.length
}

function endOfReport(packet: Buffer, at: number): number {
  const legacy = packet[3] === ADVERTISING_REPORT
  const before = legacy ? LEGACY_BEFORE : EXTENDED_BEFORE
  if (at + before > packet.length) return packet.length + 1
  return at + before + (packet[at + before - 1] ?? 0) + (legacy ? LEGACY_AFTER : 0)
}

function single(packet: Buffer, from: number, to: number): Buffer {
  const head = Buffer.from([EVENT_PACKET, LE_META_EVENT, to - from + 2, packet[3] ?? 0, 1])
  return Buffer.concat([head, packet.subarray(from, to)])
}
