import type { LoggedEvent } from '../log/event-log.ts'
import { MAX_NUMBER_BYTES, putNumber } from '../log/json-bytes.ts'

const COMMA = 44
const CLOSING_BRACE = 125
/** Configured sources; more than a few hundred there never are. */
const MAX_SOURCES = 1_000
const NO_SOURCE = Buffer.from('{"receivedAt":')

/** Writes `data` of an event: the origin, then the event's own fields. The body is JSON text already and goes in as it is. */
export class DataWriter {
  readonly #heads = new Map<string, Buffer>()
  #clockQuality = ''
  #bootId = ''
  #stamp = Buffer.alloc(0)

  maxBytes(event: LoggedEvent): number {
    return this.#headOf(event.source).length + this.#stampOf(event).length + 2 * MAX_NUMBER_BYTES + Buffer.byteLength(event.body) + 1
  }

  write(into: Buffer, at: number, event: LoggedEvent): number {
    const head = this.#headOf(event.source)
    into.set(head, at)
    let next = putNumber(into, at + head.length, event.receivedAt)
    const stamp = this.#stampOf(event)
    into.set(stamp, next)
    next = putNumber(into, next + stamp.length, event.monotonicMs)
    if (event.body.length <= 2) {
      into[next] = CLOSING_BRACE
      return next + 1
    }
    const end = next + into.write(event.body, next)
    // In the place of its opening brace.
    into[next] = COMMA
    return end
  }

  #headOf(source: string | undefined): Buffer {
    return source === undefined ? NO_SOURCE : (this.#heads.get(source) ?? this.#makeHead(source))
  }

  #makeHead(source: string): Buffer {
    const head = Buffer.from(`{"source":${JSON.stringify(source)},"receivedAt":`)
    if (this.#heads.size >= MAX_SOURCES) this.#heads.clear()
    this.#heads.set(source, head)
    return head
  }

  /** Changes a few times in the life of a log. */
  #stampOf({ clockQuality, bootId }: LoggedEvent): Buffer {
    if (bootId !== this.#bootId || clockQuality !== this.#clockQuality || this.#stamp.length === 0) {
      this.#stamp = Buffer.from(`,"clockQuality":"${clockQuality}","bootId":${JSON.stringify(bootId)},"monotonicMs":`)
      this.#bootId = bootId
      this.#clockQuality = clockQuality
    }
    return this.#stamp
  }
}
