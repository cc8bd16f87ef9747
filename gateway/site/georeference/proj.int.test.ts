import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hasCct, hasProjinfo, projinfo } from '../../../test-support/proj/cct.ts'
import { askProj, type CheckValue, checkCases } from '../../../test-support/proj/check-cases.ts'
import { projOfEpsg, sampledCodes } from './epsg.ts'
import { tieFrame } from './frame-settings.ts'
import { apartM } from './places-test-support.ts'

/** What is promised is 1 mm; what is reached, a hundredth and a third of it. */
const LEVEL_TOLERANCE_M = 1e-5
const PROJECTED_TOLERANCE_M = 3e-4

const table = JSON.parse(readFileSync('gateway/site/georeference/proj.vectors.json', 'utf8')) as {
  readonly values: readonly CheckValue[]
  readonly epsg: Readonly<Record<string, string>>
}

/** How far our answers lie from PROJ's for the same points, both ways. */
function compare({ settings, operation, points, wgs84, back }: CheckValue): void {
  const tied = tieFrame(settings)
  if (!tied.ok) throw new Error(tied.what)
  const toleranceM = settings.crs === undefined ? LEVEL_TOLERANCE_M : PROJECTED_TOLERANCE_M
  for (const [index, [lon, lat, alt]] of wgs84.entries()) {
    const [x, y, z] = points[index] ?? []
    const [backX, backY, backZ] = back[index] ?? []
    if (x === undefined || y === undefined || z === undefined) throw new Error('more answers than points')
    if (backX === undefined || backY === undefined || backZ === undefined) throw new Error('no way back')
    const there = tied.georeference.toWgs84({ x, y, z })
    const ours = tied.georeference.toFrame({ lat, lon, alt })
    if (there === undefined || ours === undefined) throw new Error(`no place for ${x} ${y} ${z} by ${operation}`)
    expect(apartM(there, { lat, lon, alt }), operation).toBeLessThan(toleranceM)
    expect(Math.hypot(ours.x - backX, ours.y - backY, ours.z - backZ), operation).toBeLessThan(toleranceM)
  }
}

describe('georeferences and PROJ', () => {
  it('agree on the table of its answers', () => {
    const table = JSON.parse(readFileSync('gateway/site/georeference/proj.vectors.json', 'utf8')) as {
      readonly values: readonly CheckValue[]
    }
    expect(table.values.length).toBeGreaterThan(30)
    for (const value of table.values) compare(value)
  })
})

describe.skipIf(!hasCct())('georeferences and the PROJ of this machine (skipped without cct)', () => {
  it('agree within 10 km at any latitude and heading, on the poles and across the 180th meridian, both ways', () => {
    for (const check of checkCases(1, 500, 4)) compare(askProj(check))
    // Dozens of processes, which a busy machine may start slowly.
  }, 300_000)
})

describe('EPSG codes', () => {
  it('stand for what the EPSG data set has: each family at its ends and in between', () => {
    expect(Object.keys(table.epsg).map(Number).sort()).toEqual([...sampledCodes()].sort())
    for (const [code, proj] of Object.entries(table.epsg)) compareDefinitions(Number(code), proj)
  })

  it.skipIf(!hasProjinfo())('stand for what the PROJ of this machine has (skipped without projinfo)', () => {
    for (const code of [25_832, 2056, 2154, 32_733, 3007]) compareDefinitions(code, projinfo(code))
  })
})

function compareDefinitions(code: number, proj: string): void {
  const ours = parametersOf(projOfEpsg(code) ?? '')
  for (const [name, value] of parametersOf(proj)) {
    if (name === '+wktext') continue
    const own = ours.get(name)
    if (typeof value === 'number') expect(own ?? 0, `EPSG:${code} ${name}`).toBeCloseTo(value, 9)
    else expect(own, `EPSG:${code} ${name}`).toBe(value)
  }
}

/** Names that mean the same become one; what is the default is left out. */
function parametersOf(proj: string): ReadonlyMap<string, string | number> {
  const parameters = new Map<string, string | number>()
  for (const word of proj.trim().split(/\s+/)) {
    const [name = '', value = ''] = word.split('=')
    if (['+no_defs', '+type', '+units'].includes(name)) continue
    if (name === '+datum') parameters.set('+ellps', value === 'NAD83' ? 'GRS80' : value)
    else if (name === '+towgs84') /[1-9]/.test(value) && parameters.set(name, value.replace(/(,0)+$/, ''))
    else if (name === '+k') parameters.set('+k_0', Number(value))
    else parameters.set(name, value === '' || Number.isNaN(Number(value)) ? value : Number(value))
  }
  return parameters
}
