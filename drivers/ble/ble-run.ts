import type { Codec } from '../../firmware-protocols/codec.ts'
import { createFrameFeed } from '../codec-feed.ts'
import { type DriverContext, DriverError, type DriverRun, type SendOutcome } from '../driver.ts'
import { asDriverError, guarded } from '../driver-errors.ts'
import { createRunEnd, pause, type RunEnd } from '../run-end.ts'
import { Amiss } from './amiss.ts'
import { type ScanKind, setUp, startScan, stopScan } from './hci-commands.ts'
import type { HciLink, LinkEvents } from './hci-link.ts'
import type { NobleParts } from './noble-parts.ts'
import { openAdapter } from './open-adapter.ts'
import { ReportIntake } from './report-intake.ts'
import { ScanWatch } from './scan-watch.ts'
import type { BleSettings } from './settings.ts'
import { Straps } from './straps.ts'

/** How long a stop waits for the adapter to take leave of straps and to end scanning. */
const FAREWELL_MS = 1_000

export interface BleRunParts {
  readonly settings: BleSettings
  /** What advertisements are decoded with; absent: they are only listened to for straps. */
  readonly advertisementCodec: Codec | undefined
  readonly gattCodec: Codec | undefined
  readonly context: DriverContext
  loadNoble(): NobleParts
}

/** One adapter from its opening to its end. */
export class BleRun implements DriverRun {
  readonly #parts: BleRunParts
  readonly #end: RunEnd
  readonly #amiss: Amiss
  #link: HciLink | undefined
  #watch: ScanWatch | undefined
  #straps: Straps | undefined
  #scanKind: ScanKind = 'legacy'
  #up = false
  #lost = false
  #failStart: ((error: DriverError) => void) | undefined
  #stopped: Promise<void> | undefined

  constructor(parts: BleRunParts) {
    this.#parts = parts
    this.#end = createRunEnd(parts.context)
    this.#end.signal.addEventListener('abort', () => void this.stop())
    this.#amiss = new Amiss((why) => parts.context.degraded(why))
  }

  async start(): Promise<void> {
    this.#end.check()
    const failed = new Promise<never>((_resolve, reject) => {
      this.#failStart = reject
    })
    try {
      await Promise.race([this.#bringUp(), failed])
      this.#end.check()
    } catch (error) {
      this.#close()
      this.#end.check()
      throw asDriverError(error)
    }
    this.#up = true
    this.#watch?.start()
  }

  stop(): Promise<void> {
    if (this.#stopped === undefined) {
      this.#stopped = this.#farewell()
      this.#end.end()
    }
    return this.#stopped
  }

  send(): Promise<SendOutcome> {
    return Promise.resolve({ stage: 'unsupported' })
  }

  async #bringUp(): Promise<void> {
    const { context, loadNoble, settings } = this.#parts
    const noble = loadNoble()
    const events: LinkEvents = {
      disturbed: (why, forgotten) => this.#disturbed(why, forgotten),
      failed: (error) => this.#failed(error),
      malformed: () => {
        context.counters.errors++
      }
    }
    const link = await openAdapter(noble, settings, context.clock, events, this.#end.signal)
    this.#link = link
    this.#end.check()
    this.#listen(noble, link)
    await setUp(link, settings)
    await this.#scan(link)
    context.log.info({ sourceId: context.sourceId, adapter: link.name, scan: settings.scan, advertising: this.#scanKind }, 'scanning')
  }

  #listen(noble: NobleParts, link: HciLink): void {
    const { advertisementCodec, context, gattCodec, settings } = this.#parts
    const watch = new ScanWatch({
      clock: context.clock,
      silenceLimitMs: settings.silenceLimitS * 1000,
      adapter: link.name,
      isUp: () => link.isUp(),
      // Where advertisements are wanted, straps must not hide that none come in.
      provesItself: () => advertisementCodec === undefined && (this.#straps?.linked ?? 0) > 0,
      restartScan: () => this.#scan(link),
      rebuild: () => this.#rebuild(link),
      amiss: (concern, why) => this.#amiss.set(concern, why),
      log: (details, message) => context.log.warn({ sourceId: context.sourceId, ...details }, message),
      failed: (error) => this.#failed(error)
    })
    this.#watch = watch
    const guard = <Args extends unknown[]>(callback: (...args: Args) => void): ((...args: Args) => void) =>
      guarded({ failed: (error) => this.#failed(error) }, callback)
    if (gattCodec !== undefined && settings.straps.length > 0)
      this.#straps = new Straps(
        {
          noble,
          link,
          codec: gattCodec,
          context,
          answersSignals: settings.channel === 'exclusive',
          scanKind: () => this.#scanKind,
          pauseScan: () => stopScan(link, this.#scanKind),
          resumeScan: () => this.#scan(link),
          amiss: (address, why) => this.#amiss.set(address, why),
          failed: (error) => this.#failed(error)
        },
        settings.straps
      )
    const straps = this.#straps
    straps?.attach(link.hci, guard)
    const feed = advertisementCodec === undefined ? undefined : createFrameFeed(advertisementCodec, context)
    const intake = new ReportIntake(context, feed, settings.filter, {
      heard: () => watch.heard(),
      connectable: (address, random) => straps?.connectable(address, random)
    })
    intake.attach(link.hci, guard)
  }

  async #scan(link: HciLink): Promise<void> {
    const { settings } = this.#parts
    this.#scanKind = await startScan(link, settings)
    const without = settings.extended && this.#scanKind === 'legacy'
    this.#amiss.set('extended', without ? `${link.name} cannot do extended advertising: long and far advertisements are not heard` : '')
  }

  async #rebuild(link: HciLink): Promise<void> {
    // Its own channel is reset with it, and all connections with that.
    if (this.#parts.settings.channel === 'exclusive') this.#straps?.dropAll()
    await setUp(link, this.#parts.settings)
    await this.#scan(link)
  }

  #disturbed(why: string, forgotten: boolean): void {
    if (!this.#up || this.#end.signal.aborted) return
    if (forgotten) this.#straps?.dropAll()
    this.#watch?.disturbed(why, forgotten)
  }

  #failed(error: unknown): void {
    if (this.#end.signal.aborted || this.#lost) return
    this.#lost = true
    const failure = asDriverError(error)
    if (this.#up) this.#parts.context.failed(failure)
    else this.#failStart?.(failure)
  }

  async #farewell(): Promise<void> {
    this.#watch?.end()
    const link = this.#link
    if (link !== undefined && this.#up && !this.#lost) {
      const waiting = new AbortController()
      await Promise.race([this.#takeLeave(link), pause(this.#parts.context.clock, FAREWELL_MS, waiting.signal)])
      waiting.abort()
    }
    this.#close()
  }

  async #takeLeave(link: HciLink): Promise<void> {
    try {
      await stopScan(link, this.#scanKind)
      await this.#straps?.end()
    } catch {
      // An adapter that does not answer is left as it is.
    }
  }

  #close(): void {
    this.#watch?.end()
    this.#straps?.discard()
    this.#link?.close()
  }
}

export function protocolMissing(): DriverError {
  return new DriverError('PROTOCOL_MISSING', 'a ble source needs a protocol', { retriable: false })
}
