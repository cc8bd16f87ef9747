/** `npm run bench -- [--json] [--rate N] [--seconds N] [--tags N] [--events N]`: the gateway's figures, measured on this machine. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startKafka } from '../kafka/start-kafka.ts'
import { asTable, type BenchReport } from './report.ts'
import { fillLog, measureBytesPerMovement } from './storage.ts'
import { measureDrain, measureStart, measureThroughput } from './throughput.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '60' },
    tags: { type: 'string', default: '1000' },
    events: { type: 'string', default: '10000000' }
  }
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)
const folder = mkdtempSync(join(tmpdir(), 'tagward-bench-'))
const room = (name: string): string => {
  const path = join(folder, name)
  mkdirSync(join(path, 'data'), { recursive: true })
  return path
}

async function measure(): Promise<BenchReport> {
  const given = process.env['KAFKA_BROKERS']?.split(',')
  const kafka = given === undefined ? await startKafka({ longRunning: true, heap: '-Xmx768m' }) : undefined
  const brokers = given ?? kafka?.brokers ?? []
  const run = `bench-${Date.now()}`
  try {
    const load = { ratePerSecond: Number(values.rate), seconds: Number(values.seconds), tags: Number(values.tags) }
    say(`throughput: ${load.ratePerSecond} events/s for ${load.seconds} s …`)
    const throughput = await measureThroughput(room('load'), brokers, run, load)
    say('draining the same log as a backlog …')
    const drainPerSecond = await measureDrain(join(folder, 'load'), brokers, `${run}-drain`)
    await kafka?.stop({ remove: true })
    say('bytes per event of the demo site …')
    const bytesPerEvent = await measureBytesPerMovement(join(room('bytes'), 'data'), 300_000)
    say('start with an empty log …')
    const empty = await measureStart(room('empty'))
    say(`start with ${values.events} events (they are written first) …`)
    await fillLog(join(room('full'), 'data'), Number(values.events))
    const tenMillion = await measureStart(join(folder, 'full'))
    return { ...throughput, drainPerSecond, bytesPerEvent, startMs: { empty, tenMillion } }
  } finally {
    await kafka?.stop({ remove: true })
    rmSync(folder, { recursive: true, force: true })
  }
}

const report = await measure()
process.stdout.write(`${values.json ? JSON.stringify(report) : asTable(report)}\n`)
