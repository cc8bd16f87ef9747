import { describe, expect, it } from 'vitest'
import { checkSite } from './check-site.ts'
import { isWithin, normalPolygon, polygonFault, signedAreaM2 } from './polygon.ts'
import type { SiteModel, Zone } from './site-model.ts'

const SQUARE = [
  [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10]
  ]
] as const
const GOOD: SiteModel = {
  frames: { hall: { origin: { lat: 1, lon: 2, alt: 3 }, headingDeg: 4 } },
  building: [{ id: 'b1' }],
  floor: [{ id: 'eg', building: 'b1', level: 0, frame: 'hall', fromZ: -1, toZ: 4 }],
  anchor: [{ id: '4d18', frame: 'hall', x: 0, y: 0, z: 3, floor: 'eg' }],
  receiver: [{ id: 'r1', frame: 'hall', x: 0, y: 0, z: 3 }],
  zone: [
    { id: 'site', frame: 'hall', polygon: [...SQUARE.map((ring) => ring.map(([x, y]): [number, number] => [x, y]))] },
    {
      id: 'room',
      parent: 'site',
      frame: 'hall',
      polygon: [
        [
          [1, 1],
          [2, 1],
          [2, 2]
        ]
      ],
      floors: ['eg']
    }
  ],
  person: [
    { id: 'p1', kind: 'worker' },
    { id: 'p2', kind: 'visitor' }
  ],
  binding: [
    { tag: 'pans:1', person: 'p1', from: 0, to: 100 },
    { tag: 'pans:1', person: 'p2', from: 100 },
    { tag: 'pans:2', person: 'p1', from: 50 }
  ]
}

const told = (change: Partial<SiteModel>) => checkSite({ ...GOOD, ...change }).map(({ kind, key, what }) => `${kind} ${key}: ${what}`)

describe('records of a site', () => {
  it('go together', () => {
    expect(checkSite(GOOD)).toEqual([])
  })

  it('are told of when what they name is not there', () => {
    expect(told({ building: [] })).toEqual(['floor eg: building names b1, which is not there'])
    expect(told({ frames: {} })).toHaveLength(5)
    expect(told({ floor: [] })).toEqual([
      'anchor 4d18: floor names eg, which is not there',
      'zone room: floors names eg, which is not there'
    ])
    expect(told({ zone: GOOD.zone.slice(1) })).toEqual(['zone room: parent names site, which is not there'])
    expect(told({ person: GOOD.person.slice(0, 1) })).toEqual([expect.stringContaining('person names p2, which is not there')])
    expect(told({ building: [{ id: 'b1' }, { id: 'b1' }] })).toEqual(['building b1: is there twice'])
  })

  it('are told of when zones lie within themselves', () => {
    const [site, room] = GOOD.zone
    if (site === undefined || room === undefined) throw new Error('no zones')
    const ring: readonly Zone[] = [{ ...site, parent: 'room' }, room, { ...room, id: 'desk', parent: 'room' }]
    expect(told({ zone: ring })).toEqual(['zone site: lies within itself, by way of room', 'zone room: lies within itself, by way of site'])
    expect(told({ zone: [{ ...site, parent: 'site' }] })).toEqual(['zone site: lies within itself, by way of parent'])
  })

  it('are told of when two people wear one tag at a time, also after a short one in between', () => {
    const binding = (person: string, from: number, to?: number) => ({ tag: 'pans:1', person, from, ...(to === undefined ? {} : { to }) })
    expect(told({ binding: [binding('p1', 0), binding('p2', 10, 20), binding('p2', 30, 40)] })).toEqual([
      'binding pans:1 from 1970-01-01T00:00:00.010Z: p2 is given a tag that p1 still wears',
      'binding pans:1 from 1970-01-01T00:00:00.030Z: p2 is given a tag that p1 still wears'
    ])
  })
})

describe('areas', () => {
  it('are turned to the normal form', () => {
    expect(
      normalPolygon([
        [
          [0, 0],
          [0, 10],
          [10, 0],
          [0, 0]
        ],
        [
          [1, 1],
          [2, 1],
          [1, 2]
        ]
      ])
    ).toEqual([
      [
        [10, 0],
        [0, 10],
        [0, 0]
      ],
      [
        [1, 2],
        [2, 1],
        [1, 1]
      ]
    ])
    expect(
      signedAreaM2([
        [5e6, 5e6],
        [5e6 + 2, 5e6],
        [5e6 + 2, 5e6 + 3]
      ])
    ).toBe(3)
  })

  it('have an inside and an outside, and holes are outside', () => {
    const frame = normalPolygon([
      [
        [0, 0],
        [10, 0],
        [10, 10],
        [0, 10]
      ],
      [
        [4, 4],
        [6, 4],
        [6, 6],
        [4, 6]
      ]
    ])
    expect([isWithin(frame, 1, 1), isWithin(frame, 5, 5), isWithin(frame, 11, 5), isWithin(frame, 5, 9)]).toEqual([
      true,
      false,
      false,
      true
    ])
  })

  it('are refused when they are none', () => {
    expect(polygonFault([])).toContain('no ring')
    expect(
      polygonFault([
        [
          [0, 0],
          [1, 1]
        ]
      ])
    ).toContain('fewer than three vertices (the outer ring)')
    expect(
      polygonFault([
        [
          [0, 0],
          [1, 1],
          [2, 2]
        ]
      ])
    ).toContain('no area')
    expect(
      polygonFault([
        [
          [0, 0],
          [10, 10],
          [10, 0],
          [0, 10]
        ]
      ])
    ).toMatch(/no area|cross/)
    expect(
      polygonFault([
        [
          [0, 0],
          [10, 0],
          [4, 10],
          [6, -3]
        ]
      ])
    ).toContain('cross')
    const outer = SQUARE[0]
    expect(
      polygonFault([
        outer,
        [
          [20, 20],
          [22, 20],
          [21, 22]
        ]
      ])
    ).toContain('hole 1 outside')
    expect(
      polygonFault([
        outer,
        [
          [8, 8],
          [12, 8],
          [8, 9]
        ]
      ])
    ).toContain('cross')
    expect(
      polygonFault([
        outer,
        [
          [1, 1],
          [1, 8],
          [8, 1]
        ],
        [
          [2, 2],
          [2, 3],
          [3, 2]
        ]
      ])
    ).toContain('within another hole')
    expect(polygonFault([Array.from({ length: 1001 }, (_, index) => [index, index % 2] as const)])).toContain('more than 1000 vertices')
    expect(
      polygonFault([
        outer,
        [
          [1, 1],
          [1, 3],
          [3, 1]
        ]
      ])
    ).toBeUndefined()
  })
})
