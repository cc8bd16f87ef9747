import { BinaryFramer, NEED_MORE, NO_START } from '../kit/binary-framer.ts'
import {
  ANCHOR_RANGE_BYTES,
  POSITION_BYTES,
  RET_VAL,
  TAG_RANGE_BYTES,
  TYPE_ANCHOR_RANGES,
  TYPE_POSITION,
  TYPE_STATUS,
  TYPE_TAG_RANGES
} from './tlv-types.ts'

/** An answer's TLVs fit the module's buffer of 255 bytes (`DWM1001_TLV_MAX_SIZE`). */
export const MAX_ANSWER_BYTES = 258
const HEAD_BYTES = 3
const MAX_ERROR_CODE = 9
const POSITION_ANSWER_BYTES = HEAD_BYTES + 2 + POSITION_BYTES

/** Requests without a value, as a tap on both wires or an echo shows them. Two bytes are too few to be looked for in noise. */
export const REQUESTS: ReadonlyMap<number, string> = new Map([
  [0x02, 'pos_get'],
  [0x04, 'upd_rate_get'],
  [0x08, 'cfg_get'],
  [0x0a, 'sleep'],
  [0x0c, 'loc_get'],
  [0x10, 'baddr_get'],
  [0x12, 'stnry_cfg_get'],
  [0x13, 'factory_reset'],
  [0x14, 'reset'],
  [0x15, 'ver_get'],
  [0x18, 'uwb_cfg_get'],
  [0x1c, 'label_read'],
  [0x1f, 'uwb_preamble_get'],
  [0x24, 'uwb_scan_result_get'],
  [0x2f, 'panid_get'],
  [0x30, 'node_id_get'],
  [0x32, 'status_get'],
  [0x35, 'int_cfg_get'],
  [0x3a, 'bh_status_get']
])

/**
 * Frames are whole answers:
 *
 *   40 01 <error u8>  { <type u8> <length u8> <value> }      nothing follows an error other than 0
 *
 * On the wire an answer ends with a pause, which a stream of bytes does not show; the lengths say where a TLV ends, but not
 * whether another one follows. So it is learned: the first answer of a kind (by its first type) is held until the next one
 * begins, and from then on answers of that kind are whole with their last type. When one turns out longer, its ranges are a
 * frame of their own and the new shape is learned; when one turns out shorter, likewise. All of this depends on the bytes
 * before, never on how they were cut.
 */
export class TlvFramer extends BinaryFramer {
  readonly #shapes: AnswerShapes

  constructor() {
    const shapes = new AnswerShapes()
    super({ maxLength: MAX_ANSWER_BYTES, measure: (bytes, from, to) => shapes.measure(bytes, from, to) })
    this.#shapes = shapes
  }

  override flush(onFrame: (frame: Uint8Array) => void): void {
    this.#shapes.endReached = true
    super.flush(onFrame)
    this.#shapes.endReached = false
  }
}

class AnswerShapes {
  /** Nothing more will come. */
  endReached = false
  /** Number of TLVs in an answer, by its first type; 0: not known yet. */
  readonly #counts = new Uint8Array(256)
  /** First type of the answer that ended right before, by its learned shape. 0: none did. */
  #ended = 0
  /** What came right before was a frame, or nothing. */
  #aligned = true

  measure(bytes: Uint8Array, from: number, to: number): number {
    const length = this.#measure(bytes, from, to)
    if (length !== NEED_MORE && length <= to - from) this.#aligned = length !== NO_START
    return length
  }

