import type { LocalPosition, Range } from '../reading.ts'

/** Lines as the shell of a DWM1001 prints them, CR LF included, for simulators and tests. */

export interface ShellFix {
  readonly position: LocalPosition
  readonly quality: number
}

const metres = (value: number): string => value.toFixed(2)
const triple = ({ x, y, z }: LocalPosition): string => `${metres(x)},${metres(y)},${metres(z ?? 0)}`
const four = (fix: ShellFix): string => `${triple(fix.position)},${fix.quality}`

export function encodeLep(fix: ShellFix): string {
  return `POS,${four(fix)}\r\n`
}

export function encodeLec(ranges: readonly Range[], fix?: ShellFix): string {
  const anchors = ranges.map(
    (range, index) => `,AN${index},${range.anchor.toUpperCase()},${triple(range.anchorPosition ?? { x: 0, y: 0 })},${metres(range.rangeM)}`
  )
  return `DIST,${ranges.length}${anchors.join('')}${fix ? `,POS,${four(fix)}` : ''}\r\n`
}

export function encodeLes(ranges: readonly Range[], engineUs: number, fix?: ShellFix): string {
  const anchors = ranges.map(
    (range) => `${range.anchor.toUpperCase()}[${triple(range.anchorPosition ?? { x: 0, y: 0 })}]=${metres(range.rangeM)} `
  )
  return `${anchors.join('')}le_us=${engineUs}${fix ? ` est[${four(fix)}]` : ''}\r\n`
}

/** A line of `lec` on a listener. */
export function encodeListenerPos(index: number, tag: string, fix: ShellFix): string {
  return `POS,${index},${tag.toUpperCase()},${four(fix)},x01\r\n`
}

/** A line of `les` on a listener. */
export function encodeListenerLes(index: number, tag: string, fix: ShellFix): string {
  return `${index}) ${tag.toUpperCase()}[${four(fix)},x01]\r\n`
}

export function encodeLej(fix: ShellFix, superframe: number): string {
  const { x, y, z } = fix.position
  return `${JSON.stringify({ position: { x, y, z: z ?? 0, quality: fix.quality }, superFrameNumber: superframe })}\r\n`
}
