import { readFileSync } from 'node:fs'

/** Resident memory of a process, MiB (Linux). */
export function rssMiB(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? Number.NaN) / 1024
}

/** CPU time of a process so far, seconds (Linux; clock ticks are 1/100 s on every Linux that Node runs on). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Slope of a line fitted through samples, per minute. */
export function slopePerMinute(samples: readonly { readonly ms: number; readonly value: number }[]): number {
  const n = samples.length
  if (n < 2) return 0
  const meanMs = samples.reduce((sum, { ms }) => sum + ms, 0) / n
  const mean = samples.reduce((sum, { value }) => sum + value, 0) / n
  let up = 0
  let down = 0
  for (const { ms, value } of samples) {
    up += (ms - meanMs) * (value - mean)
    down += (ms - meanMs) ** 2
  }
  return (up / down) * 60_000
}
