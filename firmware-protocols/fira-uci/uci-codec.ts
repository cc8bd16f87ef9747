import { type Codec, type DecodeResult, type Decoder, defineCodec } from '../codec.ts'
import { NEED_MORE, NO_START } from '../kit/binary-framer.ts'
import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { u16, u32 } from '../kit/little-endian.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import type { Range, Reading } from '../reading.ts'
import { macText, readMeasurements, type UciMeasurement } from './uci-measurements.ts'
import { readNotification, readResponse, type UciMessage } from './uci-messages.ts'
import { statusName } from './uci-names.ts'
import {
  COMMAND,
  DATA_HEAD_LENGTH,
  DL_TDOA,
  INFO_HEAD_LENGTH,
  isData,
  isSessionInfo,
  measureUci,
  messageType,
  OWR_AOA,
  RESPONSE,
  SegmentJoiner,
  TWO_WAY,
  UciFramer
} from './uci-packets.ts'
import { type UciSettings, uciSettingsSchema } from './uci-settings.ts'

const TYPES: ReadonlyMap<number, string> = new Map([
  [TWO_WAY, 'twr'],
  [DL_TDOA, 'dl_tdoa'],
  [OWR_AOA, 'owr_aoa']
])

class UciDecoder implements Decoder {
  readonly #segments = new SegmentJoiner()
  readonly #settings: UciSettings

  constructor(settings: UciSettings) {
    this.#settings = settings
  }

  decode(frame: Uint8Array): DecodeResult {
    const length = measureUci(frame, 0, frame.length, true)
    if (length === NO_START) return failure('FRAME_FORMAT', 'no UCI packet begins so')
    if (length === NEED_MORE || length !== frame.length) return failure('FRAME_LENGTH', 'the length does not fit')
    const payload = this.#segments.add(frame)
    if (payload === undefined) return { kind: 'incomplete', why: 'a segment; more follow' }
    if (payload === 'too-long') return failure('FRAME_LENGTH', 'more segments than a message has')
    if (isData(frame)) return this.#data(payload)
    if (isSessionInfo(frame)) return this.#sessionInfo(payload)
    const type = messageType(frame)
    if (type === COMMAND) return ignored('a command to the module')
    const group = (frame[0] ?? 0) & 0x0f
    const opcode = frame[1] ?? 0
    const message = type === RESPONSE ? readResponse(group, opcode, payload) : readNotification(group, opcode, payload)
    return message === undefined ? failure('FRAME_LENGTH', 'the payload is too short') : readings(this.#ofModule(message))
  }

  #ofModule({ extra, online }: UciMessage): Reading {
    const device = this.#settings.moduleId
    return online === undefined ? { device, extra } : { device, online, extra }
  }

