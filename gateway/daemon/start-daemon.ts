/**
 * How the parts of the gateway are joined, in the order in which they must come up: the log first (nothing may be heard
 * before it can be kept), then ingest, page and way out, the sources last. Stopping goes the other way round.
 */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { DRIVERS } from '../../drivers/catalogue.ts'
import type { Delivery } from '../../drivers/driver.ts'
import { type ExtensionSet, NO_EXTENSIONS } from '../../drivers/extension/load-extensions.ts'
import type { SourceParts } from '../../drivers/supervisor/supervised-source.ts'
import { createSupervisor, type Supervisor } from '../../drivers/supervisor/supervisor.ts'
import { findCodec } from '../../firmware-protocols/registry.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import { configInForce, diffConfig } from '../config/diff-config.ts'
import type { Config } from '../config/schema.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import type { KafkaSettings } from '../forward/kafka-settings.ts'
import { type ForwarderHandle, startForwarder } from '../forward/start-forwarder.ts'
import { ALERT_EDGES } from '../ingest/alert-desk.ts'
import { createDecoderMemories, DECODER_MEMORY, type DecoderMemories } from '../ingest/decoder-memories.ts'
import { DEVICES_ONLINE } from '../ingest/device-desk.ts'
import { createIngest, type Ingest } from '../ingest/ingest.ts'
import { DiskUnusableError, LogError } from '../log/log-error.ts'
import { type EventLogHandle, type EventLogOptions, openEventLog } from '../log/open-event-log.ts'
import { readSavedState } from '../log/saved-state.ts'
import { AlarmList } from '../state/alarm-list.ts'
import { createMetrics, type Metrics } from '../state/metrics.ts'
import type { Problem } from '../state/snapshot.ts'
import { TagBoard } from '../state/tag-board.ts'
import { checkPortFree, startWeb, type WebServer } from '../web/server.ts'
import { answeredWithin } from './answered-within.ts'
import { askDisk, beatWhileDiskHangs } from './disk-probe.ts'
import { createGatewayBoard } from './gateway-board.ts'
import { gatewayStatusEvent } from './gateway-status.ts'
import { GatewayStorage } from './gateway-storage.ts'
import { HeldLog, type HeldLogOptions } from './held-log.ts'
import { startLateForwarder } from './late-forwarder.ts'
import { createSourceWatch, SOURCES_LOST, type SourceWatch } from './source-watch.ts'

const DAY_MS = 86_400_000
const STATUS_EVERY_MS = 60_000
/** A flood of random addresses must not grow memory, nor the text that the page is sent every second. */
const MAX_TAGS = 50_000
const MAX_TAGS_SHOWN = 10_000
/** An alert that the tag never clears (a counter, an event) stays on the page for so long. */
const ALERT_LAPSE_MS = 10 * 60_000
/** Every so manyth frame is timed to its durability: enough for a 99th percentile, cheap enough for 50 000 a second. */
const TIME_EVERY = 16
/** A disk that has not let the log open by then is not waited for: the alarms are not to wait for it either. */
const DISK_LIMIT_MS = 10_000

export interface DaemonOptions {
  readonly config: Config
  /** What the configuration's extensions gave; absent: nothing. */
  readonly extensions?: ExtensionSet
  readonly clock: GatewayClock
  readonly logger: Logger
  readonly version: string
  /** The log thread has died: nothing will be kept any more, and only a restart helps. */
  readonly onFatal: (error: Error) => void
}

export interface Daemon {
  readonly gatewayId: string
  readonly url: string
  /**
   * Takes over what changed of sources and Kafka; gives all sections that differ from those in force and wait for a restart. The
   * backlog is never touched. One call at a time.
   */
  apply(config: Config, extensions?: ExtensionSet): Promise<readonly string[]>
  /** What is wrong with an edited configuration that does not run; shown until the next good one. */
  showProblems(problems: readonly Problem[]): void
  /** Grows while the log thread lives, whatever the disk does. */
  logHeartbeats(): number
  readonly tagsSeen: number
  stop(): Promise<void>
  /** The disk holds up a thread: the process ends by no exit, only by a kill. */
  readonly isHungUp: boolean
}

/** Starts everything; rejects with an error that has a `code` when log or port cannot be had, with nothing left running. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const daemon = new RunningDaemon(options)
  try {
    await daemon.start()
  } catch (error) {
    await daemon.stop()
    throw error
  }
  return daemon
}

/** What sources are made of: what the program has, and what extensions bring. */
function partsWith({ codecs, drivers }: ExtensionSet): SourceParts {
  return {
    drivers: [...DRIVERS, ...drivers],
    findCodec: (protocol) => findCodec(protocol) ?? codecs.find((codec) => codec.protocol === protocol)
  }
}

