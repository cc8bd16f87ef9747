import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atOrigin, type Georeference, levelFrame } from '../site/georeference/level-frame.ts'
import { convertLine, convertStream, type Direction } from './convert-lines.ts'
import { MAX_LINE_BYTES } from './line-splitter.ts'
import { openOutput } from './output.ts'

const FRAME = levelFrame({ lat: 0, lon: 0, alt: 10 }, atOrigin(0))
const NOWHERE: Georeference = { toWgs84: () => undefined, toFrame: () => undefined }

async function run(text: string | readonly Buffer[], direction: Direction = 'to-wgs84', frame = FRAME) {
  const sink = new PassThrough({ highWaterMark: 1 << 24 })
  const complaints: string[] = []
  async function* chunks() {
    for (const chunk of typeof text === 'string' ? [text] : text) yield await Promise.resolve(chunk)
  }
  const failed = await convertStream(chunks(), frame, direction, openOutput(sink), (message) => complaints.push(message))
  return { out: String(sink.read() ?? ''), complaints, failed }
}

describe('lines of positions', () => {
  it('come out one for one, to a tenth of a millimetre', async () => {
    expect(await run('0 0 0\n  1e2\t0 -1.5 \n0,0,0\n')).toEqual({
      out: '0.0000000000 0.0000000000 10.0000\n0.0008983141 0.0000000000 8.5008\n0.0000000000 0.0000000000 10.0000\n',
      complaints: [],
      failed: 0
    })
    expect(await run('0.0008983140 0 8.5008\n0 -0.0000000001 10', 'to-frame')).toEqual({
      out: '100.0000 0.0000 -1.5000\n0.0000 0.0000 0.0000\n',
      complaints: [],
      failed: 0
    })
  })

  it('lead there and back through the text', () => {
    const metres = fc.double({ min: -10_000, max: 10_000, noNaN: true })
    const origin = fc.record({
      lat: fc.double({ min: -89.9, max: 89.9, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
      alt: metres
    })
    fc.assert(
      fc.property(origin, metres, metres, metres, (at, x, y, z) => {
        const frame = levelFrame(at, atOrigin(77))
        const there = convertLine(`${x} ${y} ${z}`, frame, 'to-wgs84')
        const back = convertLine('text' in there ? there.text : '', frame, 'to-frame')
        const values = ('text' in back ? back.text : '').split(' ').map(Number)
        expect(values).toEqual([expect.closeTo(x, 3), expect.closeTo(y, 3), expect.closeTo(z, 3)])
      })
    )
  })

  it('pass through when empty or a remark', async () => {
    expect(await run('\n# a remark\r\n\t\n0 0 0')).toMatchObject({
      out: '\n# a remark\n\t\n0.0000000000 0.0000000000 10.0000\n',
      failed: 0
    })
  })

  it('that cannot be read are told with number, place and what would be right, and keep their place', async () => {
    expect(await run('1 2\nx 2 3\n1 2 3 4\n0x10 0 0\n1 2 NaN\n')).toEqual({
      out: 'nan nan nan\n'.repeat(5),
      failed: 5,
      complaints: [
        'line 1 has 2 numbers; write three numbers: x y z, in metres',
        'line 2 has "x", which is no number; write three numbers: x y z, in metres',
        'line 3 has 4 numbers; write three numbers: x y z, in metres',
        'line 4 has "0x10", which is no number; write three numbers: x y z, in metres',
        'line 5 has "NaN", which is no number; write three numbers: x y z, in metres'
      ]
    })
    expect((await run('52 113 80\n361 2 3\n', 'to-frame')).complaints).toEqual([
      'line 1 has the latitude 113, outside of -90 to 90; the longitude comes first: lon lat alt',
      'line 2 has the longitude 361, outside of -360 to 360; write lon lat alt, in decimal degrees and metres'
    ])
    expect((await run('1 2 3', 'to-wgs84', NOWHERE)).complaints[0]).toContain('line 1 lies outside of what the projection')
    expect((await run('1 2 3', 'to-frame', NOWHERE)).out).toBe('nan nan nan\n')
  })

  it('of another kind of file do not fill the terminal', async () => {
    const { complaints, failed, out } = await run('what is this\n'.repeat(500))
    expect([complaints.length, complaints.at(-1), failed, out.split('\n').length]).toEqual([
      21,
      '500 lines in all could not be converted',
      500,
      501
    ])
    expect((await run([Buffer.alloc(2 * MAX_LINE_BYTES, 0x31), Buffer.from('\n0 0 0\n')])).out).toBe(
      'nan nan nan\n0.0000000000 0.0000000000 10.0000\n'
    )
  })

  it('give as many lines as they are, whatever they are and however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string()), fc.integer({ min: 1, max: 50 }), async (lines, size) => {
        const text = lines.map((line) => `${line.replaceAll('\n', ' ')}\n`).join('')
        const bytes = Buffer.from(text)
        const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, part) => bytes.subarray(part * size, (part + 1) * size))
        expect((await run(parts)).out.split('\n')).toHaveLength(lines.length + 1)
      })
    )
  })
})
