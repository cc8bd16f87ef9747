import type { FrameCounters } from './driver.ts'

type Counted = Pick<FrameCounters, 'bytesIn' | 'readings' | 'ignored' | 'incomplete' | 'errors' | 'discardedBytes'>

/**
 * What is amiss on a byte stream, judged by what was counted between two looks at it; empty: nothing. A wrong baud rate or
 * protocol shows as bytes of which nothing makes sense.
 */
export function judgeStream(before: Counted, now: Counted): string {
  const understood = now.readings + now.ignored + now.incomplete - before.readings - before.ignored - before.incomplete
  const refused = now.errors + now.discardedBytes - before.errors - before.discardedBytes
  if (understood > 0 || refused === 0) return ''
  return `${now.bytesIn - before.bytesIn} bytes came in and none made sense: check baud rate, protocol and wiring`
}
