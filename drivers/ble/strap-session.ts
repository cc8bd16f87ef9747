import type { Clock, TimerHandle } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import type { NobleAclStream, NobleCharacteristic, NobleGatt, NobleHci, NobleParts } from './noble-parts.ts'
import { codecUuid, fullUuid } from './report-filter.ts'
import type { StrapSettings } from './settings.ts'

/** From the connection to the last subscription; noble says nothing of requests that a strap refuses. */
const SETUP_LIMIT_MS = 15_000

const READ_EVERY_MS = 600_000
/** Requests and confirmations that wait for the strap; we ask one thing at a time, so only a strap that floods gets there. */
const QUEUE_MAX = 64

export interface SessionEvents {
  /** `characteristic`: as codecs know it. */
  value(characteristic: string, value: Uint8Array): void
  /** Every subscription is in place. `missing`: characteristics that the strap does not have. */
  ready(missing: readonly string[]): void
  /** Something came in that makes no sense; it is dropped. */
  nonsense(): void
  /** It is of no use any more and is to be disconnected. */
  useless(why: string): void
}

export interface SessionLink {
  readonly hci: NobleHci
  readonly handle: number
  /** With colons, as noble writes addresses. */
  readonly address: string
  readonly addressType: string
}

interface Wanted {
  readonly service: string
  readonly characteristic: string
  readonly notifies: boolean
  readonly readable: boolean
}

/** One connection to a strap, from the discovery of its services to its end. */
export class StrapSession {
  readonly #strap: StrapSettings
  readonly #clock: Clock
  readonly #events: SessionEvents
  readonly #stream: NobleAclStream
  readonly #gatt: NobleGatt
  readonly #wanted: ReadonlySet<string>
  readonly #ending = new AbortController()
  #limit: TimerHandle | undefined
  #silence: TimerHandle | undefined
  #reading: TimerHandle | undefined
  #lastMs = 0

