import type { Georeference } from '../../site/georeference/level-frame.ts'
import type { SiteModel } from '../../site/site-model.ts'

type Site = Pick<SiteModel, 'anchor' | 'receiver' | 'floor'>
type Anchor = Site['anchor'][number]
type Receiver = Site['receiver'][number]
type Floor = Site['floor'][number]

/** What installers have set of a site, found by what an event names. */
export class SiteLookup {
  readonly #anchors: ReadonlyMap<string, Anchor>
  readonly #receivers: ReadonlyMap<string, Receiver>
  readonly #floors = new Map<string, Floor[]>()
  readonly #floorZ: ReadonlyMap<string, number>
  readonly #georeferences: ReadonlyMap<string, Georeference>

  constructor({ anchor, receiver, floor }: Site, georeferences: ReadonlyMap<string, Georeference>) {
    this.#anchors = new Map(anchor.map((each) => [each.id, each]))
    this.#receivers = new Map(receiver.map((each) => [each.id, each]))
    this.#floorZ = new Map(floor.map(({ id, fromZ }) => [id, fromZ]))
    this.#georeferences = georeferences
    for (const each of floor) {
      const ofFrame = this.#floors.get(each.frame)
      if (ofFrame === undefined) this.#floors.set(each.frame, [each])
      else ofFrame.push(each)
    }
  }

  /** @param id with the namespace of its source; installers may leave that out */
  anchor(id: string): Anchor | undefined {
    return this.#anchors.get(id) ?? this.#anchors.get(withoutNamespace(id))
  }

  receiver(id: string): Receiver | undefined {
    return this.#receivers.get(id) ?? this.#receivers.get(withoutNamespace(id))
  }

  /** Height of a storey's floor in its frame; zero where there is none. */
  floorZ(id: string | undefined): number {
    return (id === undefined ? undefined : this.#floorZ.get(id)) ?? 0
  }

  georeference(frame: string | undefined): Georeference | undefined {
    return frame === undefined ? undefined : this.#georeferences.get(frame)
  }

  /** The storey at this height of the frame; where no height is known, the one of that number (as the positioning system counts). */
  floorAt(frame: string | undefined, z: number | undefined, level: number | undefined): string | undefined {
    const floors = frame === undefined ? undefined : this.#floors.get(frame)
    if (floors === undefined) return undefined
    for (const floor of floors) {
      if (z !== undefined ? z >= floor.fromZ && z < floor.toZ : floor.level === level) return floor.id
    }
    return undefined
  }
}

const withoutNamespace = (id: string): string => id.slice(id.indexOf(':') + 1)
