import { freePorts } from '../kafka/free-ports.ts'
import { startLineChild } from '../stand/child-lines.ts'
import { type GatewayProcess, startGateway } from '../stand/gateway-process.ts'
import { rssMiB } from '../stand/process-memory.ts'
import { waitFor } from '../wait-for.ts'
import { type Sample, settledSlope } from './memory-slope.ts'
import type { BenchReport, Quantiles, SecondOfLoad } from './report.ts'

export interface LoadOptions {
  readonly ratePerSecond: number
  readonly seconds: number
  readonly tags: number
}

interface ReaderReport extends Quantiles {
  readonly count: number
  readonly firstSequence: number
  readonly lastSequence: number
}

export type ThroughputPart = Pick<
  BenchReport,
  | 'eventsPerSecond'
  | 'seconds'
  | 'backlogAtEnd'
  | 'lost'
  | 'rssPeakMiB'
  | 'rssSlopeMiBPerMin'
  | 'rssSlopeErrorMiBPerMin'
  | 'frameToDurableMs'
  | 'frameToDurableBySecond'
  | 'frameToKafkaMs'
>

const SAMPLE_EVERY_MS = 250
/** A drain that takes longer than this, and than the slowest rate allows, is given up. */
const DRAIN_LIMIT_MS = 60_000
const DRAIN_AT_LEAST_PER_SECOND = 5_000

export function benchConfig(port: string, brokers: readonly string[], prefix: string): object {
  return {
    site: 'bench',
    gateway: { id: 'bench-gateway' },
    logging: { level: 'warn' },
    sources: { listener: { driver: 'serial', protocol: 'dwm1001-uart-shell', port: `tcp://127.0.0.1:${port}` } },
    kafka: { brokers, prefix }
  }
}

/** Frames over a real socket → codec → durable log → Kafka's acknowledgement, for so long at such a rate. */
export async function measureThroughput(
  folder: string,
  brokers: readonly string[],
  prefix: string,
  load: LoadOptions
): Promise<ThroughputPart> {
  const generator = startLineChild('../stand/line-generator.js', [load.ratePerSecond, load.seconds, load.tags])
  const [, port = ''] = await generator.line(/^port (\d+)/)
  const [webPort = 0] = await freePorts(1)
  const gateway = await startGateway({ folder, config: benchConfig(port, brokers, prefix), webPort })
  const topic = `${prefix}.tag-movement`
  await generator.line(/^connected/)
  await waitFor('Kafka to be reached', async () => (await gateway.state()).uplink.reachable === true, 60_000)
  const reader = startLineChild('../stand/kafka-reader.js', [brokers.join(','), topic])
  await reader.line(/^reading/, 60_000)
  try {
    const memory = sampleMemory(gateway.pid)
    const course = followLatency(gateway)
    generator.write('go\n')
    const [text] = await generator.line(/^\{"sent".*/, (load.seconds + 60) * 1_000)
    const { sent, seconds } = JSON.parse(text) as { sent: number; seconds: number }
    const backlogAtEnd = (await gateway.state()).lanes.telemetry.backlog
    const samples = memory.end()
    const frameToDurableBySecond = await course.end()
    const seen = await drained(reader, sent)
    const slope = settledSlope(samples)
    return {
      eventsPerSecond: Math.round(seen.count / seconds),
      seconds,
      backlogAtEnd,
      lost: sent - seen.count,
      rssPeakMiB: Math.max(...samples.map(({ value }) => value)),
      rssSlopeMiBPerMin: slope.perMin,
      rssSlopeErrorMiBPerMin: Number.isNaN(slope.errorPerMin) ? null : slope.errorPerMin,
      frameToDurableMs: await frameToDurable(gateway),
      frameToDurableBySecond,
      frameToKafkaMs: { p50: seen.p50, p99: seen.p99, max: seen.max }
    }
  } finally {
    await reader.end()
    await gateway.stop()
    await generator.end()
  }
}

function sampleMemory(pid: number): { end(): Sample[] } {
  const samples: Sample[] = []
  const timer = setInterval(() => samples.push({ ms: performance.now(), value: rssMiB(pid) }), SAMPLE_EVERY_MS)
  return {
    end() {
      clearInterval(timer)
      return samples
    }
  }
}

async function drained(reader: ReturnType<typeof startLineChild>, sent: number): Promise<ReaderReport> {
  let report: ReaderReport | undefined
  await waitFor(
    'Kafka to have everything',
    async () => {
      const seen = reader.lines.length
      reader.write('report\n')
      await waitFor('a report', () => reader.lines.length > seen)
      report = JSON.parse(reader.lines.at(-1) ?? '') as ReaderReport
      return report.count >= sent
    },
    60_000,
    200
  ).catch(() => undefined)
  if (report === undefined) throw new Error('the reader gave no report')
  return report
}

interface LatencySoFar {
  readonly sumMs: number
  readonly frames: number
  readonly slowestMs: number
}

async function latencySoFar(gateway: GatewayProcess): Promise<LatencySoFar> {
  const text = await gateway.metrics()
  const figure = (name: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`tagward_frame_to_durable_seconds${name} `))
    return Number(line?.split(' ')[1] ?? 0)
  }
  return { sumMs: figure('_sum') * 1_000, frames: figure('_count'), slowestMs: figure('{quantile="1"}') * 1_000 }
}

