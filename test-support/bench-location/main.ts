/** Errors of `tagward locate` on recorded runs with truth; `npm run bench:location -- --help` says how. */
import { parseArgs } from 'node:util'
import { DEFAULT_LOCATION_SETTINGS } from '../../gateway/location/location-settings.ts'
import { extentM, type RecordedRun, readRuns } from './recorded-run.ts'
import { addScore, emptyScore, type Row, row, type Score, scoreRun } from './score.ts'

const HELP = `npm run bench:location -- DIR [--json] [--carrying-height METRES]

Reads every *.jsonl and *.jsonl.gz in DIR and the folders in it: one run a file, one line
{"t","anchors":[{"id","x","y","z"}…],"ranges":[{"id","d"}…],"truth":{"x","y","z"}|null} a fix. Prints the horizontal error by run, by folder, and by the
moving runs of a folder (truth over more than a metre), each line alone and smoothed, live and causal; the share of errors
within the accuracy given with each fix (68 % would be honest); and lines located per second of processor time.
`

const { values, positionals } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'carrying-height': { type: 'string', default: String(DEFAULT_LOCATION_SETTINGS.carryingHeightM) }
  },
  allowPositionals: true
})

const MOVING_M = 1

function groupsOf(run: RecordedRun): string[] {
  const moving = extentM(run) > MOVING_M
  return [`${run.set}/${run.name}`, run.set, `${run.set}, ${moving ? 'moving' : 'standing'}`]
}

function measure(runs: readonly RecordedRun[]): { rows: Row[]; linesPerSecond: Record<string, number> } {
  const settings = { ...DEFAULT_LOCATION_SETTINGS, carryingHeightM: Number(values['carrying-height']) }
  const rows: Row[] = []
  const linesPerSecond: Record<string, number> = {}
  for (const smooth of [false, true]) {
    const groups = new Map<string, Score>()
    const all = emptyScore()
    for (const run of runs) {
      const score = scoreRun(run, settings, smooth)
      addScore(all, score)
      for (const name of groupsOf(run)) {
        const sum = groups.get(name) ?? emptyScore()
        addScore(sum, score)
        groups.set(name, sum)
      }
    }
    for (const [name, score] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) rows.push(row(name, smooth, score))
    linesPerSecond[smooth ? 'smooth' : 'alone'] = Math.round(all.lines / all.seconds)
  }
  return { rows, linesPerSecond }
}

function asTable(rows: readonly Row[]): string {
  const head = ['run', 'mode', 'fixes', 'no answer', 'median m', 'p90 m', 'p95 m', 'within accuracy']
  const cells = rows.map((each) => [
    each.name,
    each.mode,
    String(each.fixes),
    String(each.withoutAnswer),
    each.medianM.toFixed(3),
    each.p90M.toFixed(3),
    each.p95M.toFixed(3),
    `${each.withinAccuracyPct.toFixed(1)} %`
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)))
  return [head, ...cells]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

const [directory] = positionals
if (values.help || directory === undefined || positionals.length > 1) {
  process.stdout.write(HELP)
  process.exitCode = values.help ? 0 : 2
} else {
  const runs = readRuns(directory)
  if (runs.length === 0) {
    process.stderr.write(`bench:location: there is no *.jsonl or *.jsonl.gz in ${directory}\n`)
    process.exitCode = 1
  } else {
    const report = measure(runs)
    const rates = Object.entries(report.linesPerSecond).map(([mode, rate]) => `${mode}: ${rate} lines per second of processor time`)
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${asTable(report.rows)}\n${rates.join('\n')}\n`)
  }
}