  #measure(bytes: Uint8Array, from: number, to: number): number {
    const type = bytes[from] ?? 0
    if (this.#ended > 0 && isRanges(type)) return this.#lateRanges(bytes, from, to)
    this.#ended = 0
    if (type === RET_VAL) {
      const length = errorLength(bytes, from, to) ?? this.#answer(bytes, from, to)
      return length > HEAD_BYTES && length <= to - from && hidesAnswer(bytes, from, from + length) ? NO_START : length
    }
    if (!this.#aligned || this.endReached || !REQUESTS.has(type)) return NO_START
    if (to - from < 2) return NEED_MORE
    return bytes[from + 1] === 0 ? 2 : NO_START
  }

  #answer(bytes: Uint8Array, from: number, to: number): number {
    const first = bytes[from + HEAD_BYTES] ?? 0
    let at = from + HEAD_BYTES
    for (let count = 0; ; count++) {
      if (count > 0 && count === this.#counts[first]) {
        this.#ended = first
        return at - from
      }
      if (at >= to) return this.endReached ? at - from : NEED_MORE
      const next = endOfTlv(bytes, at, to)
      if (next === NO_START) return NO_START
      if (endsAnswer(bytes, from, at, next)) {
        if (count > 0) this.#counts[first] = count
        return at - from
      }
      if (next === NEED_MORE || next > to) return NEED_MORE
      at = next
    }
  }

  /** Ranges behind an answer that was taken for whole without them. */
  #lateRanges(bytes: Uint8Array, from: number, to: number): number {
    const next = endOfTlv(bytes, from, to)
    if (next === NEED_MORE || next > to) return next === NEED_MORE ? NEED_MORE : next - from
    if (next !== NO_START) this.#counts[this.#ended] = 0
    this.#ended = 0
    return next === NO_START ? NO_START : next - from
  }
}

const isRanges = (type: number): boolean => type === TYPE_TAG_RANGES || type === TYPE_ANCHOR_RANGES

/** Whether the TLV at `at`, which ends at `next`, cannot belong to the answer that begins at `from`. */
function endsAnswer(bytes: Uint8Array, from: number, at: number, next: number): boolean {
  return !isAnswerType(bytes[at] ?? 0) || next > from + MAX_ANSWER_BYTES
}

/** What `40 01 <error>` alone tells; undefined: TLVs follow. */
function errorLength(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (to - from < 2) return NEED_MORE
  if (bytes[from + 1] !== 1) return NO_START
  if (to - from < HEAD_BYTES) return NEED_MORE
  const code = bytes[from + 2] ?? 0
  if (code === 0) return undefined
  return code <= MAX_ERROR_CODE ? HEAD_BYTES : NO_START
}

/** Types that answers carry. */
const isAnswerType = (type: number): boolean => type > RET_VAL && type < 0x80

/** Where the TLV at `at` ends; `NO_START` where its length or count cannot be right, `NEED_MORE` before that is known. */
function endOfTlv(bytes: Uint8Array, at: number, to: number): number {
  if (at + 1 >= to) return NEED_MORE
  const type = bytes[at] ?? 0
  const length = bytes[at + 1] ?? 0
  if (type === TYPE_POSITION && length !== POSITION_BYTES) return NO_START
  if (type === TYPE_STATUS && length !== 1 && length !== 2) return NO_START
  if (isRanges(type)) {
    const size = type === TYPE_TAG_RANGES ? TAG_RANGE_BYTES : ANCHOR_RANGE_BYTES
    if (length % size !== 1) return NO_START
    if (at + 2 >= to) return NEED_MORE
    if ((bytes[at + 2] ?? 0) * size + 1 !== length) return NO_START
  }
  return at + 2 + length
}

/**
 * Whether another answer begins inside: then bytes of this one were lost, and what was read of it is the other's. At the end
 * of a position block `01 00 41` is one, too (a height of 65 to 131 m with a quality of exactly 65 is lost to that).
 */
function hidesAnswer(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from === POSITION_ANSWER_BYTES && bytes[to - 3] === 1 && bytes[to - 2] === 0 && bytes[to - 1] === TYPE_POSITION) return true
  for (let at = bytes.indexOf(RET_VAL, from + HEAD_BYTES); at >= 0 && at + 2 < to; at = bytes.indexOf(RET_VAL, at + 1)) {
    if (bytes[at + 1] !== 1 || bytes[at + 2] !== 0) continue
    if (at + 3 >= to) return true
    const type = bytes[at + 3]
    if (type === TYPE_STATUS) return true
    if (type === TYPE_POSITION && (at + 4 >= to || bytes[at + 4] === POSITION_BYTES)) return true
  }
  return false
}