/** Asks once a second, from now on: which seconds were the slow ones. */
function followLatency(gateway: GatewayProcess): { end(): Promise<readonly SecondOfLoad[]> } {
  const seconds: SecondOfLoad[] = []
  let before: LatencySoFar = { sumMs: 0, frames: 0, slowestMs: 0 }
  let asking = Promise.resolve()
  const ask = async (): Promise<void> => {
    const now = await latencySoFar(gateway)
    const frames = now.frames - before.frames
    seconds.push({ meanMs: frames === 0 ? null : (now.sumMs - before.sumMs) / frames, slowestSoFarMs: now.slowestMs })
    before = now
  }
  const timer = setInterval(() => {
    asking = asking.then(ask)
  }, 1_000)
  return {
    async end() {
      clearInterval(timer)
      await asking
      return seconds
    }
  }
}

const QUANTILE = /^tagward_frame_to_durable_seconds\{quantile="([\d.]+)"\} (\S+)/gm

async function frameToDurable(gateway: GatewayProcess): Promise<Quantiles> {
  const found = new Map(
    [...(await gateway.metrics()).matchAll(QUANTILE)].map(([, quantile, seconds]) => [quantile, Number(seconds) * 1_000])
  )
  const at = (quantile: string): number => found.get(quantile) ?? Number.NaN
  return { p50: at('0.5'), p99: at('0.99'), max: at('1') }
}

/** The same log under another prefix is a backlog: all of it is read from disk and sent. */
export async function measureDrain(folder: string, brokers: readonly string[], prefix: string): Promise<number> {
  const [webPort = 0] = await freePorts(1)
  const config = { ...benchConfig('1', brokers, prefix), sources: {} }
  const gateway = await startGateway({ folder, config, webPort })
  try {
    const start = performance.now()
    const backlog = (await gateway.state()).lanes.telemetry.backlog
    const limitMs = DRAIN_LIMIT_MS + (backlog / DRAIN_AT_LEAST_PER_SECOND) * 1_000
    await waitFor('the backlog to be gone', async () => (await gateway.state()).lanes.telemetry.backlog < 100, limitMs, 50)
    return Math.round((backlog / (performance.now() - start)) * 1_000)
  } finally {
    await gateway.stop()
  }
}

/** From the start of the command to the page's first answer. */
export async function measureStart(folder: string): Promise<number> {
  const [webPort = 0] = await freePorts(1)
  const start = performance.now()
  const gateway = await startGateway({
    folder,
    config: { site: 'bench', logging: { level: 'warn' }, sources: {} },
    webPort,
    readyMs: 60_000
  })
  const tookMs = performance.now() - start
  await gateway.stop()
  return Math.round(tookMs)
}
