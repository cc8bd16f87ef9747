/**
 * The proof of no loss. A publisher, a real Mosquitto, the real gateway command and a real Kafka; the gateway is killed at
 * random moments under load, the broker is stopped, the database is deleted, and restored from a copy taken earlier. In the
 * end `verify` reads all topics and judges: nothing lost, nothing out of order, nothing twice after the high-water rule, and
 * every message that was acknowledged to its publisher is there.
 *
 * A deletion or a restoration of the database takes with it what is in it; so before them the load pauses until Kafka has
 * everything. What is proved there is that the new epoch mixes with nothing that went before.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runVerify, type VerifyReport } from '../../gateway/verify/verify.ts'
import { freePorts } from '../kafka/free-ports.ts'
import { type KafkaServer, startKafka } from '../kafka/start-kafka.ts'
import { type Mosquitto, startMosquitto } from '../mosquitto.ts'
import { type LineChild, startLineChild } from '../stand/child-lines.ts'
import { type GatewayProcess, startGateway } from '../stand/gateway-process.ts'
import { waitFor } from '../wait-for.ts'

export interface ChaosOptions {
  readonly kills: number
  readonly brokerStops: number
  readonly ratePerSecond: number
  readonly qos: 1 | 2
  readonly seed: number
  readonly say: (line: string) => void
}

export interface ChaosResult {
  readonly report: VerifyReport
  readonly published: number
  readonly acknowledged: number
  readonly kills: number
}

const PREFIX = 'chaos'
const DRAIN_LIMIT_MS = 180_000

/** Seeded, so that a failing history can be played again (mulberry32). */
export function seededRandom(start: number): () => number {
  let seed = start
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

class Stand {
  readonly folder = mkdtempSync(join(tmpdir(), 'tagward-chaos-'))
  readonly sentFile = join(this.folder, 'sent.jsonl')
  readonly #options: ChaosOptions
  readonly #kafka: KafkaServer
  readonly #mosquitto: Mosquitto
  readonly #webPort: number
  readonly random: () => number
  gateway: GatewayProcess | undefined
  publisher: LineChild | undefined
  published = 0
  acknowledged = 0

  constructor(options: ChaosOptions, kafka: KafkaServer, mosquitto: Mosquitto, webPort: number) {
    this.#options = options
    this.#kafka = kafka
    this.#mosquitto = mosquitto
    this.#webPort = webPort
    this.random = seededRandom(options.seed)
  }

  get dataFolder(): string {
    return join(this.folder, 'data')
  }

  async startGateway(): Promise<void> {
    const config = {
      site: 'chaos',
      gateway: { id: 'chaos-gateway' },
      logging: { level: 'warn' },
      sources: {
        hall: {
          driver: 'mqtt',
          protocol: 'dwm1001-pans-mqtt',
          namespace: 'pans-hall',
          url: `mqtt://127.0.0.1:${this.#mosquitto.port}`,
          topics: [{ topic: 'dwm/node/+/uplink/#', qos: this.#options.qos }]
        },
        walkers: { driver: 'simulator', workers: 10, seed: this.#options.seed }
      },
      kafka: { brokers: this.#kafka.brokers, prefix: PREFIX }
    }
    this.gateway = await startGateway({ folder: this.folder, config, webPort: this.#webPort, readyMs: 60_000 })
  }

  async startPublisher(): Promise<void> {
    const { ratePerSecond, qos } = this.#options
    this.publisher = startLineChild('../stand/mqtt-publisher.js', [
      `mqtt://127.0.0.1:${this.#mosquitto.port}`,
      ratePerSecond,
      40,
      this.sentFile,
      qos,
      this.published
    ])
    await this.publisher.line(/^connected/)
  }

  async stopPublisher(): Promise<void> {
    if (this.publisher === undefined) return
    this.publisher.write('stop\n')
    const [text] = await this.publisher.line(/^\{"published".*/, 60_000)
    const { published, acknowledged } = JSON.parse(text) as { published: number; acknowledged: number }
    this.published += published
    this.acknowledged += acknowledged
    this.publisher = undefined
  }

  /** All that was acknowledged has passed through MQTT, log and Kafka: three looks in a row find nothing waiting and nothing new. */
  async drain(): Promise<void> {
    let quiet = 0
    let readings = -1
    await waitFor(
      'everything to be in Kafka',
      async () => {
        const state = await this.gateway?.state()
        if (state === undefined) return false
        const hall = state.sources.find(({ id }) => id === 'hall')
        const waits =
          state.lanes.alarm.backlog + state.lanes.alarm.waiting > 0 || state.lanes.telemetry.backlog + state.lanes.telemetry.waiting > 200
        quiet = waits || hall?.health !== 'up' || hall.counters.readings !== readings ? 0 : quiet + 1
        readings = hall?.counters.readings ?? -1
        return quiet >= 3
      },
      DRAIN_LIMIT_MS,
      300
    )
  }

  /** The simulator never rests, so for an instant of quiet the gateway is stopped in good order. */
  async stopGatewayDrained(): Promise<void> {
    await this.drain()
    await this.gateway?.stop()
  }
}

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const kafka = await startKafka()
  const mosquitto = await startMosquitto({ config: ['max_queued_messages 0', 'max_inflight_messages 0'] })
  const [webPort = 0] = await freePorts(1)
  const stand = new Stand(options, kafka, mosquitto, webPort)
  const { say } = options
  try {
    await stand.startGateway()
    await stand.startPublisher()
    const stops = new Set(
      Array.from({ length: options.brokerStops }, (_, index) => Math.floor(((index + 1) * options.kills) / (options.brokerStops + 1)))
    )
    for (let kill = 1; kill <= options.kills; kill += 1) {
      if (stops.has(kill)) await stopBroker(stand, kafka, say)
      await killOnce(stand)
      say(`killed ${kill} of ${options.kills}`)
    }
    await restoreCopy(stand, say)
    await deleteDatabase(stand, say)
    await stand.stopPublisher()
    await stand.stopGatewayDrained()
    const report = await runVerify({ brokers: kafka.brokers, prefix: PREFIX, sentFile: stand.sentFile })
    return { report, published: stand.published, acknowledged: stand.acknowledged, kills: options.kills }
  } finally {
    await stand.publisher?.end()
    await stand.gateway?.kill()
    await mosquitto.stop()
    await kafka.stop({ remove: true })
    rmSync(stand.folder, { recursive: true, force: true })
  }
}

async function killOnce(stand: Stand): Promise<void> {
  const moment = performance.now() + 50 + stand.random() * 1_500
  await waitFor('the moment to kill', () => performance.now() >= moment)
  await stand.gateway?.kill()
  await stand.startGateway()
}

/** The gateway is killed while the broker is away, too: that is when two failures come together. */
async function stopBroker(stand: Stand, kafka: KafkaServer, say: (line: string) => void): Promise<void> {
  if (stand.random() < 0.5) await kafka.stop()
  else await kafka.kill()
  say('the broker is stopped')
  await killOnce(stand)
  await kafka.start()
  say('the broker is back')
}

async function restoreCopy(stand: Stand, say: (line: string) => void): Promise<void> {
  const copy = join(stand.folder, 'copy')
  await stand.stopPublisher()
  await stand.stopGatewayDrained()
  mkdirSync(copy)
  cpSync(stand.dataFolder, copy, { recursive: true })
  await stand.startGateway()
  await stand.startPublisher()
  await killOnce(stand)
  await stand.stopPublisher()
  await stand.stopGatewayDrained()
  rmSync(stand.dataFolder, { recursive: true })
  cpSync(copy, stand.dataFolder, { recursive: true })
  say('a copy taken earlier is restored')
  await stand.startGateway()
  await stand.startPublisher()
  await killOnce(stand)
}

async function deleteDatabase(stand: Stand, say: (line: string) => void): Promise<void> {
  await stand.stopPublisher()
  await stand.stopGatewayDrained()
  for (const name of readdirSync(stand.dataFolder)) if (/\.db/.test(name)) rmSync(join(stand.dataFolder, name))
  say('the database is deleted')
  await stand.startGateway()
  await stand.startPublisher()
  await killOnce(stand)
}