  /**
   * Session info: sequence u32, session u32, rcr u8, interval u32 ms, type of measurement u8, reserved u8, addresses u8 (0: 2 bytes,
   * 1: 8 bytes), reserved 8, count u8, measurements, then what vendors add
   */
  #sessionInfo(payload: Uint8Array): DecodeResult {
    if (payload.length < INFO_HEAD_LENGTH) return failure('FRAME_LENGTH', 'session info is too short')
    const type = payload[13] ?? 0
    const addresses = payload[15] ?? 0
    const sequence = u32(payload, 0)
    if (addresses > 1) return failure('VALUE_RANGE', `addresses of kind ${addresses}`)
    const extra: Extra = { kind: 'session_info_ntf', seq: sequence, session: u32(payload, 4) }
    if (payload[8] !== 0) extra['rcr_indicator'] = payload[8] ?? 0
    extra['ranging_interval_s'] = u32(payload, 9) / 1000
    extra['measurement_type'] = TYPES.get(type) ?? `type_${type}`
    if (!TYPES.has(type)) {
      extra['payload_hex'] = toHex(payload.subarray(INFO_HEAD_LENGTH - 1))
      return readings({ device: this.#settings.moduleId, sequence, extra })
    }
    const read = readMeasurements(type, payload, INFO_HEAD_LENGTH, payload[24] ?? 0, addresses === 1)
    if (read === undefined) return failure('FRAME_LENGTH', 'the measurements do not fill the message')
    extra['measurements'] = read.list.map((measurement) => measurement.extra)
    if (read.vendorHex !== '') extra['vendor_data_hex'] = read.vendorHex
    // Who times differences of anchors is itself what is to be located.
    const peersAreTags = this.#settings.peers === 'tags' && type !== DL_TDOA
    return peersAreTags ? this.#heardTags(read.list, sequence, extra) : this.#heardAnchors(read.list, sequence, extra)
  }

  /** A reading of the module, and one of each tag that answered: one that did not was not heard. */
  #heardTags(list: readonly UciMeasurement[], sequence: number, extra: Extra): DecodeResult {
    const device = this.#settings.moduleId
    const out: Reading[] = [{ device, sequence, extra }]
    for (const measurement of list) {
      if (!measurement.ok) continue
      const draft: Draft = { tag: measurement.mac, receiver: device, sequence }
      const range = rangeOf(measurement, device)
      if (range) draft.ranges = [range]
      if (measurement.rssiDbm !== undefined) draft.rssiDbm = measurement.rssiDbm
      draft.extra = measurement.extra
      out.push(draft)
    }
    return { kind: 'readings', readings: out }
  }

  /** One reading of what carries the module. When no anchor answered, it is one of the module, so that nothing seems located. */
  #heardAnchors(list: readonly UciMeasurement[], sequence: number, extra: Extra): DecodeResult {
    const ranges = list.flatMap((measurement) => rangeOf(measurement, measurement.mac) ?? [])
    if (!list.some((measurement) => measurement.ok)) return readings({ device: this.#settings.moduleId, sequence, extra })
    return readings(ranges.length > 0 ? { sequence, ranges, extra } : { sequence, extra })
  }

  /** session u32, status u8, source u64, sequence u16, length u16, data */
  #data(payload: Uint8Array): DecodeResult {
    if (payload.length < DATA_HEAD_LENGTH || u16(payload, 15) !== payload.length - DATA_HEAD_LENGTH)
      return failure('FRAME_LENGTH', 'the data does not fill the message')
    const wide = macText(payload, 5, 8)
    const mac = wide.startsWith('000000000000') ? wide.slice(12) : wide
    const sequence = u16(payload, 13)
    const extra: Extra = {
      kind: 'data_rcv',
      session: u32(payload, 0),
      status: statusName(payload[4] ?? 0),
      mac: `0x${mac}`,
      data_seq: sequence,
      data_hex: toHex(payload.subarray(DATA_HEAD_LENGTH))
    }
    const { peers, moduleId } = this.#settings
    return readings(peers === 'tags' ? { tag: mac, receiver: moduleId, sequence, extra } : { device: mac, sequence, extra })
  }
}

function rangeOf({ rangeM, rssiDbm }: UciMeasurement, anchor: string): Range | undefined {
  if (rangeM === undefined) return undefined
  return rssiDbm === undefined ? { anchor, rangeM } : { anchor, rangeM, rssiDbm }
}

const DEFAULTS = uciSettingsSchema.parse({})

export const firaUci: Codec = defineCodec<UciSettings>({
  protocol: 'fira-uci',
  title: 'FiRa UCI (NXP, Qorvo and other UWB modules)',
  transport: 'serial',
  encoding: 'binary',
  idScope: 'system',
  settings: uciSettingsSchema,
  // CORE_GET_DEVICE_INFO_CMD: asks for versions.
  serialHabits: { baudRates: [115_200, 3_000_000], question: Uint8Array.of(0x20, 0x02, 0, 0) },
  createFramer: () => new UciFramer(),
  createDecoder: (settings = DEFAULTS) => new UciDecoder(settings)
})
