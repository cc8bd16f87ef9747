import type { LocalPosition } from '../reading.ts'

/** Messages as a Pozyx gateway publishes them, for simulators and tests. */

export interface PozyxBlink {
  readonly tagId: string
  readonly timeMs: number
  /** `null`: not located. */
  readonly position: LocalPosition | null
  readonly blinkIndex?: number
  /** mg */
  readonly accelerometer?: readonly (readonly [number, number, number])[]
  readonly anchors?: readonly { readonly anchorId: string; readonly rss: number }[]
}

function pozyxElement({ tagId, timeMs, position, blinkIndex, accelerometer, anchors = [] }: PozyxBlink): object {
  const coordinates = position && {
    x: Math.round(position.x * 1000),
    y: Math.round(position.y * 1000),
    z: Math.round((position.z ?? 0) * 1000)
  }
  return {
    version: '2.0',
    tagId,
    timestamp: timeMs / 1000,
    success: position !== null,
    data: {
      ...(coordinates ? { coordinates } : {}),
      tagData: { blinkIndex, accelerometer },
      anchorData: anchors.map((anchor) => ({ tagId, ...anchor })),
      metrics: { latency: 20, rates: { success: 1, update: 1, packetLoss: 0 } }
    }
  }
}

export const encodePozyx = (blinks: readonly PozyxBlink[]): string => JSON.stringify(blinks.map(pozyxElement))
