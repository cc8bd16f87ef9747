import { rounded } from './byte-portrait.ts'
import type { Alternative, Finding, LineSettings } from './detection.ts'
import type { StreamEvidence } from './stream-panel.ts'

/**
 * How sure it is that a frame is no chance, in bits, by what holds it together. A checksum of n bits lets one in 2^n of noise pass, and
 * its start mark counts besides; a measured value in the form of a text is as good as one of 24; of bytes without a checksum it is the
 * lengths that fit. What measures nothing (an answer, a status) is kept from proving anything by its number.
 */
const START_MARK_BITS = 8
const MOST_CHECKSUM_BITS = 32
const SOLID_TEXT_BITS = 24
const SOLID_BINARY_BITS = 12
const SLIGHT_BITS = 3
const MOST_SLIGHT_BITS = 12
/** A prompt or an echo: worth naming, and no more. */
const MOST_IGNORED_BITS = 3

/** Proof that is asked for. */
const DETECTED_BITS = 40
/** So much that nothing more need be waited for. */
const CLEAR_BITS = 160
const CLEAR_SHARE = 0.6

/** Scores that differ by less say the same. */
const TIE_SCORE = 0.05
const TIE_FIELDS = 0.1
const SHOWN_TAGS = 20

export interface Judged {
  readonly evidence: StreamEvidence
  readonly bits: number
  readonly share: number
  readonly score: number
  readonly detected: boolean
}

function evidenceBits({ codec, tally }: StreamEvidence): number {
  const { solidFrames, slightFrames, ignoredFrames } = tally
  const checksumBits = codec.serialHabits?.checksumBits ?? 0
  if (checksumBits > 0) return (solidFrames + slightFrames + ignoredFrames) * (Math.min(checksumBits, MOST_CHECKSUM_BITS) + START_MARK_BITS)
  const solidBits = codec.encoding === 'text' ? SOLID_TEXT_BITS : SOLID_BINARY_BITS
  const slightBits = Math.min(MOST_SLIGHT_BITS, slightFrames * SLIGHT_BITS) + Math.min(MOST_IGNORED_BITS, ignoredFrames)
  return solidFrames * solidBits + slightBits
}

/**
 * Share of the bytes that frames must explain. Behind a checksum little is enough, since such lines carry other things as well (UBX
 * between sentences); text may have log lines in between; bytes that only fit by their lengths must be nearly all.
 */
function leastShare({ codec }: StreamEvidence): number {
  if ((codec.serialHabits?.checksumBits ?? 0) > 0) return 0.1
  return codec.encoding === 'text' ? 0.2 : 0.5
}

/** How far a share of explained bytes is to be believed. */
function weight({ codec, tally }: StreamEvidence): number {
  if ((codec.serialHabits?.checksumBits ?? 0) > 0) return 1
  if (tally.solidFrames === 0) return 0.3
  return codec.encoding === 'text' ? 0.95 : 0.9
}

export function judge(evidence: StreamEvidence): Judged {
  const bits = evidenceBits(evidence)
  const share = evidence.bytes === 0 ? 0 : Math.min(1, evidence.explainedBytes / evidence.bytes)
  return {
    evidence,
    bits,
    share,
    score: share * weight(evidence),
    detected: bits >= DETECTED_BITS && share >= leastShare(evidence)
  }
}

/** The more a protocol reads out of the same bytes, the better it knows them. */
const knowledge = ({ evidence: { tally } }: Judged): number => tally.fields / Math.max(1, tally.frames)

/** All that fit at all, the best first. */
export function rank(list: readonly StreamEvidence[]): readonly Judged[] {
  const fitting = list
    .map(judge)
    .filter(({ bits }) => bits > 0)
    .sort((a, b) => Number(b.detected) - Number(a.detected) || b.score - a.score || b.bits - a.bits)
  const [top] = fitting
  if (top === undefined) return []
  const equal = fitting.filter(({ detected, score }) => detected === top.detected && top.score - score < TIE_SCORE)
  equal.sort((a, b) => knowledge(b) - knowledge(a))
  return [...equal, ...fitting.filter((judged) => !equal.includes(judged))]
}

/** Nothing more need be heard to be sure. */
export function isClear(ranked: readonly Judged[]): boolean {
  const [top] = ranked
  return top?.detected === true && top.bits >= CLEAR_BITS && top.share >= CLEAR_SHARE
}

/** Something fits so well that more may prove it. */
export function isPromising(ranked: readonly Judged[]): boolean {
  return ranked.some(({ bits }) => bits > 2 * SLIGHT_BITS)
}

function isTie(top: Judged, other: Judged): boolean {
  if (!other.detected || Math.abs(top.score - other.score) >= TIE_SCORE) return false
  return knowledge(other) >= knowledge(top) * (1 - TIE_FIELDS)
}

const percent = (share: number): string => `${Math.floor(share * 100 + 1e-9)} %`

/** One frame, 2 frames. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function whyOf({ evidence, share }: Judged): string {
  const { tally, wrongChecksums, codec } = evidence
  const explained = `explains ${percent(share)} of the bytes by ${counted(tally.frames, 'frame')}`
  if (codec.serialHabits?.checksumBits !== undefined)
    return `${explained}, ${percent(tally.frames / Math.max(1, tally.frames + wrongChecksums))} of the checksums right`
  return tally.solidFrames === 0 ? `${explained}, none of which measures anything` : explained
}

function otherWhy(top: Judged, other: Judged): string {
  if (isTie(top, other)) return `${whyOf(other)}: as much as ${top.evidence.codec.protocol}`
  if (other.detected && top.score - other.score < TIE_SCORE)
    return `${whyOf(other)}, but reads fewer values out of them than ${top.evidence.codec.protocol}`
  return whyOf(other)
}

function alternative(top: Judged, other: Judged): Alternative {
  const { protocol, title } = other.evidence.codec
  return { protocol, title, score: rounded(other.score), tie: top !== other && isTie(top, other), why: otherWhy(top, other) }
}

/** What fits though nothing is proved, the best first. */
export function possibilities(ranked: readonly Judged[]): readonly Alternative[] {
  return ranked.map((judged) => {
    const { protocol, title } = judged.evidence.codec
    return { protocol, title, score: rounded(judged.score), tie: false, why: whyOf(judged) }
  })
}

/** The best of the list, with what else was close. Undefined: nothing is proved. */
export function findingOf(ranked: readonly Judged[], line?: LineSettings): Finding | undefined {
  const [top, ...others] = ranked
  if (top?.detected !== true) return undefined
  const { codec, tally, wrongChecksums } = top.evidence
  return {
    protocol: codec.protocol,
    title: codec.title,
    ...(line === undefined ? {} : { line }),
    frames: tally.frames,
    damagedFrames: tally.damagedFrames,
    ...(codec.serialHabits?.checksumBits === undefined ? {} : { checksums: { right: tally.frames, wrong: wrongChecksums } }),
    kinds: Object.fromEntries([...tally.kinds].sort(([, a], [, b]) => b - a)),
    tagCount: tally.tags.size,
    tags: [...tally.tags].slice(0, SHOWN_TAGS),
    explainedShare: rounded(top.share),
    score: rounded(top.score),
    why: whyOf(top),
    alternatives: others.filter(({ detected }) => detected).map((other) => alternative(top, other)),
    keysNeededFor: [...tally.encryptedTags].slice(0, SHOWN_TAGS)
  }
}
