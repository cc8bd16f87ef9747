import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCliProcess } from '../../test-support/run-cli.ts'

let directory: string
let config: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tagward-georeference-'))
  config = join(directory, 'site.yaml')
  await writeFile(
    config,
    `site: demo
sources:
  hall: {driver: mqtt, protocol: dwm1001-pans-mqtt, url: "mqtt://h", topics: ["dwm/#"], password: "$\{NOT_THERE_YET}"}
frames:
  hall: {origin: {lat: 52, lon: 13, alt: 80}, headingDeg: 90}
  yard: {crs: EPSG:25833, offset: {x: 362700, y: 5763000, z: 0}}
  gate:
    controlPoints:
      - {x: 0, y: 0, z: 0, lat: 52, lon: 13, alt: 80}
      - {x: 0, y: 100, z: 0, lat: 52.0008988, lon: 13, alt: 80}
`
  )
})
afterAll(async () => await rm(directory, { recursive: true }))

const TABLE = `name,x,y,z,lat,lon,alt
A,0,0,0,52,13,80
B,50,0,0,52,13.0007282,80
C,50,50,0,52.0004494,13.0007282,80
D,3,54,0,52.0004494,13,80
E,25,25,0,52.0002247,13.0003641,80
`

describe('tagward georeference', () => {
  it('converts there and back, though a password is still missing elsewhere', async () => {
    const there = await runCliProcess(['georeference', '--config', config, '--frame', 'hall'], {
      input: '0 0 0\n# remark\n0 100 2\nhere\n'
    })
    expect(there.stdout).toBe('13.0000000000 52.0000000000 80.0000\n# remark\n13.0014560513 51.9999999910 82.0008\nnan nan nan\n')
    expect(there.stderr).toBe('line 4 has "here", which is no number; write three numbers: x y z, in metres\n')
    expect(there.code).toBe(1)
    const back = await runCliProcess(['georeference', '--config', config, '--frame', 'hall', '--inverse'], {
      input: '13.0014560513 51.9999999910 82.0008'
    })
    expect(back).toEqual({ code: 0, stdout: '0.0000 100.0000 2.0000\n', stderr: '' })
  })

  it('converts a map projection, and warns of a frame on two points', async () => {
    const yard = await runCliProcess(['georeference', '--config', config, '--frame', 'yard'], { input: '0 0 0\n' })
    expect(yard).toMatchObject({ code: 0, stderr: '' })
    expect(yard.stdout).toMatch(/^12\.99988\d{5} 52\.00065\d{5} 0\.0000\n$/)
    const gate = await runCliProcess(['georeference', '--config', config, '--frame', 'gate'], { input: '' })
    expect(gate).toMatchObject({ code: 0, stdout: '' })
    expect(gate.stderr).toContain('warning: frames.gate: with two points')
  })

  it('fits control points, for people and for programs, and its lines for the configuration work', async () => {
    const table = join(directory, 'points.csv')
    await writeFile(table, TABLE)
    const report = await runCliProcess(['georeference', '--fit', table, '--frame', 'shed'])
    expect(report).toMatchObject({ code: 0, stderr: '' })
    expect(report.stdout).toContain('its y axis points to')
    expect(report.stdout).toMatch(/^Warning: D lies 5\.\d\d m from where the others say it lies/m)
    const pasted = join(directory, 'pasted.yaml')
    await writeFile(pasted, report.stdout.slice(report.stdout.indexOf('frames:')))
    const converted = await runCliProcess(['georeference', '--config', pasted, '--frame', 'shed'], { input: '25 25 0\n' })
    expect(converted.code).toBe(0)
    expect(converted.stdout).toMatch(/^13\.0003\d+ 52\.0002\d+ (80\.0|79\.9)/)
    const json = await runCliProcess(['georeference', '--fit', table, '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({
      outlier: 'D',
      headingDeg: expect.any(Number),
      scale: expect.closeTo(1, 1),
      residuals: expect.arrayContaining([expect.objectContaining({ label: 'D', horizontalM: expect.any(Number) })]),
      config: { frames: { hall: { controlPoints: expect.arrayContaining([expect.objectContaining({ name: 'A', lat: 52 })]) } } }
    })
  })

  it('says what is wrong, and with which exit code', async () => {
    const mirrored = join(directory, 'mirrored.csv')
    await writeFile(mirrored, TABLE.replace('50,0,', '0,50,').replace('3,54,', '50,0,'))
    const broken = join(directory, 'broken.csv')
    await writeFile(broken, 'x,y,lat,lon\n1,2,3,east\n')
    const wrong = join(directory, 'wrong.yaml')
    await writeFile(wrong, 'frames:\n  hall:\n    origin: {lat: 52, lon: 13, alt: 80}\n')
    const cases: readonly [readonly string[], number, string][] = [
      [[], 2, '--config is missing, or --fit'],
      [['--config', config], 2, '--frame is missing'],
      [['--config', config, '--frame', 'hal'], 2, 'there is no frame "hal"; did you mean hall?'],
      [
        ['--config', wrong, '--frame', 'hall'],
        2,
        'wrong.yaml:2:3: frames.hall.headingDeg: headingDeg is missing; add the compass direction'
      ],
      [['--config', join(directory, 'none.yaml'), '--frame', 'hall'], 2, 'the file does not exist'],
      [['--fit', join(directory, 'none.csv')], 2, 'none.csv cannot be read (ENOENT)'],
      [['--fit', broken], 2, 'broken.csv:2: lon is no number: "east"'],
      [['--fit', mirrored], 1, 'the frame is mirrored'],
      [['--fit', mirrored, '--inverse'], 2, '--fit goes with neither'],
      [['--fit', mirrored, '--frame', 'Hall 1'], 2, '--frame takes']
    ]
    const results = await Promise.all(cases.map(async ([argv]) => await runCliProcess(['georeference', ...argv])))
    for (const [index, [argv, code, message]] of cases.entries()) {
      expect(results[index]?.stderr, argv.join(' ')).toContain(message)
      expect([results[index]?.code, results[index]?.stdout]).toEqual([code, ''])
    }
  })
})
