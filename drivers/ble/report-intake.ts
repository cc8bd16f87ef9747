import { ScanResponseJoiner } from '../../firmware-protocols/ble-advertisement/scan-response-joiner.ts'
import { AD_MANUFACTURER_DATA, AD_SERVICE_DATA } from '../../firmware-protocols/kit/ad-structures.ts'
import type { FrameFeed } from '../codec-feed.ts'
import type { DriverContext } from '../driver.ts'
import type { NobleHci } from './noble-parts.ts'
import { createReportFilter, type ReportFilter } from './report-filter.ts'
import { ReportFragments } from './report-fragments.ts'
import type { FilterSettings } from './settings.ts'

/** PDU types of legacy reports (Core Specification, volume 4, part E, 7.7.65.2). */
const ADV_IND = 0
const ADV_DIRECT_IND = 1
const ADV_SCAN_IND = 2
const ADV_NONCONN_IND = 3
const SCAN_RSP = 4
/** Bits of an extended report's type (7.7.65.13). */
const CONNECTABLE = 0x01
const SCANNABLE = 0x02
const DIRECTED = 0x04
const RESPONSE = 0x08

const RSSI_UNKNOWN = 127

export interface IntakeEvents {
  /** Any report of anything: the radio works. */
  heard(): void
  /** Somebody who could be connected to now. `address`: lower-case hex. */
  connectable(address: string, random: boolean): void
}

/**
 * What becomes of an advertising report: joined, filtered, decoded. Hot: an address, a frame and a delivery each, and nothing that grows
 * with the number of senders.
 */
export class ReportIntake {
  readonly #context: Pick<DriverContext, 'clock' | 'counters'>
  readonly #feed: FrameFeed | undefined
  readonly #filter: ReportFilter | undefined
  readonly #events: IntakeEvents
  readonly #fragments = new ReportFragments()
  readonly #joiner = new ScanResponseJoiner()

  /** Without `feed` only `events` are told. */
  constructor(
    context: Pick<DriverContext, 'clock' | 'counters'>,
    feed: FrameFeed | undefined,
    filter: FilterSettings | undefined,
    events: IntakeEvents
  ) {
    this.#context = context
    this.#feed = feed
    this.#filter = createReportFilter(filter)
    this.#events = events
  }

  /** Puts itself under noble's discovery, which merges reports and remembers every sender. `guard`: what throws must not reach noble. */
  attach(hci: NobleHci, guard: <Args extends unknown[]>(callback: (...args: Args) => void) => (...args: Args) => void): void {
    hci.on(
      'leAdvertisingReport',
      guard((_status: number, type: number, address: string, addressType: string, data: Buffer, rssi: number) =>
        this.#take(address.replaceAll(':', ''), addressType === 'random', type, data, rssi)
      )
    )
    hci.on(
      'leExtendedAdvertisingReport',
      guard((_status: number, type: number, address: string, addressType: string, _txPower: number, rssi: number, data: Buffer) => {
        const sender = address.replaceAll(':', '')
        this.#context.counters.bytesIn += data.length
        const before = this.#fragments.counters.lost
        const whole = this.#fragments.take(sender, type, data)
        this.#context.counters.errors += this.#fragments.counters.lost - before
        this.#events.heard()
        if (whole !== undefined) this.#whole(sender, addressType === 'random', pduType(type), whole, rssi)
      })
    )
  }

  #take(address: string, random: boolean, type: number, data: Uint8Array, rssi: number): void {
    this.#context.counters.bytesIn += data.length
    this.#events.heard()
    this.#whole(address, random, type, data, rssi)
  }

  #whole(address: string, random: boolean, type: number, data: Uint8Array, rssi: number): void {
    if (type === ADV_IND || type === ADV_DIRECT_IND) this.#events.connectable(address, random)
    if (this.#feed === undefined) return
    const { clock, counters } = this.#context
    const payload = this.#joiner.join(address, type, data, clock.monotonicMs())
    // Names were kept for the next advertisement; with nothing but names the one before would only be said twice.
    if ((type === SCAN_RSP && !hasContent(data)) || this.#filter?.passes(address, payload) === false) {
      counters.ignored++
      return
    }
    this.#feed.frame(payload, { address }, rssi === RSSI_UNKNOWN ? NO_ENVELOPE : { rssiDbm: rssi })
  }
}

const NO_ENVELOPE = {}

/** The legacy PDU that an extended report stands for or is most like. */
export function pduType(type: number): number {
  if ((type & RESPONSE) !== 0) return SCAN_RSP
  if ((type & CONNECTABLE) !== 0) return (type & DIRECTED) === 0 ? ADV_IND : ADV_DIRECT_IND
  return (type & SCANNABLE) === 0 ? ADV_NONCONN_IND : ADV_SCAN_IND
}

function hasContent(payload: Uint8Array): boolean {
  for (let at = 0; at + 1 < payload.length; at += 1 + (payload[at] ?? 0)) {
    if (payload[at] === 0) return false
    const type = payload[at + 1] ?? 0
    if (type === AD_MANUFACTURER_DATA || AD_SERVICE_DATA.has(type)) return true
  }
  return false
}
