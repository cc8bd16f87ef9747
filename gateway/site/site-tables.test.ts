import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCsv, writeCsv } from './csv.ts'
import { SITE_SCHEMAS, type SiteKind } from './site-model.ts'
import { readTable, writeTable } from './site-tables.ts'
import { recordsOf } from './site-test-support.ts'

const KINDS = Object.keys(SITE_SCHEMAS) as readonly SiteKind[]

const problems = (kind: SiteKind, text: string): readonly string[] => {
  const table = readTable(kind, text)
  return table.ok ? [] : table.problems.map(({ at, what, remedy }) => `${at}: ${what}; ${remedy}`)
}

describe('tables of records', () => {
  it.each(KINDS)('keep every %s on the way out and back', (kind) => {
    fc.assert(
      fc.property(recordsOf(kind), (records) => {
        expect(readTable(kind, writeTable(kind, records))).toEqual({ ok: true, records })
      }),
      { numRuns: 200 }
    )
  })

  it('are read as spreadsheets write them', () => {
    const people = 'name;id;kind\r\n"Müller; Jörg";p-17;worker\r\n;v1;visitor\r\n'
    expect(readTable('person', `\uFEFF${people}`)).toEqual({
      ok: true,
      records: [
        { id: 'p-17', name: 'Müller; Jörg', kind: 'worker' },
        { id: 'v1', kind: 'visitor' }
      ]
    })
    expect(readTable('anchor', 'id\tframe\tx\ty\tz\n4d18\thall\t1,5\t-2\t3\n')).toEqual({
      ok: true,
      records: [{ id: '4d18', frame: 'hall', x: 1.5, y: -2, z: 3 }]
    })
    expect(readTable('binding', 'tag,person,from\npans:4d18,p-17,2026-11-20T07:00+01:00\n')).toEqual({
      ok: true,
      records: [{ tag: 'pans:4d18', person: 'p-17', from: Date.UTC(2026, 10, 20, 6) }]
    })
  })

  it('turn the rings of areas the way they should, and take closed and open ones', () => {
    const zone = (ring: string) => readTable('zone', `id,frame,polygon\nz,hall,"POLYGON (${ring})"\n`)
    const expected = {
      ok: true,
      records: [
        {
          id: 'z',
          frame: 'hall',
          polygon: [
            [
              [0, 10],
              [0, 0],
              [10, 0]
            ]
          ]
        }
      ]
    }
    expect(zone('(0 10, 0 0, 10 0, 0 10)')).toEqual(expected)
    expect(zone('(10 0, 0 0, 0 10)')).toEqual(expected)
  })

  it('write nothing that a spreadsheet would run, and keep an apostrophe that belongs to a name', () => {
    const text = writeTable('person', [{ id: 'p', name: "=HYPERLINK('x')", kind: 'worker' }])
    expect(text).toContain("'=HYPERLINK")
    expect(readTable('person', "id,name,kind\np,'t Hooft,worker\n")).toMatchObject({ records: [{ name: "'t Hooft" }] })
  })

  it('are refused as a whole, with line, field and what would be right', () => {
    expect(problems('anchor', '')).toEqual(['1: the table is empty; begin with a line id,name,frame,x,y,z,floor'])
    expect(problems('anchor', 'id,frame,x,y,z,hieght\n')).toEqual([
      '1: there is no column "hieght" here; known: id, name, frame, x, y, z, floor'
    ])
    expect(problems('anchor', 'id,id\n')).toEqual(['1: there are two columns id; remove one of them'])
    expect(problems('anchor', 'id,frame,x,y,z\n\na,hall,1,2,3\nb,hall,one,2\na,hall,1,2,3\nc,hall,1,2,3,4\n')).toEqual([
      '4: x: "one" is not allowed here; write a number, such as 12.5',
      '5: the anchor a is there already, at 3; remove one of them',
      '6: 6 cells for 5 columns; put cells with a separator in them in quotes'
    ])
    expect(problems('anchor', 'id,frame,x,y\na,hall,1,2\n')).toEqual(['2: z is missing; give z'])
    expect(problems('floor', 'id,building,level,frame,fromZ,toZ\nf,b,0,hall,3,3\n')).toEqual(['2: toZ: toZ is not above fromZ; correct it'])
    expect(problems('zone', 'id,frame,polygon\nz,hall,"POLYGON ((0 0, 10 10, 10 0, 0 8))"\n')[0]).toContain('the area has edges that cross')
    expect(problems('zone', 'id,frame,polygon\nz,hall,CIRCLE (1 2)\n')[0]).toContain('write POLYGON ((x y, x y')
    expect(problems('binding', 'tag,person,from\npans:1,p,yesterday\n')[0]).toContain('write a time with its zone')
    expect(problems('person', 'id,kind\n"p,worker\n')).toEqual([
      '2: a quote is opened and never closed; close it, and double quotes within: "a ""b"" c"'
    ])
    expect(problems('person', `id,kind\n${'?,worker\n'.repeat(100)}`)).toHaveLength(50)
  })

  it('give records or problems, whatever the text is', () => {
    const text = fc
      .array(fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('id', 'x', ',', ';', '\n', '"', '\r\n', 'POLYGON ((', '1 2')))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), text, (kind, input) => {
        const table = readTable(kind, input)
        if (!table.ok) expect(table.problems.length).toBeGreaterThan(0)
      }),
      { numRuns: 1000 }
    )
  })
})

describe('comma-separated text', () => {
  it('keeps every cell, line ends and quotes included', () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('', ' ', '"', 'a\nb', 'a\r\nb', ',', ';', '\t'))
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { minLength: 1 }), (rows) => {
        const table = readCsv(writeCsv([['head', 'of', 'it'], ...rows]))
        if (!table.ok) throw new Error(table.fault.what)
        expect(table.rows.map(({ cells }) => cells).slice(1)).toEqual(rows.filter((row) => row.length > 1 || row[0] !== ''))
      }),
      { numRuns: 500 }
    )
  })

  it('knows the line of each row', () => {
    const table = readCsv('a,b\n\n"x\ny",2\r\n3,4')
    expect(table).toEqual({
      ok: true,
      separator: ',',
      rows: [
        { line: 1, cells: ['a', 'b'] },
        { line: 3, cells: ['x\ny', '2'] },
        { line: 5, cells: ['3', '4'] }
      ]
    })
    expect(readCsv('a\n"x"y\n')).toMatchObject({ ok: false, fault: { line: 2, what: 'there is text after a closing quote' } })
    expect(readCsv(`a\n${','.repeat(300)}\n`)).toMatchObject({ ok: false, fault: { line: 2 } })
  })
})
