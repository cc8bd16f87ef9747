import { z } from 'zod'
import { type DecodeResult, type Decoder, defineCodec } from '../codec.ts'
import type { Extra } from '../kit/json.ts'
import { LineFramer } from '../kit/line-framer.ts'
import { MarkedLineFramer } from '../kit/marked-line-framer.ts'
import { type Draft, failure, readings } from '../kit/results.ts'
import { latin1Text } from '../kit/text.ts'
import type { Json, Range } from '../reading.ts'
import { readReport, type TrekReport } from './trek-report.ts'
import { readTrekText } from './trek-text.ts'

/** The longest line is the one with eight ranges and inertial values, some 200 characters. */
const MAX_LINE_BYTES = 320
const NO_RANGE = 0xffffffff
/** Boards print 0 or 1 mm when a ranging failed. */
const FAILED_BELOW_MM = 2
/** No UWB link is longer; there is no checksum, so a greater range tells of a damaged line. */
const MAX_RANGE_MM = 10_000_000
const MIN_RANGE_MM = -10_000
/** Reporters that are remembered; a site has a few hundred at most. */
const MAX_REPORTERS = 4096
/** Raw lines without a corrected one between them, after which raw ranges count again. */
const RAW_ALONE = 8

const KIND_NAMES = { c: 'tag_anchor_corrected', r: 'tag_anchor_raw', a: 'anchor_anchor' } as const
const WIDTHS = 'widths and number of fields do not fit'
/** Which anchors a slot of an `ma` line with four slots is about (manual 8.1.1). */
const PAIRS: readonly (readonly [number, number] | undefined)[] = [undefined, [0, 1], [0, 2], [1, 2]]

const trekSettingsSchema = z.strictObject({
  sosByte: z.boolean().default(false).meta({
    title: 'SOS byte',
    description:
      "true: the boards have HaoruTech firmware that prints a tag's SOS byte in place of the mask, 0 while nothing is pressed; any other value is an SOS of that tag. false: nothing in that place is an SOS"
  })
})
type TrekSettings = z.output<typeof trekSettingsSchema>
const DEFAULT_SETTINGS: TrekSettings = { sosByte: false }

class TrekDecoder implements Decoder {
  /** By reporter: how many lines with ranges other than corrected ones came since the last corrected one. */
  readonly #sinceCorrected = new Map<number, number>()
  /** HaoruTech firmware prints a byte of its tags where others have the mask; seen from a mask of 0 with ranges. */
  #hasUserByte: boolean
  readonly #isSos: boolean

  constructor({ sosByte }: TrekSettings) {
    this.#isSos = sosByte
    this.#hasUserByte = sosByte
  }

