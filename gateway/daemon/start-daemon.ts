/**
 * How the parts of the gateway are joined, in the order in which they must come up: the log first (nothing may be heard
 * before it can be kept), then ingest, page and way out, the sources last. Stopping goes the other way round.
 */
import { accessSync, constants, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { DRIVERS } from '../../drivers/catalogue.ts'
import type { Delivery } from '../../drivers/driver.ts'
import { createSupervisor, type Supervisor } from '../../drivers/supervisor/supervisor.ts'
import { findCodec } from '../../firmware-protocols/registry.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import { configInForce, diffConfig } from '../config/diff-config.ts'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import type { KafkaSettings } from '../forward/kafka-settings.ts'
import { type ForwarderHandle, startForwarder } from '../forward/start-forwarder.ts'
import { ALERT_EDGES } from '../ingest/alert-desk.ts'
import { createDecoderMemories, DECODER_MEMORY, type DecoderMemories } from '../ingest/decoder-memories.ts'
import { DEVICES_ONLINE } from '../ingest/device-desk.ts'
import { createIngest, type Ingest } from '../ingest/ingest.ts'
import { diskTroubleOf } from '../log/disk-trouble.ts'
import { lastOrigin } from '../log/last-origin.ts'
import { DiskUnusableError } from '../log/log-error.ts'
import { type EventLogHandle, type EventLogOptions, openEventLog } from '../log/open-event-log.ts'
import { AlarmList } from '../state/alarm-list.ts'
import { createMetrics, type Metrics } from '../state/metrics.ts'
import type { Problem } from '../state/snapshot.ts'
import { TagBoard } from '../state/tag-board.ts'
import { checkPortFree, startWeb, type WebServer } from '../web/server.ts'
import { createGatewayBoard } from './gateway-board.ts'
import { gatewayId, keepGatewayId } from './gateway-id.ts'
import { gatewayStatusEvent } from './gateway-status.ts'
import { HeldLog } from './held-log.ts'
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

export interface DaemonOptions {
  readonly config: Config
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
  apply(config: Config): Promise<readonly string[]>
  /** What is wrong with an edited configuration that does not run; shown until the next good one. */
  showProblems(problems: readonly Problem[]): void
  /** Grows while the log thread lives, whatever the disk does. */
  logHeartbeats(): number
  readonly tagsSeen: number
  stop(): Promise<void>
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

/** Of a path that does not exist on a read-only file system, `mkdir` says ENOENT: the nearest directory that exists tells. */
function isOnReadOnlyDisk(path: string): boolean {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    try {
      accessSync(directory, constants.W_OK)
      return false
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'EROFS') return true
      if (code !== 'ENOENT' || directory === dirname(directory)) return false
    }
  }
}

/** A disk that is full, read-only or failing is the log's affair; anything else is to be put right before the gateway can run. */
function makeDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o750 })
  } catch (error) {
    if (diskTroubleOf(error) !== undefined || isOnReadOnlyDisk(path)) return
    const why = error instanceof Error ? error.message : String(error)
    throw new GatewayError(
      'LOG_OPEN_FAILED',
      `dataDir ${path} cannot be made or used (${why}); name a directory that this user may write`,
      {
        cause: error
      }
    )
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
  gatewayId = ''
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
    makeDataDir(config.dataDir)
    // A start that is going to fail for its port must not begin a log first.
    await checkPortFree(config.web)
    this.#identify()
    const log = await this.#openLog()
    const ingest = await this.#startIngest(log)
    const forwarder = this.#startForwarder(log)
    const supervisor = this.#startSupervisor(ingest, log)
    await this.#startWeb(log, supervisor, forwarder)
    this.#configureSources(config)
  }

  async apply(config: Config): Promise<readonly string[]> {
    const started = this.#options.config
    this.showProblems([])
    this.#options.logger.level = config.logging.level
    this.#configureSources(config)
    if (diffConfig(this.#running.config, config).kafka) await this.#forwarder?.reconfigure(config.kafka)
    this.#running.config = configInForce(started, config)
    return diffConfig(started, config).restartNeeded
  }

  async stop(): Promise<void> {
    for (const step of this.#undo.splice(0).reverse()) {
      try {
        await step()
      } catch (error) {
        this.#options.logger.error({ err: error }, 'a part did not stop in good order')
      }
    }
  }

  #identify(): void {
    const { dataDir, gateway } = this.#options.config
    const { id, recalled } = gatewayId(dataDir, gateway.id, () => lastOrigin(dataDir)?.gatewayId)
    if (recalled) this.#options.logger.warn({ gatewayId: id, dataDir }, 'the file gateway-id was lost; it is written again from the log')
    this.gatewayId = id
    this.#keepId()
  }

  /** Where the disk does not take it, the log will know the id. */
  #keepId(): void {
    try {
      keepGatewayId(this.#options.config.dataDir, this.gatewayId)
    } catch (error) {
      if (diskTroubleOf(error) === undefined) throw error
      this.#options.logger.error({ err: error, gatewayId: this.gatewayId }, "the gateway's id could not be written down")
    }
  }

  async #openLog(): Promise<EventLogHandle> {
    const log = await this.#openOrHold()
    this.#undo.push(() => log.close())
    return log
  }

  /** The log, or what stands for it until its disk lets it open. */
  async #openOrHold(): Promise<EventLogHandle> {
    const { clock, config, logger } = this.#options
    const settings = this.#logSettings()
    try {
      return await openEventLog(settings)
    } catch (error) {
      if (!(error instanceof DiskUnusableError)) throw error
      const held = new HeldLog({
        directory: config.dataDir,
        clock,
        logger,
        trouble: error,
        open: () => openEventLog(settings),
        onStatus: () => {
          this.#heartbeats += 1
        },
        onStateFound: (found) => {
          this.#ingest?.recall(found.get(ALERT_EDGES) ?? new Map(), found.get(DEVICES_ONLINE) ?? new Map())
          this.#memories?.recall(found.get(DECODER_MEMORY) ?? new Map())
          this.#watch?.recall(found.get(SOURCES_LOST) ?? new Map())
        },
        onOpened: () => this.#keepId()
      })
      this.#logOpened = held.opened()
      this.#savedIsUnknown = held.stateIsUnknown
      return held
    }
  }

  #logSettings(): EventLogOptions {
    const { clock, config, logger } = this.#options
    return {
      directory: config.dataDir,
      clock,
      gapOrigin: { gatewayId: this.gatewayId, bootId: clock.bootId, site: config.site },
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
    const identity = { site: config.site, gatewayId: this.gatewayId }
    const start = (kafka: KafkaSettings | undefined): ForwarderHandle => startForwarder({ log, identity, kafka, logger })
    const forwarder = this.#logOpened === undefined ? start(config.kafka) : startLateForwarder(this.#logOpened, config.kafka, start)
    clock.onStep((stepMs) => logger.warn({ stepMs: Math.round(stepMs) }, 'the wall clock was set'))
    this.#forwarder = forwarder
    this.#undo.push(() => forwarder.close())
    return forwarder
  }

  #startSupervisor(ingest: Ingest, log: EventLogHandle): Supervisor {
    const { clock, logger } = this.#options
    const supervisor = createSupervisor({
      drivers: DRIVERS,
      findCodec,
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
      gatewayId: this.gatewayId,
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

  #configureSources(config: Config): void {
    for (const { id, namespace } of config.sources) this.#ingest?.setNamespace(id, namespace)
    this.#supervisor?.apply(config.sources)
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
