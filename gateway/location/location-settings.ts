/** What is known of tags and ranges before any of them is seen. Metres, seconds. */
export interface LocationSettings {
  /** Standard deviation of all that is wrong with one range in sight of the anchor, as one set of ranges has to take it. */
  readonly rangeErrorM: number
  /** Its parts, for those who see more than one set. What differs from one range to the next; the filter finds out if it is more. */
  readonly rangeNoiseM: number
  /** What comes and goes in the ranges to one anchor: reflections, the wearer's body. */
  readonly reflectionM: number
  readonly reflectionLastsS: number
  /** What stays in them: the anchor's survey and antenna. */
  readonly linkDelayM: number
  readonly linkDelayLastsS: number
  /** What stays in all ranges of a tag alike: its clock and antenna, the strength at which it is heard. */
  readonly tagDelayM: number
  readonly tagDelayLastsS: number
  /** Deviations beyond which the pull of a range fades: it may be too long by any amount (no line of sight), and is hardly ever too short. */
  readonly longTail: number
  readonly shortTail: number
  /** Height at which tags are carried, and how far from it they are (2 dimensions). */
  readonly carryingHeightM: number
  readonly heightSdM: number
  /** Speed that people have, root mean square of a component, and for how long they keep it. */
  readonly speedSdMps: number
  readonly speedLastsS: number
}

export const DEFAULT_LOCATION_SETTINGS: LocationSettings = {
  rangeErrorM: 0.11,
  rangeNoiseM: 0.03,
  reflectionM: 0.03,
  reflectionLastsS: 1.5,
  linkDelayM: 0.022,
  linkDelayLastsS: 1000,
  tagDelayM: 0.05,
  tagDelayLastsS: 60,
  longTail: 2.3,
  shortTail: 4,
  carryingHeightM: 1.2,
  heightSdM: 0.5,
  speedSdMps: 1.2,
  speedLastsS: 3
}
