import type { Limits } from './signal-settings.ts'

/**
 * A gap between two hearings is taken for a habit when it was met three times in one to two hours: bursts, and a tag that sends seldom
 * while it rests, keep their long gaps; a lift ride or two change nothing.
 */
const WINDOW_MS = 3_600_000
/** Three frames in a row may get lost before the fourth gap is up. */
const GAPS_ALLOWED = 4
const GAPS_TO_LEARN = 10
/** A tag that says that it rests may send as seldom as it likes, until so many gaps of its rest are known. */
const GAPS_TO_SETTLE = 6

/** How often a tag is heard. Plain numbers, times in pipeline milliseconds. */
export interface Rhythm {
  /** When learning began. */
  fromMs: number
  gaps: number
  settling: number
  windowFromMs: number
  /** The longest gaps of the window under way, longest first. */
  first: number
  second: number
  third: number
  /** The third longest of the window before. */
  before: number
}

export function newRhythm(nowMs: number): Rhythm {
  return { fromMs: nowMs, gaps: 0, settling: 0, windowFromMs: nowMs, first: 0, second: 0, third: 0, before: 0 }
}

/** Begins anew: another set of listeners hears the tag. */
export function relearn(rhythm: Rhythm, nowMs: number): void {
  rhythm.fromMs = nowMs
  rhythm.gaps = 0
  rhythm.windowFromMs = nowMs
  rhythm.first = 0
  rhythm.second = 0
  rhythm.third = 0
  rhythm.before = 0
}

/** The tag has come to rest, and may send less often from now on. */
export function settle(rhythm: Rhythm): void {
  rhythm.settling = GAPS_TO_SETTLE
}

/** A gap during which somebody listened all the time. One beyond the ceiling is a loss and no rhythm. */
export function learnGap(rhythm: Rhythm, gapMs: number, nowMs: number, ceilingMs: number): void {
  if (nowMs - rhythm.windowFromMs >= WINDOW_MS) {
    rhythm.before = rhythm.third
    rhythm.first = 0
    rhythm.second = 0
    rhythm.third = 0
    rhythm.windowFromMs = nowMs
  }
  rhythm.gaps += 1
  if (rhythm.settling > 0) rhythm.settling -= 1
  if (gapMs <= rhythm.third || gapMs > ceilingMs) return
  if (gapMs <= rhythm.second) rhythm.third = gapMs
  else {
    rhythm.third = rhythm.second
    if (gapMs <= rhythm.first) rhythm.second = gapMs
    else {
      rhythm.second = rhythm.first
      rhythm.first = gapMs
    }
  }
}

/** Silence that the rhythm allows, milliseconds: between floor and ceiling; the ceiling while nothing is known. */
export function allowedSilenceMs(rhythm: Rhythm, nowMs: number, learningMs: number, { floorMs, ceilingMs }: Limits): number {
  if (rhythm.gaps < GAPS_TO_LEARN || rhythm.settling > 0 || nowMs - rhythm.fromMs < learningMs) return ceilingMs
  const byRhythm = GAPS_ALLOWED * (rhythm.third > rhythm.before ? rhythm.third : rhythm.before)
  return byRhythm < floorMs ? floorMs : byRhythm > ceilingMs ? ceilingMs : byRhythm
}
