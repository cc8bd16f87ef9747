import type { FrameCounters } from './driver.ts'

type Counted = Pick<FrameCounters, 'bytesIn' | 'readings' | 'ignored' | 'incomplete' | 'errors' | 'discardedBytes'>

/** In noise, one text line in a thousand looks like something that a device prints beside its data. */
const CHANCE_SHARE = 0.05

/**
 * What is amiss on a byte stream, judged by what was counted between two looks at it; empty: nothing. A wrong baud rate or
 * protocol shows as bytes of which nothing makes sense, but for chance. `check`: what to look at then.
 */
export function judgeStream(before: Counted, now: Counted, check = 'baud rate, protocol and wiring'): string {
  const beside = now.ignored + now.incomplete - before.ignored - before.incomplete
  const refused = now.errors + now.discardedBytes - before.errors - before.discardedBytes
  if (now.readings > before.readings || refused === 0 || beside > CHANCE_SHARE * refused) return ''
  return `${now.bytesIn - before.bytesIn} bytes came in and none made sense: check ${check}`
}
