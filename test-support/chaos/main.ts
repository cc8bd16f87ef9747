/** `npm run test:chaos -- [--kills N] [--broker-stops N] [--rate N] [--qos 1|2] [--seed N]`: the long form; one JSON object on stdout. */
import { parseArgs } from 'node:util'
import { runChaos } from './chaos.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    'broker-stops': { type: 'string', default: '3' },
    rate: { type: 'string', default: '500' },
    qos: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) }
  }
})
const seed = Number(values.seed)
process.stderr.write(`seed ${seed}\n`)
const result = await runChaos({
  kills: Number(values.kills),
  brokerStops: Number(values['broker-stops']),
  ratePerSecond: Number(values.rate),
  qos: values.qos === '2' ? 2 : 1,
  seed,
  say: (line) => process.stderr.write(`${line}\n`)
})
process.stdout.write(`${JSON.stringify({ seed, ...result }, undefined, 2)}\n`)
process.exitCode = result.report.ok && result.acknowledged > 0 ? 0 : 1
