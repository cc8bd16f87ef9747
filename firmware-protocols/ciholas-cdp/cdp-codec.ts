import type { Codec, DecodeResult, Decoder } from '../codec.ts'
import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { i32, u16, u32, u64Text } from '../kit/little-endian.ts'
import { LruMap } from '../kit/lru-map.ts'
import { type Draft, failure, ignored } from '../kit/results.ts'
import type { Reading } from '../reading.ts'
import { readFields, serialId, serialText } from './cdp-fields.ts'
import { type CdpItem, ITEMS, MEANINGS } from './cdp-items.ts'
import { applyMeaning, FLAG_INACTIVE, FLAG_NOT_CALCULATED } from './cdp-meanings.ts'
import { NetworkClock } from './cdp-time.ts'

/**
 * CDP packet, one a datagram (ciholas/cdp-py, cdp.py), little-endian:
 *
 *   0 mark u32 0x3230434C ("LC02")  4 sequence u32  8 "CDP0002\0" or "LCM_SELF"  16 serial number of the sender u32
 *   20 { type u16, size u16, data }
 */
const HEADER_LENGTH = 20
const ITEM_HEADER_LENGTH = 4
const MARK = 0x3230434c
/** As two little-endian numbers each. */
const CDP0002 = [0x30504443, 0x00323030]
const LCM_SELF = [0x5f4d434c, 0x464c4553]

function hasHeaderText(bytes: Uint8Array): boolean {
  const first = u32(bytes, 8)
  const second = u32(bytes, 12)
  return (first === CDP0002[0] && second === CDP0002[1]) || (first === LCM_SELF[0] && second === LCM_SELF[1])
}

const POSITION_V3 = 0x0135
const POSITION_V3_LENGTH = 30
const ANCHOR_STATUS_V3 = 0x0136
const PING = 0x802f
/** What units send of their own; anchors have nobody to write it for them. */
const USER_DATA: ReadonlySet<number> = new Set([0x0007, 0x0148, 0x0179])

/** Serial numbers whose kind is remembered: more than any site has. */
const MAX_REMEMBERED = 10_000

const typeName = (type: number): string => `0x${type.toString(16).toUpperCase().padStart(4, '0')}`

interface Unit {
  readonly id: string
  readonly printed: string
}

interface Packet {
  readonly bytes: Uint8Array
  readonly sequence: number
  readonly senderId: string
  readonly sender: string
}

class CdpDecoder implements Decoder {
  readonly #clock = new NetworkClock()
  /** Units that gave themselves away as anchors, and as tags. */
  readonly #anchors = new Set<string>()
  readonly #tags = new Set<string>()
  /** Serial numbers in both writings: making them costs more than reading a position. */
  readonly #units = new LruMap<number, Unit>(MAX_REMEMBERED)

  decode(frame: Uint8Array): DecodeResult {
    if (frame.length < HEADER_LENGTH) return failure('FRAME_LENGTH', 'shorter than a header')
    if (u32(frame, 0) !== MARK) return failure('FRAME_FORMAT', 'no CDP mark')
    if (!hasHeaderText(frame)) return failure('FRAME_FORMAT', 'no CDP header')
    if (!itemsFit(frame)) return failure('FRAME_LENGTH', 'the items do not fill the packet')
    const { id: senderId, printed: sender } = this.#unit(frame, 16)
    const packet = { bytes: frame, sequence: u32(frame, 4), senderId, sender }
    const readings: Reading[] = []
    for (let at = HEADER_LENGTH; at < frame.length; at += ITEM_HEADER_LENGTH + u16(frame, at + 2)) {
      const reading = this.#item(packet, at)
      if (reading === undefined) return failure('FRAME_LENGTH', `item ${typeName(u16(frame, at))} is too short`)
      readings.push(reading)
    }
    return readings.length === 0 ? ignored('a packet without items') : { kind: 'readings', readings }
  }

