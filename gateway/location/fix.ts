/** Something of a known place that hears tags: metres in the frame, z up. */
export interface Anchor {
  readonly id: string
  readonly x: number
  readonly y: number
  readonly z: number
}

/** A distance measured between the tag and the anchor of this id, in metres. */
export interface MeasuredRange {
  readonly id: string
  readonly d: number
}

/** 2: the tag's height is unknown, and held weakly at the carrying height; 3: the ranges alone tell it. */
export type Dimensions = 2 | 3

/** Where a tag is, in metres of the frame. */
export interface Fix {
  readonly x: number
  readonly y: number
  readonly z: number
  /** Radius in metres within which about 68 % of the horizontal errors lie (omlox `accuracy`). */
  readonly accuracyM: number
  /** Ids of the anchors or receivers that the fix rests on. */
  readonly used: readonly string[]
}

/** No fix, and why: in words for whoever installed the anchors. */
export interface NoFix {
  readonly error: string
}

export type Located = Fix | NoFix

export const isFix = (located: Located): located is Fix => !('error' in located)
