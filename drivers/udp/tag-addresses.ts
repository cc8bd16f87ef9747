import { LruMap } from '../../firmware-protocols/kit/lru-map.ts'
import type { Reading } from '../../firmware-protocols/reading.ts'
import type { DriverSink } from '../driver.ts'

/** Of a site and its visitors; who was heard longest ago is forgotten first. */
const REMEMBERED_TAGS = 16_384

export interface TagAddress {
  readonly address: string
  readonly port: number
}

/**
 * Where tags were last heard from, so that commands find them: a tag behind a router has no address of its own, and the router knows
 * the way back for as long as the tag goes on sending. What a tag said late or somebody kept does not move it.
 */
export class TagAddresses {
  readonly #byTag = new LruMap<string, TagAddress>(REMEMBERED_TAGS)
  #sender: TagAddress | undefined

  get size(): number {
    return this.#byTag.size
  }

  /** What is delivered from now on comes from there. */
  comesFrom(sender: TagAddress): void {
    this.#sender = sender
  }

  addressOf(tag: string): TagAddress | undefined {
    return this.#byTag.get(tag)
  }

  /** Notes whose readings pass on their way to `sink`. */
  before(sink: DriverSink): DriverSink {
    return {
      deliver: (delivery) => {
        for (const reading of delivery.readings) this.#heard(reading)
        sink.deliver(delivery)
      }
    }
  }

  #heard({ stale, tag }: Reading): void {
    const sender = this.#sender
    if (sender === undefined || tag === undefined || stale === true) return
    const known = this.#byTag.get(tag)
    if (known?.address !== sender.address || known.port !== sender.port)
      this.#byTag.set(tag, { address: sender.address, port: sender.port })
  }
}