  /** One reading an item; undefined when it is shorter than its type. */
  #item(packet: Packet, at: number): Reading | undefined {
    const { bytes } = packet
    const type = u16(bytes, at)
    const from = at + ITEM_HEADER_LENGTH
    const data = bytes.subarray(from, from + u16(bytes, at + 2))
    if (type === POSITION_V3 && data.length === POSITION_V3_LENGTH) return this.#position(data, packet)
    const extra: Extra = { type: typeName(type), seq: packet.sequence, sender_serial: packet.sender }
    const known = ITEMS.get(type)
    if (known === undefined) {
      extra['unknown'] = true
      extra['data_hex'] = toHex(data)
      return { device: packet.senderId, extra }
    }
    if (!readFields(known.fields, data, extra)) return undefined
    const draft: Draft = {}
    this.#identify(known, type, packet, extra, data, draft)
    const meaning = MEANINGS.get(type)
    if (meaning === 'mapping') this.#clock.take(data, 0)
    else if (meaning === 'distance') applyDistance(draft, extra)
    else if (meaning !== undefined) applyMeaning(meaning, draft, extra)
    this.#stamp(known, data, draft)
    draft.extra = extra
    return draft
  }

  /**
   * The item that there is most of: 0 serial u32, 4 network time u64, 12 x, y, z i32 mm, 24 quality u16 (of 10 000), 26 anchors u8,
   * 27 flags u8 (bit 7 inactive, bit 6 not calculated), 28 smoothing u16
   */
  #position(data: Uint8Array, packet: Packet): Reading {
    const { id: tag, printed } = this.#unit(data, 0)
    this.#remember(this.#tags, tag)
    const flags = data[27] ?? 0
    const quality = u16(data, 24) / 100
    const calculated = (flags & FLAG_NOT_CALCULATED) === 0
    const draft: Draft = {
      tag,
      position: { x: i32(data, 12) / 1000, y: i32(data, 16) / 1000, z: i32(data, 20) / 1000 },
      extra: {
        type: '0x0135',
        seq: packet.sequence,
        sender_serial: packet.sender,
        serial: printed,
        network_time_ticks: u64Text(data, 4),
        quality_pct: quality,
        anchor_count: data[26] ?? 0,
        inactive: (flags & FLAG_INACTIVE) !== 0,
        not_calculated: !calculated,
        smoothing: u16(data, 28)
      }
    }
    if (quality <= 100) draft.quality = quality
    if (!calculated) draft.usable = false
    const deviceTime = this.#clock.epochMs(data, 4)
    if (deviceTime !== undefined) draft.deviceTime = deviceTime
    return draft
  }

  #unit(bytes: Uint8Array, at: number): Unit {
    const serial = u32(bytes, at)
    const known = this.#units.get(serial)
    if (known !== undefined) return known
    const unit = { id: serialId(bytes, at), printed: serialText(bytes, at) }
    this.#units.set(serial, unit)
    return unit
  }

  #stamp(known: CdpItem, data: Uint8Array, draft: Draft): void {
    const at = known.fields[0]?.name === 'network_time_ticks' ? 0 : known.fields[1]?.name === 'network_time_ticks' ? 4 : -1
    const deviceTime = at < 0 ? undefined : this.#clock.epochMs(data, at)
    if (deviceTime !== undefined) draft.deviceTime = deviceTime
  }

  #identify({ subject }: CdpItem, type: number, packet: Packet, extra: Extra, data: Uint8Array, draft: Draft): void {
    const own = extra['serial'] === undefined ? undefined : serialId(data, 0)
    if (MEANINGS.get(type) === 'distance') {
      this.#pair(own ?? (extra['serial_1'] === undefined ? packet.senderId : serialId(data, 0)), packet, extra, data, draft)
      return
    }
    const id = own ?? packet.senderId
    if (type === PING) {
      this.#remember(this.#anchors, id)
      draft.tag = serialId(data, 0)
      draft.receiver = id
    } else if (subject === 'tag') {
      this.#remember(this.#tags, id)
      draft.tag = id
      for (let at = 12; extra['anchors'] !== undefined && at + 4 <= data.length; at += type === ANCHOR_STATUS_V3 ? 12 : 8)
        this.#remember(this.#anchors, serialId(data, at))
    } else if (subject === 'anchor') {
      this.#remember(this.#anchors, id)
      draft.device = id
    } else if (this.#isTag(subject === 'sender', type, id, extra)) draft.tag = id
    else draft.device = id
  }

  /** What kind a unit is that an item does not tell: what it showed itself to be, else by what is measured. */
  #isTag(bySender: boolean, type: number, id: string, extra: Extra): boolean {
    if (this.#tags.has(id)) return true
    if (this.#anchors.has(id)) return false
    const meaning = MEANINGS.get(type)
    if (meaning === 'hardware') return extra['battery_pct'] !== 255
    if (meaning === 'position') return bySender
    return USER_DATA.has(type) || (meaning !== undefined && meaning !== 'mapping')
  }

  /** Two units and what is between them: the one known as an anchor is the anchor, else the second. */
  #pair(first: string, packet: Packet, extra: Extra, data: Uint8Array, draft: Draft): void {
    const second = extra['serial_1'] === undefined ? serialId(data, 0) : serialId(data, 4)
    extra['serial_1'] ??= packet.sender
    const swapped = this.#anchors.has(first) && !this.#anchors.has(second)
    draft.tag = swapped ? second : first
    draft.receiver = swapped ? first : second
  }

  #remember(set: Set<string>, id: string): void {
    if (set.size < MAX_REMEMBERED) set.add(id)
  }
}

/** Whether items follow each other to the last byte. */
function itemsFit(bytes: Uint8Array): boolean {
  let at = HEADER_LENGTH
  while (at < bytes.length) {
    if (at + ITEM_HEADER_LENGTH > bytes.length) return false
    at += ITEM_HEADER_LENGTH + u16(bytes, at + 2)
  }
  return at === bytes.length
}

function applyDistance(draft: Draft, extra: Extra): void {
  const rangeM = extra['distance_m']
  const quality = extra['quality_pct']
  if (typeof rangeM !== 'number' || rangeM <= 0 || draft.receiver === undefined) return
  const range = { anchor: draft.receiver, rangeM }
  draft.ranges = [typeof quality === 'number' && quality <= 100 ? { ...range, quality } : range]
}

export const ciholasCdp: Codec = {
  protocol: 'ciholas-cdp',
  title: 'Ciholas CUWB, CDP packets',
  transport: 'udp',
  encoding: 'binary',
  idScope: 'system',
  createDecoder: () => new CdpDecoder()
}
