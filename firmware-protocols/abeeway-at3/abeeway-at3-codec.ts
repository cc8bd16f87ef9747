import type { Codec, DecodeResult, Decoder, FrameContext } from '../codec.ts'
import type { Extra } from '../kit/json.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import { readQuery, readResponse, readTelemetry } from './at3-answers.ts'
import { readHeader } from './at3-header.ts'
import { readNotification } from './at3-notifications.ts'
import { readPosition } from './at3-positions.ts'

/** Longer than any LoRaWAN payload; the same messages travel over cellular networks. */
const MAX_BYTES = 1024

const NOTIFICATION = 1
const POSITION = 2
const QUERY = 3
const RESPONSE = 4
const TELEMETRY = 5

/** One uplink of an Abeeway tracker with firmware "Asset Tracker 3". All big-endian. */
class At3Decoder implements Decoder {
  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length === 0) return ignored('empty payload')
    if (frame.length > MAX_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_BYTES}`)
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
    const draft: Draft = {}
    const extra: Extra = {}
    if (context.address !== undefined) draft.tag = context.address
    if (context.retained === true) draft.stale = true
    draft.extra = extra
    const header = readHeader(view, context, draft, extra)
    if (header === undefined) return failure('FRAME_LENGTH', `${frame.length} bytes are too few for a header`)
    const signals: Signal[] = []
    const read = readBody(header.type, view, header.body, draft, extra, signals)
    if (read === undefined) return failure('FRAME_FORMAT', `message type ${header.type} is none of the protocol's`)
    if (!read) return failure('FRAME_LENGTH', `${frame.length} bytes are too few for a ${String(extra['type'])}`)
    draft.signals = withSos(signals, extra['sos'] === true, draft.stale === true)
    return readings(draft)
  }
}

/** False: too short; undefined: a type that is not known. */
function readBody(type: number, view: DataView, body: number, draft: Draft, extra: Extra, signals: Signal[]): boolean | undefined {
  switch (type) {
    case NOTIFICATION:
      return readNotification(view, body, draft, extra, signals)
    case POSITION:
      return readPosition(view, body, draft, extra, signals)
    case QUERY:
      return readQuery(view, body, extra)
    case RESPONSE:
      return readResponse(view, body, draft, extra)
    case TELEMETRY:
      return readTelemetry(view, body, extra)
    default:
      return undefined
  }
}

/** Old news (a buffered frame) can raise an alert that was never heard; it cannot end one, nor count motions backwards. */
function withSos(signals: Signal[], on: boolean, stale: boolean): readonly Signal[] {
  signals.unshift({ kind: 'sos', form: 'level', on })
  return stale ? signals.filter((signal) => (signal.form === 'level' ? signal.on : signal.form === 'event')) : signals
}

export const abeewayAt3: Codec = {
  protocol: 'abeeway-at3',
  title: 'Abeeway trackers, firmware Asset Tracker 3 (LoRaWAN payload)',
  transport: 'lorawan',
  encoding: 'binary',
  idScope: 'world',
  idNamespace: 'lorawan',
  createDecoder: () => new At3Decoder()
}
