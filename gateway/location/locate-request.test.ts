import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLocateRequest } from './locate-request.ts'

const anchors = [
  { id: 'a', x: 0, y: 0, z: 2 },
  { id: 'b', x: 9, y: 0, z: 2 }
]
const good = { tag: '7', t: 1.5, anchors, ranges: [{ id: 'b', d: 4 }], dims: 3 }
const errorOf = (line: string, needsTrack = true): string | undefined => {
  const read = readLocateRequest(line, needsTrack)
  return 'error' in read ? read.error : undefined
}
const withFields = (fields: object): string => JSON.stringify({ ...good, ...fields })

describe('a line of ranges', () => {
  it('gives the anchors of its ranges in their order', () => {
    expect(readLocateRequest(JSON.stringify(good), true)).toEqual({
      value: { tag: '7', set: { timeS: 1.5, dims: 3, anchors: [anchors[1]], rangesM: [4] } }
    })
  })

  it('needs tag and time only where there is a filter to keep, and has 2 dimensions unless it says 3', () => {
    const bare = JSON.stringify({ anchors, ranges: good.ranges })
    expect(readLocateRequest(bare, false)).toEqual({ value: { set: { timeS: 0, dims: 2, anchors: [anchors[1]], rangesM: [4] } } })
    expect(errorOf(bare)).toContain('tag is missing')
    expect(errorOf(withFields({ t: undefined }))).toContain('t is missing')
  })

  it.each([
    ['not json', 'the line is not JSON'],
    ['', 'the line is not JSON'],
    ['{"t":NaN,', 'the line is not JSON'],
    ['[]', 'the line is not a JSON object'],
    ['null', 'the line is not a JSON object'],
    [withFields({ tag: 7 }), 'tag must be a text'],
    [withFields({ tag: 'x'.repeat(201) }), 'tag is 201 characters long'],
    [withFields({ t: '1' }), 't must be a number, not "1"'],
    [withFields({ t: 1e12 }), 't is beyond all sense'],
    [withFields({ dims: 4 }), 'dims must be 2 or 3, not 4'],
    [withFields({ anchors: undefined }), 'anchors is missing'],
    [withFields({ anchors: {} }), 'anchors must be a list'],
    [withFields({ anchors: [3] }), 'anchors[0] must be an object'],
    [withFields({ anchors: [{ x: 0, y: 0, z: 0 }] }), 'anchors[0].id is missing'],
    [withFields({ anchors: [{ id: 'a', x: 0, y: 0 }] }), 'anchors[0].z is missing'],
    [withFields({ anchors: [{ id: 'a', x: null, y: 0, z: 0 }] }), 'anchors[0].x must be a number, not null'],
    [withFields({ anchors: [{ id: 'a', x: 1e30, y: 0, z: 0 }] }), 'anchors[0].x is beyond all sense'],
    [withFields({ anchors: [...anchors, anchors[0]] }), 'anchor "a" is there twice'],
    [withFields({ anchors: Array.from({ length: 1001 }, () => 0) }), 'anchors has 1001 entries'],
    [withFields({ ranges: [{ id: 'c', d: 1 }] }), 'ranges[0]: there is no anchor "c"'],
    [
      withFields({
        ranges: [
          { id: 'b', d: 1 },
          { id: 'b', d: 1 }
        ]
      }),
      'ranges[1]: there are two ranges to anchor "b"'
    ],
    [withFields({ ranges: [{ id: 'b', d: -1 }] }), 'ranges[0].d is negative: -1'],
    [withFields({ ranges: [{ id: 'b' }] }), 'ranges[0].d is missing'],
    [JSON.stringify(good).replace('"d":4', '"d":NaN'), 'ranges[0].d must be a number, not null'],
    [withFields({ ranges: [{ id: 'b', d: null }] }), 'ranges[0].d must be a number, not null'],
    [JSON.stringify(good).replace('"d":4', '"d":1e999'), 'ranges[0].d is beyond all sense: Infinity']
  ])('%s: says what is wrong', (line, error) => {
    expect(errorOf(line)).toContain(error)
  })

  it('is read when a program wrote NaN or Infinity where it does not matter', () => {
    const line = JSON.stringify(good).replace('"d":4', '"d":4,"rssi":-Infinity').replace('"tag":"7"', '"tag":"NaN"')
    expect(readLocateRequest(line, true)).toMatchObject({ value: { tag: 'NaN', set: { rangesM: [4] } } })
  })

  it('never throws', () => {
    const mutated = fc.json().map((text) => text)
    fc.assert(
      fc.property(
        fc.oneof(
          mutated,
          fc.string(),
          fc.record({ anchors: fc.json(), ranges: fc.json() }).map((each) => JSON.stringify(each))
        ),
        (line) => {
          const read = readLocateRequest(line, true)
          if ('error' in read) expect(read.error).not.toBe('')
        }
      )
    )
  })
})
