import type { Codec, DecodeResult, Decoder, FrameContext } from '../codec.ts'
import type { Extra } from '../kit/json.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import type { Signal } from '../reading.ts'
import { readEvent } from './at2-events.ts'
import { AT2_HEADER_LENGTH, readHeader } from './at2-header.ts'
import { readPosition } from './at2-positions.ts'
import { readProximity } from './at2-proximity.ts'
import { readDebug, readEnergy, readHeartbeat, readMisc, readScanCollection, readShutdown } from './at2-status.ts'

/** The longest LoRaWAN payload. */
const MAX_BYTES = 242

const FRAME_PENDING = 0
const SMS = 0x0d

const TYPES: ReadonlyMap<number, string> = new Map([
  [3, 'POSITION_MESSAGE'],
  [0x0a, 'EVENT'],
  [0x0b, 'DATA_SCAN_COLLECTION'],
  [0x0c, 'PROXIMITY_DETECTION'],
  [0x0e, 'EXTENDED_POSITION_MESSAGE'],
  [0x0f, 'DEBUG']
])

/** Reads the part behind the header. False: too short; undefined: a type that is not known. */
function readBody(type: number, view: DataView, draft: Draft, extra: Extra, signals: Signal[]): boolean | undefined {
  const name = TYPES.get(type)
  if (name !== undefined) extra['message_type'] = name
  switch (type) {
    case 3:
      return readPosition(view, false, draft, extra)
    case 4:
      return readEnergy(view, draft, extra)
    case 5:
      return readHeartbeat(view, extra)
    case 7:
      return readMisc(view, extra, signals)
    case 9:
      return readShutdown(view, extra, signals)
    case 0x0a:
      return readEvent(view, draft, extra, signals)
    case 0x0b:
      return readScanCollection(view, extra)
    case 0x0c:
      return readProximity(view, extra)
    case 0x0e:
      return readPosition(view, true, draft, extra)
    case 0x0f:
      readDebug(view, extra)
      return true
    default:
      return undefined
  }
}

/** One LoRaWAN uplink of an Abeeway tracker with firmware "Asset Tracker 2". All big-endian. */
class At2Decoder implements Decoder {
  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
    if (frame.length > MAX_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_BYTES}`)
    const type = frame[0]
    if (type === undefined) return ignored('empty payload')
    const draft: Draft = {}
    const extra: Extra = {}
    if (context.retained === true) draft.stale = true
    if (context.address !== undefined) draft.tag = context.address
    draft.extra = extra
    if (type === FRAME_PENDING) return frame.length < 2 ? tooShort(frame) : ignored('frame pending: the answer to a downlink')
    if (frame.length < AT2_HEADER_LENGTH) return tooShort(frame)
    if (type === SMS) {
      readSms(frame, view, extra)
      return readings(draft)
    }
    readHeader(view, context, draft, extra)
    const signals: Signal[] = []
    const read = readBody(type, view, draft, extra, signals)
    if (read === undefined) return failure('FRAME_FORMAT', `message type ${type} is none of the protocol's`)
    if (!read) return tooShort(frame)
    applyAge(draft, extra, context)
    draft.signals = withSos(signals, extra['sos'] === true, draft.stale === true)
    return readings(draft)
  }
}

const tooShort = (frame: Uint8Array): DecodeResult =>
  failure('FRAME_LENGTH', `${frame.length} bytes are too few for message type ${frame[0]}`)

/** Old news can raise an alert that was never heard; it cannot end one. */
function withSos(signals: Signal[], on: boolean, stale: boolean): readonly Signal[] {
  signals.unshift({ kind: 'sos', form: 'level', on })
  return stale ? signals.filter((signal) => signal.form !== 'level' || signal.on) : signals
}

/** A position's age says when it was taken. */
function applyAge(draft: Draft, extra: Extra, context: FrameContext): void {
  const age = extra['age_s']
  if (typeof age === 'number' && context.receivedAt !== undefined) draft.deviceTime = context.receivedAt - age * 1000
}

/** 1 u4 token of the last downlink; 2 u24 receiver of the message; 5 text. */
function readSms(frame: Uint8Array, view: DataView, extra: Extra): void {
  extra['message_type'] = 'SMS'
  extra['ack_token'] = view.getUint8(1) >> 4
  extra['sms_to'] = (view.getUint16(2) << 8) | view.getUint8(4)
  extra['text'] = utf8Text(frame.subarray(5))
}

export const abeewayAt2: Codec = {
  protocol: 'abeeway-at2',
  title: 'Abeeway trackers, firmware Asset Tracker 2 (LoRaWAN payload)',
  transport: 'lorawan',
  encoding: 'binary',
  idScope: 'world',
  idNamespace: 'lorawan',
  createDecoder: () => new At2Decoder()
}
