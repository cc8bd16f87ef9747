import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Anchor } from '../../gateway/location/fix.ts'

/** One line of a recorded run: metres, seconds from its start. `truth` null: the reference was poor there. */
export interface RecordedLine {
  readonly t: number
  readonly anchors: readonly Anchor[]
  readonly ranges: readonly { readonly id: string; readonly d: number }[]
  readonly truth: { readonly x: number; readonly y: number; readonly z: number } | null
}

/** A file of such lines; `set` is the folder it lies in. */
export interface RecordedRun {
  readonly set: string
  readonly name: string
  readonly lines: readonly RecordedLine[]
}

const SUFFIX = /\.jsonl(\.gz)?$/

/** Every run in a folder and the folders in it, by name. */
export function readRuns(directory: string): RecordedRun[] {
  const runs: RecordedRun[] = []
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name)
    if (statSync(path).isDirectory()) runs.push(...readRuns(path))
    else if (SUFFIX.test(name)) runs.push(readRun(path))
  }
  return runs
}

function readRun(path: string): RecordedRun {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    // Python writes infinities into its JSON; they stand in fields that are not used here.
    .map((line) => JSON.parse(line.replaceAll(/-?Infinity|NaN/g, 'null')) as RecordedLine)
  return { set: basename(dirname(path)), name: basename(path).replace(SUFFIX, ''), lines }
}

/** Errors count on lines with truth and ranges to three anchors at different places on the ground. */
export function counts({ anchors, ranges, truth }: RecordedLine): boolean {
  if (truth === null) return false
  const heard = new Set(ranges.map(({ id }) => id))
  return new Set(anchors.filter(({ id }) => heard.has(id)).map(({ x, y }) => `${x} ${y}`)).size >= 3
}

/** Metres between the outermost places of the truth; of a tag that stood, its scatter. */
export function extentM(run: RecordedRun): number {
  const truths = run.lines.flatMap(({ truth }) => truth ?? [])
  const spread = (values: readonly number[]) =>
    values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity)
  return truths.length === 0 ? 0 : Math.hypot(spread(truths.map(({ x }) => x)), spread(truths.map(({ y }) => y)))
}
