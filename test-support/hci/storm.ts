import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLogReader } from '../../gateway/log/open-log-reader.ts'
import { type Sample, settledSlope } from '../bench/memory-slope.ts'
import { freePorts } from '../kafka/free-ports.ts'
import { type GatewayProcess, startGateway } from '../stand/gateway-process.ts'
import { cpuSeconds, rssMiB } from '../stand/process-memory.ts'
import { waitFor } from '../wait-for.ts'

export interface StormOptions {
  /** Advertisements of tags, all of which must be in the log. */
  readonly ratePerSecond: number
  readonly seconds: number
  readonly tags: number
  /** Beside them: passers-by, each with an address that is never heard again. */
  readonly phonesPerSecond: number
}

export interface StormSent {
  tags: number
  phones: number
  seconds: number
  /** How long the gateway's main thread was held up at most, with the load's own share in it. */
  longestTickMs: number
}

export interface StormReport {
  readonly sent: StormSent
  readonly reportsPerSecond: number
  /** Of the tags' advertisements in the log, each counted once. */
  readonly logged: number
  readonly lost: number
  readonly doubled: number
  /** As the source counted them. */
  readonly counters: { readonly frames: number; readonly readings: number; readonly errors: number; readonly dropped: number }
  readonly cpuPct: number
  readonly rssPeakMiB: number
  readonly rssSlopeMiBPerMin: number
  readonly rssSlopeErrorMiBPerMin: number
}

const SAMPLE_EVERY_MS = 250
const PAGE = { maxEvents: 2000, maxBytes: 1 << 20 }

/** An advertising storm through noble, driver, codec and ingest into the log of a real gateway; then the log is read. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const folder = mkdtempSync(join(tmpdir(), 'tagward-storm-'))
  const [webPort = 0] = await freePorts(1)
  const gateway = await startGateway({
    folder,
    webPort,
    config: {
      site: 'storm',
      gateway: { id: 'storm-gateway' },
      logging: { level: 'warn' },
      sources: { yard: { driver: 'ble', protocol: 'ble-advertisement' } }
    },
    environment: {
      NODE_OPTIONS: `--import=${new URL('./storm-load.js', import.meta.url).href}`,
      TAGWARD_STORM: JSON.stringify(options)
    }
  })
  try {
    const cpuBefore = cpuSeconds(gateway.pid)
    const startMs = performance.now()
    const samples: Sample[] = []
    const sampling = setInterval(() => samples.push({ ms: performance.now(), value: rssMiB(gateway.pid) }), SAMPLE_EVERY_MS)
    const sent = await finished(gateway, options.seconds).finally(() => clearInterval(sampling))
    const cpuPct = ((cpuSeconds(gateway.pid) - cpuBefore) / (performance.now() - startMs)) * 100_000
    const counters = await settledCounters(gateway)
    const exit = await gateway.stop()
    if (exit !== 0) throw new Error(`the gateway ended with ${exit}: ${gateway.output()}`)
    const { logged, doubled } = readBack(join(folder, 'data', 'events.db'))
    const slope = settledSlope(samples)
    return {
      sent,
      reportsPerSecond: Math.round((sent.tags + sent.phones) / sent.seconds),
      logged,
      lost: sent.tags - logged,
      doubled,
      counters,
      cpuPct: Math.round(cpuPct),
      rssPeakMiB: Math.max(...samples.map(({ value }) => value)),
      rssSlopeMiBPerMin: slope.perMin,
      rssSlopeErrorMiBPerMin: slope.errorPerMin
    }
  } finally {
    await gateway.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function finished(gateway: GatewayProcess, seconds: number): Promise<StormSent> {
  const text = await waitFor(
    'the storm to be over',
    () => {
      if (gateway.exited) throw new Error(gateway.output())
      return /^storm (\{.*\})$/m.exec(gateway.output())?.[1]
    },
    (seconds + 60) * 1000,
    50
  )
  return JSON.parse(text) as StormSent
}

/** What is under way between adapter and counters when the load ends is counted a moment later. */
async function settledCounters(gateway: GatewayProcess): Promise<StormReport['counters']> {
  let before = -1
  return await waitFor('the counters to stand still', async () => {
    const counters = (await gateway.state()).sources[0]?.counters
    const still = counters?.frames === before
    before = counters?.frames ?? -1
    if (!still || counters === undefined) return undefined
    const { frames, readings, errors, dropped } = counters
    return { frames, readings, errors, dropped }
  })
}

/** Every advertisement of a tag has a number of its own, so that none can stand in for another. */
function readBack(path: string): { logged: number; doubled: number } {
  const reader = openLogReader(path)
  const seen = new Set<string>()
  let doubled = 0
  try {
    for (let at = 0; ; ) {
      const { events, scannedTo } = reader.read('telemetry', at, { ...PAGE, types: new Set(['TagInfo']) })
      for (const { key, body } of events) {
        const sequence = /"sequence":(\d+)/.exec(body)?.[1]
        if (!key.startsWith('ble:c0000000') || sequence === undefined) continue
        const size = seen.size
        if (seen.add(`${key} ${sequence}`).size === size) doubled++
      }
      if (scannedTo === at) return { logged: seen.size, doubled }
      at = scannedTo
    }
  } finally {
    reader.close()
  }
}
