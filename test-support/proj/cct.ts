import { spawnSync } from 'node:child_process'

/** PROJ's own program for coordinate operations (Debian: proj-bin). */
export function hasCct(): boolean {
  // Without an operation it prints how it is called and fails; all that counts is that there is one.
  return spawnSync('cct', ['--version'], { stdio: 'ignore' }).error === undefined
}

export type Triple = readonly [number, number, number]

/** Runs an operation on many points at once; `inverse`: the other way. Degrees and metres, with 12 decimals. */
export function cct(operation: string, points: readonly Triple[], inverse = false): readonly Triple[] {
  const input = points.map((point) => `${point.join(' ')} 0\n`).join('')
  const args = ['-d', '12', ...(inverse ? ['-I'] : []), ...operation.split(' ')]
  const { stdout, stderr, status, error } = spawnSync('cct', args, { input, encoding: 'utf8', maxBuffer: 1 << 26 })
  const lines = stdout?.split('\n').filter((line) => line.trim() !== '') ?? []
  if (error !== undefined || status !== 0 || lines.length !== points.length)
    throw new Error(`cct ${args.join(' ')}: ${error?.message ?? `${status}, ${lines.length} lines: ${stderr.slice(0, 500)}`}`)
  return lines.map((line) => {
    const [a = Number.NaN, b = Number.NaN, c = Number.NaN] = line.trim().split(/\s+/).map(Number)
    return [a, b, c]
  })
}

export function hasProjinfo(): boolean {
  return spawnSync('projinfo', [], { stdio: 'ignore' }).error === undefined
}

/** PROJ strings of EPSG codes, from the data set of this machine. */
export function projinfo(code: number): string {
  const { stdout, stderr, status } = spawnSync('projinfo', ['-q', '-o', 'PROJ', `EPSG:${code}`], { encoding: 'utf8' })
  if (status !== 0 || !stdout.includes('+proj=')) throw new Error(`projinfo EPSG:${code}: ${status} ${stderr}`)
  return stdout.trim()
}