  decode(frame: Uint8Array): DecodeResult {
    if (frame.length > MAX_LINE_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_LINE_BYTES}`)
    const line = trimmed(frame)
    if (line[0] === 0x6d && line[2] === 0x20 && line[1] !== 0x65) {
      const report = readReport(line)
      return report === undefined ? failure('FRAME_FORMAT', `report: ${WIDTHS}`) : this.#report(report)
    }
    return readTrekText(latin1Text(line), (tag) => this.#isDouble('t', tag, 0))
  }

  #report(report: TrekReport): DecodeResult {
    const { kind, mask, slots, reporter, tag, anchor, diagnostic } = report
    const told = toldSlots(slots)
    if (diagnostic !== undefined && mask === 0 && told !== 0) this.#hasUserByte = true
    const isUserByte = diagnostic !== undefined && this.#hasUserByte
    const extra: Extra = {
      kind: KIND_NAMES[kind],
      mask,
      range_count: report.rangeCount,
      seq: report.seq,
      reporter: reporter === 'a' ? 'anchor' : 'tag',
      tag_id: tag,
      anchor_id: anchor,
      debug: report.debug
    }
    const draft: Draft = kind === 'a' ? { device: String(anchor) } : { tag: String(tag), sequence: report.seq }
    const bits = isUserByte ? told : mask & told
    for (let slot = 0; slot < slots.length; slot++)
      if ((bits & (1 << slot)) !== 0 && isTooFar(slots[slot] ?? 0)) return failure('VALUE_RANGE', 'a range of more than 10 km')
    if (kind === 'a') extra['ranges'] = betweenAnchors(slots, bits)
    else this.#tagRanges(report, bits, draft, extra)
    if (isUserByte) this.#userByte(report, draft, extra)
    if (diagnostic !== undefined) {
      extra['diagnostic'] = diagnostic
      const dbm = -diagnostic / 100
      if (dbm <= -30 && dbm >= -130) draft.rssiDbm = dbm
    }
    draft.extra = extra
    return readings(draft)
  }

  #userByte({ kind, mask }: TrekReport, draft: Draft, extra: Extra): void {
    extra['user_byte'] = mask
    if (this.#isSos && kind !== 'a') draft.signals = [{ kind: 'sos', form: 'level', on: mask !== 0 }]
  }

  #tagRanges(report: TrekReport, bits: number, draft: Draft, extra: Extra): void {
    const { kind, slots, reporter, tag, anchor } = report
    if (kind === 'c') this.#corrected(reporter, tag, anchor)
    else if (this.#isDouble(reporter, tag, anchor)) {
      extra['ranges'] = asSent(slots, bits)
      return
    }
    const ranges: Range[] = []
    let failed: Json[] | undefined
    for (let slot = 0; slot < slots.length; slot++) {
      if ((bits & (1 << slot)) === 0) continue
      const millimetres = slots[slot] ?? 0
      if ((millimetres | 0) < FAILED_BELOW_MM) {
        failed ??= []
        failed.push({ index: slot, distance_m: (millimetres | 0) / 1000 })
      } else ranges.push({ anchor: String(slot), rangeM: millimetres / 1000 })
    }
    draft.ranges = ranges
    if (failed !== undefined) extra['failed_ranges'] = failed
  }

  #corrected(reporter: 'a' | 't', tag: number, anchor: number): void {
    const key = reporterKey(reporter, tag, anchor)
    if (this.#sinceCorrected.size < MAX_REPORTERS || this.#sinceCorrected.has(key)) this.#sinceCorrected.set(key, 0)
  }

  /** Whether this reporter prints the same ranges as corrected ones, too: they would count twice. */
  #isDouble(reporter: 'a' | 't', tag: number, anchor: number): boolean {
    const key = reporterKey(reporter, tag, anchor)
    const since = this.#sinceCorrected.get(key)
    if (since === undefined) return false
    if (since < RAW_ALONE) this.#sinceCorrected.set(key, since + 1)
    else this.#sinceCorrected.delete(key)
    return since < RAW_ALONE
  }
}

/** Ids have at most 5 decimal digits. */
const reporterKey = (reporter: 'a' | 't', tag: number, anchor: number): number => (anchor * 100_000 + tag) * 2 + (reporter === 't' ? 1 : 0)

/** A bit for every slot that holds anything. */
function toldSlots(slots: readonly number[]): number {
  let bits = 0
  for (let slot = 0; slot < slots.length; slot++) if (slots[slot] !== NO_RANGE) bits |= 1 << slot
  return bits
}

/** Longer than any link, or shorter than the bias correction of one near 0 can make it. */
const isTooFar = (millimetres: number): boolean => (millimetres | 0) > MAX_RANGE_MM || (millimetres | 0) < MIN_RANGE_MM

function asSent(slots: readonly number[], bits: number): Json[] {
  const list: Json[] = []
  for (let slot = 0; slot < slots.length; slot++)
    if ((bits & (1 << slot)) !== 0) list.push({ index: slot, distance_m: ((slots[slot] ?? 0) | 0) / 1000 })
  return list
}

function betweenAnchors(slots: readonly number[], bits: number): Json[] {
  const list: Json[] = []
  for (let slot = 0; slot < slots.length; slot++) {
    if ((bits & (1 << slot)) === 0) continue
    const distance_m = ((slots[slot] ?? 0) | 0) / 1000
    const pair = slots.length === 4 ? PAIRS[slot] : undefined
    list.push(pair === undefined ? { index: slot, distance_m } : { index: slot, distance_m, anchors: pair })
  }
  return list
}

/** Without blanks and control characters around it. */
function trimmed(frame: Uint8Array): Uint8Array {
  let from = 0
  let to = frame.length
  while (from < to && (frame[from] ?? 0) <= 32) from++
  while (to > from && (frame[to - 1] ?? 0) <= 32) to--
  return from === 0 && to === frame.length ? frame : frame.subarray(from, to)
}

const REPORT_LETTERS = new Set([...'crae'].map((letter) => letter.charCodeAt(0)))

/** `mc `, `mr `, `ma `, `me `, `mi,` and `$` with a letter. */
function isMark(line: Uint8Array, at: number): boolean {
  const next = line[at + 1] ?? 0
  if (line[at] === 0x6d) return REPORT_LETTERS.has(next) ? line[at + 2] === 0x20 : next === 0x69 && line[at + 2] === 0x2c
  return line[at] === 0x24 && ((next >= 65 && next <= 90) || (next >= 97 && next <= 122))
}

export const trek1000Range = defineCodec<TrekSettings>({
  protocol: 'trek1000-range',
  title: 'TREK1000 ranges and clones (EVK1000, HaoruTech ULM1, ULM3, ULA1)',
  transport: 'serial',
  encoding: 'text',
  idScope: 'system',
  serialHabits: { baudRates: [115_200, 460_800] },
  createFramer: () => new MarkedLineFramer({ lines: new LineFramer({ maxLength: MAX_LINE_BYTES }), isMark }),
  settings: trekSettingsSchema,
  createDecoder: (settings) => new TrekDecoder(settings ?? DEFAULT_SETTINGS)
})