class RunningDaemon implements Daemon {
  readonly #options: DaemonOptions
  readonly #running: { config: Config; problems: readonly Problem[] }
  readonly #alarms = new AlarmList()
  readonly #tags = new TagBoard({ maxTags: MAX_TAGS, maxShown: MAX_TAGS_SHOWN, lapseMs: ALERT_LAPSE_MS })
  readonly #metrics: Metrics = createMetrics()
  readonly #startedMono: number
  readonly #undo: (() => Promise<void> | void)[] = []
  readonly #storage: GatewayStorage
  isHungUp = false
  #heartbeats = 0
  #frames = 0
  /** Only of a log that could not be opened at the start. */
  #logOpened: Promise<unknown> | undefined
  #savedIsUnknown = false
  #supervisor: Supervisor | undefined
  #forwarder: ForwarderHandle | undefined
  #ingest: Ingest | undefined
  #memories: DecoderMemories | undefined
  #watch: SourceWatch | undefined
  #web: WebServer | undefined

  constructor(options: DaemonOptions) {
    this.#options = options
    this.#running = { config: options.config, problems: [] }
    this.#startedMono = options.clock.monotonicMs()
    const { config, logger } = options
    this.#storage = new GatewayStorage({
      dataDir: config.dataDir,
      configuredId: config.gateway.id,
      logger,
      openLog: (gatewayId) => openEventLog(this.#logSettings(gatewayId))
    })
  }

  get gatewayId(): string {
    return this.#storage.gatewayId
  }

  get url(): string {
    return this.#web?.url ?? ''
  }

  get tagsSeen(): number {
    return this.#tags.size
  }

  logHeartbeats(): number {
    return this.#heartbeats
  }

  showProblems(problems: readonly Problem[]): void {
    this.#running.problems = problems
  }

  async start(): Promise<void> {
    const { config } = this.#options
    // A start that is going to fail for its port must not begin a log first.
    await checkPortFree(config.web)
    const log = await this.#openLog()
    const ingest = await this.#startIngest(log)
    const forwarder = this.#startForwarder(log)
    const supervisor = this.#startSupervisor(ingest, log)
    await this.#startWeb(log, supervisor, forwarder)
    this.#configureSources(config)
  }

  async apply(config: Config, extensions = NO_EXTENSIONS): Promise<readonly string[]> {
    const started = this.#options.config
    this.showProblems([])
    this.#options.logger.level = config.logging.level
    this.#configureSources(config, partsWith(extensions))
    if (diffConfig(this.#running.config, config).kafka) await this.#forwarder?.reconfigure(config.kafka)
    this.#running.config = configInForce(started, config)
    return diffConfig(started, config).restartNeeded
  }

  async stop(): Promise<void> {
    for (const step of this.#undo.splice(0).reverse()) {
      try {
        await step()
      } catch (error) {
        if (error instanceof LogError && error.code === 'LOG_HUNG') this.isHungUp = true
        this.#options.logger.error({ err: error }, 'a part did not stop in good order')
      }
    }
  }

  async #openLog(): Promise<EventLogHandle> {
    const log = await this.#openOrHold()
    this.#undo.push(() => log.close())
    const { clock, config } = this.#options
    const beat = () => {
      this.#heartbeats += 1
    }
    const watch = beatWhileDiskHangs(clock, askDisk(config.dataDir), () => this.#heartbeats, beat)
    this.#undo.push(() => watch.cancel())
    return log
  }

  /** The log, or what stands for it until its disk lets it open. */
  async #openOrHold(): Promise<EventLogHandle> {
    const { clock, config } = this.#options
    const opening = this.#storage.open()
    try {
      const opened = await answeredWithin(clock, DISK_LIMIT_MS, opening)
      if (opened !== undefined) return opened.value
    } catch (error) {
      if (!(error instanceof DiskUnusableError)) throw error
      return this.#hold({ trouble: error, saved: readSavedState(config.dataDir) })
    }
    const message = `the disk has not let it open within ${DISK_LIMIT_MS / 1_000} s`
    return this.#hold({ trouble: { storage: 'failing', message }, saved: undefined, opening })
  }

  #hold(begun: Pick<HeldLogOptions, 'trouble' | 'saved' | 'opening'>): EventLogHandle {
    const { clock, config, logger } = this.#options
    const held = new HeldLog({
      ...begun,
      directory: config.dataDir,
      clock,
      logger,
      open: () => this.#storage.open(),
      onStatus: () => {
        this.#heartbeats += 1
      },
      onStateFound: (found) => {
        this.#ingest?.recall(found.get(ALERT_EDGES) ?? new Map(), found.get(DEVICES_ONLINE) ?? new Map())
        this.#memories?.recall(found.get(DECODER_MEMORY) ?? new Map())
        this.#watch?.recall(found.get(SOURCES_LOST) ?? new Map())
      }
    })
    this.#logOpened = held.opened()
    this.#savedIsUnknown = held.stateIsUnknown
    return held
  }

  #logSettings(gatewayId: string): EventLogOptions {
    const { clock, config, logger } = this.#options
    return {
      directory: config.dataDir,
      clock,
      gapOrigin: { gatewayId, bootId: clock.bootId, site: config.site },
      limits: {
        maxBytes: config.log.maxBytes,
        telemetryMaxAgeMs: config.log.telemetryMaxAgeDays * DAY_MS,
        alarmMaxAgeMs: config.log.alarmMaxAgeDays * DAY_MS,
        reserveBytes: config.log.reserveBytes
      },
      logger,
      onStatus: () => {
        this.#heartbeats += 1
      },
      onOwnEvent: (event) => this.#observe(event),
      onFatal: this.#options.onFatal
    }
  }

  async #startIngest(log: EventLogHandle): Promise<Ingest> {
    const { clock, config } = this.#options
    const ingest = await createIngest({
      clock,
      log,
      limits: config.alerts,
      savedIsUnknown: this.#savedIsUnknown,
      tags: this.#tags,
      onEvent: (event) => this.#observe(event)
    })
    this.#memories = createDecoderMemories(log, await log.loadState(DECODER_MEMORY))
    const saved = await log.loadState(SOURCES_LOST)
    this.#watch = createSourceWatch({ clock, log, saved, append: (event) => this.#append(log, event) })
    this.#ingest = ingest
    this.#undo.push(() => ingest.close())
    return ingest
  }

  #startForwarder(log: EventLogHandle): ForwarderHandle {
    const { clock, config, logger } = this.#options
    const start = (kafka: KafkaSettings | undefined): ForwarderHandle =>
      startForwarder({ log, identity: { site: config.site, gatewayId: this.gatewayId }, kafka, logger })
    const forwarder = this.#logOpened === undefined ? start(config.kafka) : startLateForwarder(this.#logOpened, config.kafka, start)
    clock.onStep((stepMs) => logger.warn({ stepMs: Math.round(stepMs) }, 'the wall clock was set'))
    this.#forwarder = forwarder
    this.#undo.push(() => forwarder.close())
    return forwarder
  }

  #startSupervisor(ingest: Ingest, log: EventLogHandle): Supervisor {
    const { clock, logger } = this.#options
    const supervisor = createSupervisor({
      ...partsWith(this.#options.extensions ?? NO_EXTENSIONS),
      clock,
      log: logger,
      random: Math.random,
      gatewayId: this.gatewayId,
      storageFails: () => log.status().storage !== 'ok',
      memoryOf: (sourceId) => this.#memories?.of(sourceId),
      recordingsDir: join(this.#options.config.dataDir, 'recordings'),
      onDelivery: (sourceId, delivery) => {
        ingest.deliver(sourceId, this.#timed(delivery))
        log.endDelivery()
      },
      onHealth: (_sourceId, change) => {
        this.#watch?.onHealth(change)
      }
    })
    this.#supervisor = supervisor
    this.#undo.push(() => supervisor.close())
    return supervisor
  }

  async #startWeb(log: EventLogHandle, supervisor: Supervisor, forwarder: ForwarderHandle): Promise<void> {
    const { clock, config, logger, version } = this.#options
    const view = createGatewayBoard({
      clock,
      log,
      supervisor,
      forwarder,
      alarms: this.#alarms,
      tags: this.#tags,
      gatewayId: () => this.gatewayId,
      version,
      startedMono: this.#startedMono,
      running: this.#running
    })
    const web = await startWeb({ view, metrics: this.#metrics, clock, log: logger, host: config.web.host, port: config.web.port })
    this.#web = web
    this.#undo.push(() => web.close())
    const tell = (): void => {
      this.#append(log, gatewayStatusEvent(clock, view.overview()))
      timer = clock.setTimeout(tell, STATUS_EVERY_MS)
    }
    let timer = clock.setTimeout(tell, 0)
    this.#undo.push(() => timer.cancel())
  }

  #configureSources(config: Config, parts?: SourceParts): void {
    for (const { id, namespace } of config.sources) this.#ingest?.setNamespace(id, namespace)
    this.#supervisor?.apply(config.sources, parts)
    this.#watch?.onConfigured(new Set(config.sources.filter(({ enabled }) => enabled).map(({ id }) => id)))
  }

  #append(log: EventLogHandle, event: GatewayEvent): void {
    this.#observe(event)
    log.append(event)
  }

  #observe(event: GatewayEvent): void {
    this.#metrics.events(event.lane, event.type, 1)
    this.#alarms.observe(event)
  }

  /** Times every so manyth delivery from its arrival to its commit. */
  #timed(delivery: Delivery): Delivery {
    this.#frames += 1
    if (this.#frames % TIME_EVERY !== 0) return delivery
    const { clock } = this.#options
    return {
      ...delivery,
      onDurable: () => {
        this.#metrics.frameDurable((clock.monotonicMs() - delivery.monotonicMs) / 1_000)
        delivery.onDurable?.()
      }
    }
  }
}
