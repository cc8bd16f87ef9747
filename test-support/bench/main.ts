/** The gateway's figures, measured on this machine; `npm run bench -- --help` says how. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startKafka } from '../kafka/start-kafka.ts'
import { measureCodecs } from './codec-rates.ts'
import { asTable, type BenchReport } from './report.ts'
import { fillLog, measureBytesPerMovement } from './storage.ts'
import { measureDrain, measureStart, measureThroughput } from './throughput.ts'

const HELP = `npm run bench -- [--json] [--rate N] [--seconds N] [--tags N] [--events N]

Frames over a socket -> codec -> durable log -> Kafka, then a drained backlog, bytes on disk, starts. All on this machine.

  --json       one JSON object on stdout instead of a table
  --rate N     events offered per second (20400). The load is open-loop: it never waits for the gateway. eventsPerSecond is what
               arrived, divided by the time from the first frame offered to the last; timers make that a few milliseconds longer
               than asked for, so an offer of exactly 20000 reads as 19999. The 2 % above the bar of 20000 make it readable.
  --seconds N  length of the load (60)
  --tags N     tags that walk (1000)
  --events N   events in the log of the second start (10000000; they are written first, which takes minutes)

rssSlopeMiBPerMin: resident memory each 250 ms; of the second half of the load, the median of each ten samples, and a line through the
medians by least squares. rssSlopeErrorMiBPerMin is its standard error: a slope within twice that cannot be told from none.
frameToDurableBySecond (JSON only): mean of each second, and the slowest frame so far.
KAFKA_BROKERS names a Kafka to use instead of one of its own.
`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rate: { type: 'string', default: '20400' },
    seconds: { type: 'string', default: '60' },
    tags: { type: 'string', default: '1000' },
    events: { type: 'string', default: '10000000' }
  }
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)
const room = (folder: string, name: string): string => {
  const path = join(folder, name)
  mkdirSync(join(path, 'data'), { recursive: true })
  return path
}

async function measure(): Promise<BenchReport> {
  const folder = mkdtempSync(join(tmpdir(), 'tagward-bench-'))
  const given = process.env['KAFKA_BROKERS']?.split(',')
  const kafka = given === undefined ? await startKafka({ longRunning: true, heap: '-Xmx768m' }) : undefined
  const brokers = given ?? kafka?.brokers ?? []
  const run = `bench-${Date.now()}`
  try {
    const load = { ratePerSecond: Number(values.rate), seconds: Number(values.seconds), tags: Number(values.tags) }
    say(`throughput: ${load.ratePerSecond} events/s for ${load.seconds} s …`)
    const throughput = await measureThroughput(room(folder, 'load'), brokers, run, load)
    say(JSON.stringify(throughput))
    say('draining the same log as a backlog …')
    const drainPerSecond = await measureDrain(join(folder, 'load'), brokers, `${run}-drain`)
    await kafka?.stop({ remove: true })
    say('bytes per event of the demo site …')
    const bytesPerEvent = await measureBytesPerMovement(join(room(folder, 'bytes'), 'data'), 300_000)
    say('start with an empty log …')
    const empty = await measureStart(room(folder, 'empty'))
    say(`start with ${values.events} events (they are written first) …`)
    await fillLog(join(room(folder, 'full'), 'data'), Number(values.events))
    const tenMillion = await measureStart(join(folder, 'full'))
    say('frames through every codec …')
    return { ...throughput, drainPerSecond, bytesPerEvent, startMs: { empty, tenMillion }, codecFramesPerSecond: measureCodecs() }
  } finally {
    await kafka?.stop({ remove: true })
    rmSync(folder, { recursive: true, force: true })
  }
}

if (values.help) process.stdout.write(HELP)
else {
  const report = await measure()
  process.stdout.write(`${values.json ? JSON.stringify(report) : asTable(report)}\n`)
}
