import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readControlPoints } from './control-points-csv.ts'

function points(text: string) {
  const table = readControlPoints(text)
  if (!table.ok) throw new Error(JSON.stringify(table.problems))
  return table.points
}

function problems(text: string): readonly string[] {
  const table = readControlPoints(text)
  return table.ok ? [] : table.problems.map(({ line, what, remedy }) => `${line}: ${what}; ${remedy}`)
}

const TWO = [
  { name: 'NW', x: 0, y: 0, z: 1.5, lat: 52.1, lon: -13.5, alt: 80 },
  { name: 'SE', x: 10, y: -20, z: 0, lat: 52.2, lon: -13.4, alt: 81.25 }
]

describe('a table of control points', () => {
  it('is read as spreadsheets write it', () => {
    expect(points('name,x,y,z,lat,lon,alt\nNW,0,0,1.5,52.1,-13.5,80\nSE,10,-20,0,52.2,-13.4,81.25\n')).toEqual(TWO)
    expect(
      points(
        '\uFEFF# survey of May\r\n\r\nalt;lon;lat;z [m];Y (m);X;"Point"\r\n80;-13,5;52,1;1,5;0;0;"NW"\r\n81,25;-13,4;52,2;0;-2e1;10;SE'
      )
    ).toEqual(TWO)
    expect(points('Latitude\tLongitude\tx\ty\tz\talt\tname\tremark\n52.1\t-13.5\t0\t0\t1.5\t80\tNW\tby the gate\n')).toEqual(
      TWO.slice(0, 1)
    )
  })

  it('may have separators within quotes', () => {
    expect(points('name,x,y,z,lat,lon,alt\n"gate, north ""A""",0,0,0,1,2,3\n')).toMatchObject([{ name: 'gate, north "A"', lat: 1 }])
    expect(problems('x,y,lat,lon\n1,2,3,4\n1,"2,3,4\n')).toEqual([expect.stringMatching(/^3: a quote is opened and never closed/)])
  })

  it('needs no head for the usual order', () => {
    expect(points('0;0;1,5;52,1;-13,5;80\n')).toEqual(TWO.slice(0, 1).map(({ name: _, ...point }) => point))
    expect(points('0,0,1.5,52.1,-13.5,80\n10,-20,0,52.2,-13.4,81.25\n')).toEqual(TWO.map(({ name: _, ...point }) => point))
  })

  it('takes 0 for heights that are not there, and says so', () => {
    expect(readControlPoints('x,y,lat,lon\n1,2,3,4\n')).toEqual({
      ok: true,
      points: [{ x: 1, y: 2, z: 0, lat: 3, lon: 4, alt: 0 }],
      notes: ['there is no column z: 0 is taken, and heights say nothing', 'there is no column alt: 0 is taken, and heights say nothing']
    })
  })

  it('is refused with the line and what would be right', () => {
    expect(problems('')).toEqual([expect.stringMatching(/^1: the table is empty; write a line x,y,z,lat,lon,alt/)])
    expect(problems('x,y,lat\n1,2,3\n')).toEqual(['1: there is no column lon; name the columns in the first line: name,x,y,z,lat,lon,alt'])
    expect(problems('x,y,lat,lon,lng\n')).toEqual(['1: there are two columns lon; remove one of them'])
    expect(problems('x,y,lat,lon\n# remark\n1,two,3,4\n1,2,103,-181\n')).toEqual([
      '3: y is no number: "two"; write metres',
      '4: lat 103 is outside of -90 to 90; write decimal degrees from -90 to 90, south negative; are lat and lon swapped?',
      '4: lon -181 is outside of -180 to 180; write decimal degrees from -180 to 180, west negative'
    ])
    expect(problems('x,y,lat,lon\n1,5,2,5,3,4\n')[0]).toContain('6 values for 4 columns')
    expect(problems('x,y,lat,lon\n1,2,3\n')).toEqual([expect.stringContaining('lon is no number: ""')])
    expect(problems(`x,y,lat,lon\n${'a,b,c,d\n'.repeat(100)}`)).toHaveLength(20)
    expect(problems(`x,y,lat,lon\n${'1,2,3,4\n'.repeat(1001)}`)[0]).toContain('more than 1000 points')
  })

  it('gives points or problems, whatever the text is', () => {
    const cell = fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('x', 'y', 'lat', 'lon', '1', '2.5', ';', '\t', '\n', '"'))
    fc.assert(
      fc.property(fc.array(fc.array(cell).map((cells) => cells.join(','))), (lines) => {
        const table = readControlPoints(lines.join('\n'))
        if (table.ok) for (const point of table.points) expect(Number.isFinite(point.x + point.y + point.lat + point.lon)).toBe(true)
        else expect(table.problems.length).toBeGreaterThan(0)
      }),
      { numRuns: 500 }
    )
  })
})
