import type { Codec, CodecPoll, DecodeResult, Decoder } from '../codec.ts'
import type { Extra } from '../kit/json.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import { readOther } from './tlv-answers.ts'
import { MAX_ANSWER_BYTES, REQUESTS, TlvFramer } from './tlv-framer.ts'
import { readAnchorRanges, readPosition, readTagRanges, settlePosition } from './tlv-location.ts'
import { RET_VAL, TYPE_ANCHOR_RANGES, TYPE_POSITION, TYPE_TAG_RANGES } from './tlv-types.ts'

/** Error codes of the API guide (0 to 5) and of LEAPS firmware (from 6). */
const ERRORS = [
  'ok',
  'unknown_command_or_broken_tlv',
  'internal_error',
  'invalid_parameter',
  'busy',
  'operation_not_permitted',
  'checksum_error',
  'io_error',
  'not_supported',
  'reset_needed'
] as const

const TOO_SHORT = failure('FRAME_LENGTH', 'fewer bytes than the lengths say')

class TlvDecoder implements Decoder {
  decode(frame: Uint8Array): DecodeResult {
    if (frame.length < 2) return { kind: 'incomplete', why: 'the start of an answer' }
    if (frame.length > MAX_ANSWER_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_ANSWER_BYTES}`)
    const type = frame[0] ?? 0
    if (type === TYPE_TAG_RANGES || type === TYPE_ANCHOR_RANGES) return this.#values(frame, 0, { kind: 'response' })
    const request = REQUESTS.get(type)
    if (request !== undefined && frame.length === 2 && frame[1] === 0) return ignored(`request ${request}`)
    if (type !== RET_VAL || frame[1] !== 1) return failure('FRAME_FORMAT', 'no answer begins here')
    if (frame.length < 3) return { kind: 'incomplete', why: 'the start of an answer' }
    const code = frame[2] ?? 0
    const err = ERRORS[code]
    if (err === undefined) return failure('FRAME_FORMAT', `unknown error code ${code}`)
    const extra: Extra = { kind: 'response', err_code: code, err }
    if (code === 0) return this.#values(frame, 3, extra)
    return frame.length === 3 ? readings({ extra }) : failure('FRAME_FORMAT', 'an error with values')
  }

  #values(frame: Uint8Array, start: number, extra: Extra): DecodeResult {
    const draft: Draft = {}
    for (let at = start; at < frame.length; ) {
      const type = frame[at] ?? 0
      const length = frame[at + 1] ?? 0
      const from = at + 2
      at = from + length
      if (at > frame.length || from > frame.length) return TOO_SHORT
      const problem = readValue(type, frame, from, at, draft, extra)
      if (problem !== undefined) return problem
    }
    settlePosition(draft, extra)
    draft.extra = extra
    return readings(draft)
  }
}

/** Reads one value into the reading; a result only where it cannot be right. */
function readValue(type: number, frame: Uint8Array, from: number, to: number, draft: Draft, extra: Extra): DecodeResult | undefined {
  if (type === TYPE_POSITION) return readPosition(frame, from, to, draft)
  if (type === TYPE_TAG_RANGES) return readTagRanges(frame, from, to, draft)
  if (type === TYPE_ANCHOR_RANGES) return readAnchorRanges(frame, from, to, draft)
  return readOther(type, frame, from, to, extra)
}

/** The shortest location period of a module is 100 ms; `loc_get` tells position and ranges together (API guide 4.3.9). */
const poll: CodecPoll = {
  requests: {
    loc_get: Uint8Array.of(0x0c, 0),
    pos_get: Uint8Array.of(0x02, 0),
    status_get: Uint8Array.of(0x32, 0),
    node_id_get: Uint8Array.of(0x30, 0),
    upd_rate_get: Uint8Array.of(0x04, 0)
  },
  usual: ['loc_get'],
  intervalMs: 100
}

export const dwm1001UartTlv: Codec = {
  protocol: 'dwm1001-uart-tlv',
  title: 'Qorvo PANS binary API on a serial line (DWM1001, LEAPS)',
  transport: 'serial',
  encoding: 'binary',
  idScope: 'system',
  serialHabits: { baudRates: [115_200] },
  poll,
  createFramer: () => new TlvFramer(),
  createDecoder: () => new TlvDecoder()
}
