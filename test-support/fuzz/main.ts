/** `npm run test:fuzz -- [--frames N] [--protocol NAME] [--seed N] [--json]`: mutated frames over all codecs. */
import { parseArgs } from 'node:util'
import { CODECS } from '../../firmware-protocols/registry.ts'
import { CodecFuzz, type FuzzReport } from './fuzz-codec.ts'
import { loadSeeds } from './load-seeds.ts'

const LEAST_PER_CODEC = 100_000

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '10000000' },
    protocol: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    json: { type: 'boolean', default: false }
  }
})
const seed = Number(values.seed)
const codecs = CODECS.filter(({ protocol }) => values.protocol === undefined || protocol === values.protocol)
if (codecs.length === 0) throw new Error(`there is no protocol ${values.protocol}`)
const perCodec = Math.max(LEAST_PER_CODEC, Math.ceil(Number(values.frames) / codecs.length))
process.stderr.write(`seed ${seed}, ${perCodec} frames for each of ${codecs.length} codecs\n`)

const reports: FuzzReport[] = []
for (const codec of codecs) {
  const report = new CodecFuzz(codec, loadSeeds(codec), seed).run(perCodec)
  reports.push(report)
  process.stderr.write(
    `${report.protocol.padEnd(26)} ${String(report.framesPerSecond).padStart(9)}/s  readings ${report.readings}  errors ${report.errors}  slowest ${report.slowestMs} ms  heap ${report.heapGrowthKiB} KiB  faults ${report.faults.length}\n`
  )
  for (const fault of report.faults) process.stderr.write(`  ${fault}\n`)
}
const frames = reports.reduce((sum, report) => sum + report.frames, 0)
const mutated = reports.reduce((sum, report) => sum + report.mutated, 0)
const faults = reports.reduce((sum, report) => sum + report.faults.length, 0)
const slowestMs = Math.max(...reports.map((report) => report.slowestMs))
const total = { seed, frames, mutatedShare: mutated / frames, faults, slowestMs }
process.stdout.write(
  values.json
    ? `${JSON.stringify({ ...total, codecs: reports })}\n`
    : `${frames} frames, ${Math.round((100 * mutated) / frames)} % of them mutated valid ones, ${faults} faults, slowest ${slowestMs} ms\n`
)
process.exitCode = faults === 0 ? 0 : 1
