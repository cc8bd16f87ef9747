import type { Fix } from '../../events/business-events.ts'
import { placeIn, type ZoneFrame, type ZoneMap } from './zone-map.ts'
import { isAtHeight, isOver, type Place, type ZoneShape } from './zone-shape.ts'

/** Which zones a fix lies in, taken by itself: without a past, and as if it were exact. Who enters and leaves is decided elsewhere, by evidence. */
export class ZoneFinder {
  readonly #map: ZoneMap
  readonly #frames: readonly { readonly frame: ZoneFrame; readonly place: Place }[]
  /** Of each zone itself and those around it, made once. */
  readonly #chains: ReadonlyMap<string, readonly string[]>
  readonly #found: ZoneShape[] = []

  constructor(map: ZoneMap) {
    this.#map = map
    this.#frames = map.frames.map((frame) => ({ frame, place: { x: 0, y: 0, z: Number.NaN, floor: undefined } }))
    this.#chains = new Map([...map.shapes.values()].map(({ zone, parents }) => [zone.id, [zone.id, ...parents]]))
  }

  /** Ids, the innermost first, parents included where a child is drawn beyond them; undefined: in none. Not to be written into. */
  find(fix: Fix): readonly string[] | undefined {
    const found = this.#found
    found.length = 0
    let deepest: ZoneShape | undefined
    for (const { frame, place } of this.#frames) {
      if (!placeIn(this.#map, frame, fix, place)) continue
      for (const shape of frame.grid.near(place.x, place.y)) {
        if (!isOver(shape, place.x, place.y) || !isAtHeight(shape, place)) continue
        found.push(shape)
        if (deepest === undefined || shape.parents.length > deepest.parents.length) deepest = shape
      }
    }
    if (deepest === undefined) return undefined
    const chain = this.#chains.get(deepest.zone.id) ?? []
    for (const { zone } of found) if (!chain.includes(zone.id)) return this.#union(found)
    return chain
  }

  /** Of zones that overlap without one being around the other. */
  #union(found: readonly ZoneShape[]): readonly string[] {
    const ids = new Set(found.flatMap(({ zone }) => this.#chains.get(zone.id) ?? []))
    const depth = (id: string): number => this.#map.shapes.get(id)?.parents.length ?? 0
    return [...ids].sort((a, b) => depth(b) - depth(a) || (a < b ? -1 : 1))
  }
}
