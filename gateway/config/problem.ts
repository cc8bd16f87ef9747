import type { Path } from './schema-walk.ts'
import { formatPath } from './schema-walk.ts'

/** A mistake in the configuration, with its place and what would be right. */
export interface ConfigProblem {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** Empty: the file as a whole. */
  readonly path: string
  readonly what: string
  readonly remedy: string
}

/** A mistake before its place in the file has been looked up. */
export interface Finding {
  readonly path: Path
  /** Whether the key itself is at fault, or its value. */
  readonly at: 'key' | 'value'
  readonly what: string
  readonly remedy: string
  /** Of a misspelt key: where it should have been. What is said to be missing there is the same mistake. */
  readonly meant?: Path
}

/** One line: `file:line:column: path: what is wrong; what would be right`. */
export function formatProblem(problem: ConfigProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`
  return `${[place, ...(problem.path === '' ? [] : [problem.path]), problem.what].join(': ')}; ${problem.remedy}`
}

export function problemAt(file: string, place: { line: number; column: number }, finding: Finding): ConfigProblem {
  return { file, line: place.line, column: place.column, path: formatPath(finding.path), what: finding.what, remedy: finding.remedy }
}

/** The known word that `word` is most likely a slip of; undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return (
    best ??
    (word.length < 3
      ? undefined
      : known.find((candidate) => isBeginning(word, candidate) || (candidate.length > 2 && isBeginning(candidate, word))))
  )
}

const isBeginning = (of: string, word: string): boolean => word.toLowerCase().startsWith(of.toLowerCase())

/** Levenshtein distance in which two neighbours changing places count once (Damerau, optimal string alignment). */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 20 || a.length > 80) return Number.POSITIVE_INFINITY
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
