import { describe, expect, it } from 'vitest'
import { FAKE_SCHEMA } from '../../../test-support/fake-catalogue.ts'
import { parseConfig } from '../../config/load-config.ts'
import { formatProblem } from '../../config/problem.ts'
import { frameWarnings, tieFrame } from './frame-settings.ts'

async function load(frames: string) {
  const result = await parseConfig(`site: demo\nframes:\n${frames}`, '/t.yaml', { schema: FAKE_SCHEMA, env: {} })
  return result.ok ? result.config.frames : result.problems.map((problem) => formatProblem(problem))
}

const HALL = '  hall: {origin: {lat: 52, lon: 13, alt: 80}, headingDeg: 30}\n'
const POINTS = '{x: 0, y: 0, z: 0, lat: 52, lon: 13, alt: 80}, {name: NE, x: 100, y: 0, z: 0, lat: 52, lon: 13.001456, alt: 80}'

describe('frames in the configuration', () => {
  it('have three forms', async () => {
    const frames = await load(
      `${HALL}  yard: {crs: "EPSG:25832", offset: {x: 500000, y: 5700000, z: 3}}\n  raw: {crs: +proj=utm +zone=32 +ellps=GRS80}\n  gate: {controlPoints: [${POINTS}]}\n`
    )
    if (Array.isArray(frames)) throw new Error(frames.join('\n'))
    expect(frames).toEqual({
      hall: { origin: { lat: 52, lon: 13, alt: 80 }, headingDeg: 30 },
      yard: { crs: 'EPSG:25832', offset: { x: 500_000, y: 5_700_000, z: 3 } },
      raw: { crs: '+proj=utm +zone=32 +ellps=GRS80' },
      gate: { controlPoints: [expect.objectContaining({ lat: 52 }), expect.objectContaining({ name: 'NE' })] }
    })
    for (const settings of Object.values(frames)) {
      const tied = tieFrame(settings)
      if (!tied.ok) throw new Error(tied.what)
      const there = tied.georeference.toWgs84({ x: 10, y: 20, z: 1 })
      const back = there && tied.georeference.toFrame(there)
      expect(back).toEqual({ x: expect.closeTo(10, 5), y: expect.closeTo(20, 5), z: expect.closeTo(1, 5) })
    }
    expect(frameWarnings(frames)).toEqual([expect.stringMatching(/^frames\.gate: with two points/)])
    expect(await load('  {}\n')).toEqual({})
  })

  it('are refused with the place, what is wrong and what would be right', async () => {
    const cases: readonly [string, RegExp][] = [
      [
        '  hall: {}\n',
        /^\/t\.yaml:3:9: frames\.hall: nothing ties this frame to the earth; add origin and headingDeg, controlPoints, or crs/
      ],
      ['  hall: {origin: {lat: 52, lon: 13, alt: 80}}\n', /frames\.hall\.headingDeg: headingDeg is missing; add the compass direction/],
      ['  hall: {origin: {lat: 52, lon: 13}, headingDeg: 0}\n', /frames\.hall\.origin\.alt: is missing/],
      [
        '  hall: {origin: {lat: 113, lon: 13, alt: 0}, headingDeg: 0}\n',
        /frames\.hall\.origin\.lat: 113 is too large; write a number from -90 to 90/
      ],
      ['  hall: {origin: {lat: 52, lon: 13, alt: 0}, heading: 0}\n', /frames\.hall\.heading: unknown key; did you mean headingDeg\?/],
      [
        `  hall: {origin: {lat: 52, lon: 13, alt: 0}, headingDeg: 0, crs: "EPSG:25832"}\n`,
        /tied twice, by origin and by crs; leave one of them/
      ],
      ['  hall: {crs: "EPSG:25832", headingDeg: 3}\n', /frames\.hall\.headingDeg: headingDeg does not go with crs; remove it/],
      [`  hall: {controlPoints: [${POINTS}], offset: {x: 1, y: 1}}\n`, /frames\.hall\.offset: offset does not go with controlPoints/],
      ['  hall: {crs: "EPSG:31467"}\n', /frames\.hall\.crs: EPSG:31467 stands on the datum DHDN/],
      ['  hall: {crs: "EPSG:25832", offset: {x: 1e8, y: 0}}\n', /frames\.hall\.crs: the frame's zero, at easting 100000000/],
      ['  hall: {controlPoints: [{x: 0, y: 0, z: 0, lat: 1, lon: 1, alt: 0}]}\n', /frames\.hall\.controlPoints/],
      [
        `  hall: {controlPoints: [${POINTS}, {x: 0, y: 100, z: 0, lat: 51.999101, lon: 13, alt: 80}]}\n`,
        /frames\.hall\.controlPoints: the frame is mirrored.*; x and y are swapped/
      ],
      ['  Hall 1: {crs: "EPSG:25832"}\n', /this name cannot be used; write 1 to 63 lower-case/]
    ]
    for (const [text, message] of cases) expect(await load(text)).toEqual([expect.stringMatching(message)])
  })
})