  constructor(parts: NobleParts, link: SessionLink, strap: StrapSettings, clock: Clock, events: SessionEvents) {
    const { hci, handle, address, addressType } = link
    this.#strap = strap
    this.#clock = clock
    this.#events = events
    this.#wanted = new Set(strap.characteristics.map(fullUuid))
    this.#stream = new parts.AclStream(hci, handle, hci.addressType, hci.address, addressType, address)
    this.#gatt = new parts.Gatt(address, this.#stream)
    this.#gatt.on('notification', (_address: string, _service: string, characteristic: string, value: Buffer) =>
      this.#value(characteristic, value)
    )
  }

  begin(): void {
    this.#limit = this.#clock.setTimeout(() => this.#useless('it did not answer in time'), SETUP_LIMIT_MS)
    this.#subscribeAll().catch((error: unknown) => this.#useless(messageOf(error)))
  }

  /** What came in on its connection. noble throws at what is too short; one strap must not end the listening to all others. */
  received(channel: number, data: Buffer): void {
    this.#guarded(() => this.#stream.push(channel, data))
    if (this.#gatt._commandQueue.length > QUEUE_MAX) this.#useless('it asks for more than it takes')
  }

  encrypted(on: number): void {
    this.#guarded(() => this.#stream.pushEncrypt(on))
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch {
      this.#events.nonsense()
    }
  }

  /** The connection is over. */
  end(): void {
    if (this.#ending.signal.aborted) return
    this.#ending.abort()
    this.#limit?.cancel()
    this.#silence?.cancel()
    this.#reading?.cancel()
    this.#stream.push(null, null)
    this.#gatt.removeAllListeners()
  }

  async #subscribeAll(): Promise<void> {
    this.#gatt.exchangeMtu()
    const found = await this.#discover()
    const has = new Set(found.map(({ characteristic }) => fullUuid(padded(characteristic))))
    const missing = this.#strap.characteristics.filter((uuid) => !has.has(fullUuid(uuid)))
    if (found.length === 0) throw new Error(`it has none of the characteristics ${this.#strap.characteristics.join(', ')}`)
    for (const { service, characteristic, notifies } of found) {
      if (!notifies) continue
      const done = this.#answer('notify', characteristic)
      this.#gatt.notify(service, characteristic, true)
      await done
    }
    await this.#readAll(found.filter(({ readable }) => readable))
    this.#limit?.cancel()
    if (found.some(({ notifies }) => notifies)) this.#watchSilence()
    this.#readAgain(found.filter(({ notifies, readable }) => readable && !notifies))
    this.#events.ready(missing)
  }

  async #readAll(readable: readonly Wanted[]): Promise<void> {
    for (const { service, characteristic } of readable) {
      const done = this.#answer('read', characteristic)
      this.#gatt.read(service, characteristic)
      const value = (await done)[3]
      if (Buffer.isBuffer(value) && value.length > 0) this.#value(characteristic, value)
    }
  }

  /** What does not notify is asked for now and then: a battery that was full in the morning is not in the evening. */
  #readAgain(readable: readonly Wanted[]): void {
    if (readable.length === 0 || this.#ending.signal.aborted) return
    this.#reading = this.#clock.setTimeout(() => {
      this.#limit = this.#clock.setTimeout(() => this.#useless('it did not answer in time'), SETUP_LIMIT_MS)
      this.#readAll(readable).then(
        () => {
          this.#limit?.cancel()
          this.#readAgain(readable)
        },
        (error: unknown) => this.#useless(messageOf(error))
      )
    }, READ_EVERY_MS)
  }

  async #discover(): Promise<readonly Wanted[]> {
    const discovered = this.#answer('servicesDiscover')
    this.#gatt.discoverServices([])
    const services = (await discovered)[1]
    const found: Wanted[] = []
    for (const service of Array.isArray(services) ? services : []) {
      const answer = this.#answer('characteristicsDiscover', String(service))
      this.#gatt.discoverCharacteristics(String(service), [])
      for (const { uuid, properties } of (await answer)[2] as readonly NobleCharacteristic[]) {
        if (!this.#wanted.has(fullUuid(padded(uuid)))) continue
        const notifies = properties.includes('notify') || properties.includes('indicate')
        found.push({ service: String(service), characteristic: uuid, notifies, readable: properties.includes('read') })
      }
    }
    return found
  }

  /** The arguments of noble's next event of this name, where one of them is `about`; rejects when the session ends. */
  #answer(name: string, about?: string): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      const onEvent = (...values: unknown[]): void => {
        if (about !== undefined && !values.includes(about)) return
        stop()
        resolve(values)
      }
      const onEnd = (): void => {
        stop()
        reject(new Error('the connection ended'))
      }
      const stop = (): void => {
        this.#gatt.removeListener(name, onEvent)
        this.#ending.signal.removeEventListener('abort', onEnd)
      }
      this.#gatt.on(name, onEvent)
      this.#ending.signal.addEventListener('abort', onEnd)
      if (this.#ending.signal.aborted) onEnd()
    })
  }

  #value(characteristic: string, value: Uint8Array): void {
    if (this.#ending.signal.aborted || !this.#wanted.has(fullUuid(padded(characteristic)))) return
    this.#lastMs = this.#clock.monotonicMs()
    this.#events.value(codecUuid(padded(characteristic)), value)
  }

  #watchSilence(): void {
    const limitMs = this.#strap.silenceLimitS * 1000
    if (limitMs === 0) return
    this.#lastMs = this.#clock.monotonicMs()
    const look = (): void => {
      const leftMs = limitMs - (this.#clock.monotonicMs() - this.#lastMs)
      if (leftMs <= 0) this.#useless(`it said nothing for ${this.#strap.silenceLimitS} s`)
      else this.#silence = this.#clock.setTimeout(look, leftMs)
    }
    this.#silence = this.#clock.setTimeout(look, limitMs)
  }

  #useless(why: string): void {
    if (this.#ending.signal.aborted) return
    this.#limit?.cancel()
    this.#silence?.cancel()
    this.#reading?.cancel()
    this.#events.useless(why)
  }
}

/** noble leaves out the zeros before short UUIDs. */
function padded(uuid: string): string {
  return uuid.length < 4 ? uuid.padStart(4, '0') : uuid
}
