import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settlePromises } from '../../test-support/virtual-clock.ts'
import { decodeStream } from './decode.ts'
import { LineSplitter, MAX_LINE_BYTES } from './line-splitter.ts'
import { type Output, openOutput } from './output.ts'

const echo = (line: string) => ({ ignored: line })

function collector(): Output & { readonly texts: string[] } {
  const texts: string[] = []
  return {
    texts,
    closed: false,
    congested: false,
    write: (text) => {
      texts.push(text)
      return Promise.resolve()
    }
  }
}

async function answers(chunks: readonly Buffer[]): Promise<unknown[]> {
  const output = collector()
  await decodeStream(iterate(chunks), echo, output)
  const text = output.texts.join('')
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)
}

async function* iterate(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    // The source uses its memory again, as sockets may.
    const reused = Buffer.from(chunk)
    yield await Promise.resolve(reused)
    reused.fill(0)
  }
}

describe('decode from a stream', () => {
  it('gives one answer a line, however the bytes are cut', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'ß', '€', '😀', ' ', '\r', '\u2028', '{') })
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(200)), fc.boolean(), async (texts, cuts, ended) => {
        const whole = Buffer.from(texts.map((text) => `${text}\n`).join('') + (ended ? '' : 'rest'))
        const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length]
        const chunks = places.slice(1).map((to, index) => whole.subarray(places[index], to))
        const expected = [...texts.map((text) => text.replace(/\r$/, '')), ...(ended ? [] : ['rest'])]
        expect(await answers(chunks)).toEqual(expected.map(echo))
      })
    )
  })

  it('tells of a line that is too long, and goes on', async () => {
    const text = Buffer.concat([Buffer.from('a\n'), Buffer.alloc(3 * MAX_LINE_BYTES, 0x78), Buffer.from('\nb\n')])
    expect(await answers([text.subarray(0, MAX_LINE_BYTES), text.subarray(MAX_LINE_BYTES)])).toEqual([
      { ignored: 'a' },
      { error: `FRAME_LENGTH: a line is longer than ${MAX_LINE_BYTES} bytes` },
      { ignored: 'b' }
    ])
  })

  it('holds no more than one line, whatever comes', () => {
    const splitter = new LineSplitter()
    const lines: (string | undefined)[] = []
    for (let part = 0; part < 64; part++) splitter.push(Buffer.alloc(1 << 20, 0x78), (line) => lines.push(line))
    splitter.end((line) => lines.push(line))
    expect(lines).toEqual([undefined])
  })

  it('reads no faster than its answers are taken', async () => {
    const sink = new PassThrough({ highWaterMark: 1 })
    let read = 0
    async function* source(): AsyncGenerator<Buffer> {
      for (; read < 1000; read++) yield await Promise.resolve(Buffer.from('line\n'))
    }
    const work = decodeStream(source(), echo, openOutput(sink))
    await settlePromises()
    expect(read).toBeLessThan(3)
    let taken = 0
    for await (const chunk of sink) {
      taken += String(chunk).split('\n').length - 1
      if (taken === 1000) break
    }
    await work
    expect(taken).toBe(1000)
  })
})

describe('output', () => {
  it('is done when its reader has gone, and says so when the disk is full', async () => {
    const gone = new PassThrough({ highWaterMark: 1 })
    const output = openOutput(gone)
    const writes = [output.write('a'), output.write('b')]
    gone.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
    await Promise.all(writes)
    await output.write('c')
    expect(output.closed).toBe(true)

    const full = new PassThrough({ highWaterMark: 1 })
    const failing = openOutput(full)
    const write = failing.write('a')
    full.destroy(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
    await expect(write).rejects.toThrow('no space')
  })
})
