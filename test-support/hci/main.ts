/** `npm run test:ble-storm`: two thousand advertising reports a second through noble for five minutes; see --help. */
import { parseArgs } from 'node:util'
import { runStorm } from './storm.ts'

const HELP = `npm run test:ble-storm -- [--rate N] [--seconds N] [--tags N] [--phones N]

Advertising reports -> noble's HCI layer -> driver -> codec -> ingest -> the log of a real gateway, over an adapter of the test support.
Prints one JSON object; ends with 1 when an advertisement of a tag is not in the log, or is twice.

  --rate N     advertisements of tags per second (2000); each has a number of its own and is looked for in the log
  --seconds N  length of the storm (300)
  --tags N     tags (500)
  --phones N   beside them per second (200): advertisements of passers-by, each with an address that is never heard again

rssSlopeMiBPerMin: resident memory each 250 ms; of the second half of the storm, the median of each ten samples, and a line through the
medians by least squares. rssSlopeErrorMiBPerMin is its standard error: a slope within twice that cannot be told from none.
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '300' },
    tags: { type: 'string', default: '500' },
    phones: { type: 'string', default: '200' }
  }
})

if (values.help) process.stdout.write(HELP)
else {
  const report = await runStorm({
    ratePerSecond: Number(values.rate),
    seconds: Number(values.seconds),
    tags: Number(values.tags),
    phonesPerSecond: Number(values.phones)
  })
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  process.exitCode = report.lost === 0 && report.doubled === 0 ? 0 : 1
}
