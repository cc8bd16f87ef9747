/**
 * Forwards the log to Kafka: two lanes, each with a pump and a connection of its own, so that an alarm never waits behind
 * telemetry. It only reads the log; what it asks the log's thread to write are cursors and set-aside records.
 */
import type { Clock } from '../../drivers/driver.ts'
import type { BackoffPolicy } from '../../drivers/supervisor/backoff.ts'
import { LANES, type Lane } from '../events/define-event.ts'
import type { ForwarderMessage, LogMessage, LogReader } from '../log/reader-contract.ts'
import { createEventEncoder, type GatewayIdentity } from './cloud-event.ts'
import type { ForwardPort } from './forward-port.ts'
import { type ForwarderStatus, laneStatus, lastErrorOf, NOT_CONFIGURED, RateMeter } from './forwarder-status.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import type { LaneOptions } from './lane-core.ts'
import { LanePump } from './lane-pump.ts'
import { topicSettings, topicsByType } from './topics.ts'

export interface ForwarderOptions {
  /** Of epochs of which the log does not say whose they are. */
  readonly identity: GatewayIdentity
  readonly reader: Pick<LogReader, 'read' | 'epoch' | 'lastSequence' | 'cursors' | 'originOf'>
  readonly clock: Clock
  readonly random: () => number
  readonly createPort: (lane: Lane, kafka: KafkaSettings) => ForwardPort
  readonly tell: (message: ForwarderMessage) => void
  readonly onChange: () => void
}

/** A telemetry lane that must connect lets the alarm lane go first, but does not wait for ever. */
const ALARM_FIRST_MS = 30_000
const PROBE_EVERY_MS = 120_000
/** An alarm waits for an attempt of its lane; telemetry is told when that succeeds. */
const BACKOFF: Readonly<Record<Lane, BackoffPolicy>> = {
  alarm: { firstMs: 250, factor: 2, capMs: 5_000, jitter: 0.5 },
  telemetry: { firstMs: 250, factor: 2, capMs: 30_000, jitter: 0.5 }
}

interface Uplink {
  readonly kafka: KafkaSettings
  readonly pumps: Readonly<Record<Lane, LanePump>>
  readonly rates: Readonly<Record<Lane, RateMeter>>
}

export class Forwarder {
  readonly #options: ForwarderOptions
  /** By lane, then topic. Newer than the stored ones, which are written later and elsewhere. */
  readonly #cursors: Readonly<Record<Lane, Map<string, number>>> = { alarm: new Map(), telemetry: new Map() }
  /** Life of the log that the cursors belong to. */
  #epoch = ''
  #startingOver = false
  #uplink: Uplink | undefined
  #work: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: ForwarderOptions) {
    this.#options = options
    this.#loadCursors()
  }

  /** Stops what runs and starts anew; undefined: offline. The backlog is what it was. */
  configure(kafka: KafkaSettings | undefined): Promise<void> {
    this.#work = this.#work.then(async () => {
      await this.#stop()
      if (!this.#closed) this.#start(kafka)
    })
    return this.#work
  }

  #loadCursors(): void {
    // First: cursors of a newer life under the name of an older one do no harm.
    this.#epoch = this.#options.reader.epoch()
    for (const lane of LANES) this.#cursors[lane].clear()
    for (const { lane, topic, sequence } of this.#options.reader.cursors()) this.#cursors[lane].set(topic, sequence)
  }

  /** Another life of the log, in which the same numbers may mean other events: what is remembered of the old one would hide them. */
  #startOver(): void {
    if (this.#startingOver) return
    this.#startingOver = true
    this.#work = this.#work.then(async () => {
      const kafka = this.#uplink?.kafka
      await this.#stop()
      this.#startingOver = false
      this.#loadCursors()
      if (!this.#closed && kafka !== undefined) this.#start(kafka)
    })
  }

  /** The log has events up to these sequences. */
  committed(last: Omit<LogMessage, 'kind'>): void {
    // The message may be older than what was read; the log itself is not.
    if (last.epoch !== this.#epoch && this.#options.reader.epoch() !== this.#epoch) this.#startOver()
    else if (this.#uplink !== undefined) {
      for (const lane of LANES) {
        const pump = this.#uplink.pumps[lane]
        if (last[lane] > pump.progress.groupedTo) pump.wake()
      }
    }
  }

  status(): ForwarderStatus {
    if (this.#uplink === undefined) return NOT_CONFIGURED
    const { pumps, rates } = this.#uplink
    const { clock, reader } = this.#options
    const lane = (name: Lane) => laneStatus(name, pumps[name], reader, rates[name].rate(pumps[name].acceptedCount, clock.monotonicMs()))
    return {
      configured: true,
      connected: pumps.alarm.link.connected,
      lastError: lastErrorOf(pumps),
      topicDifferences: pumps.alarm.link.differences,
      lanes: { alarm: lane('alarm'), telemetry: lane('telemetry') }
    }
  }

  close(): Promise<void> {
    this.#closed = true
    this.#work = this.#work.then(() => this.#stop())
    return this.#work
  }

  async #stop(): Promise<void> {
    const uplink = this.#uplink
    if (uplink === undefined) return
    await Promise.all(LANES.map((lane) => uplink.pumps[lane].stop()))
    for (const lane of LANES)
      for (const [topic, sequence] of uplink.pumps[lane].progress.cursors()) this.#cursors[lane].set(topic, sequence)
    this.#uplink = undefined
    this.#options.onChange()
  }

  #start(kafka: KafkaSettings | undefined): void {
    const { clock, tell, onChange } = this.#options
    if (kafka === undefined) {
      tell({ kind: 'topics', topics: [] })
      onChange()
      return
    }
    const topicOfType = topicsByType(kafka.prefix)
    tell({ kind: 'topics', topics: LANES.flatMap((lane) => [...topicOfType].map(([type, topic]) => ({ lane, topic, type }))) })
    // Telemetry has the gateway's own status to send once a minute; the alarm lane looks by itself whether its link works.
    const alarm: LanePump = this.#pump('alarm', kafka, topicOfType, {
      beforeConnect: () => Promise.resolve(),
      onConnected: () => telemetry.link.hurry(),
      probeEveryMs: PROBE_EVERY_MS
    })
    const telemetry = this.#pump('telemetry', kafka, topicOfType, { beforeConnect: () => alarm.link.whenConnected(ALARM_FIRST_MS) })
    this.#uplink = {
      kafka,
      pumps: { alarm, telemetry },
      rates: { alarm: new RateMeter(clock.monotonicMs()), telemetry: new RateMeter(clock.monotonicMs()) }
    }
    alarm.start()
    telemetry.start()
    onChange()
  }

  #pump(
    lane: Lane,
    kafka: KafkaSettings,
    topicOfType: ReadonlyMap<string, string>,
    connecting: Pick<LaneOptions, 'beforeConnect' | 'onConnected' | 'probeEveryMs'>
  ): LanePump {
    const { identity, reader, clock, random, createPort, tell, onChange } = this.#options
    return new LanePump({
      lane,
      epoch: this.#epoch,
      reader,
      encode: createEventEncoder((epoch) => reader.originOf(epoch) ?? identity, kafka.mode ?? 'structured'),
      topicOfType,
      topics: topicSettings(kafka),
      cursors: this.#cursors[lane],
      createPort: () => createPort(lane, kafka),
      clock,
      random,
      tell,
      backoff: BACKOFF[lane],
      onChange,
      ...connecting
    })
  }
}
