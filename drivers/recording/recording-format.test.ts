import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openRecording } from './read-recording.ts'
import { BlockWriter, MAGIC, type RecordedEntry, type RecordingHeader } from './recording-format.ts'

const HEADER: RecordingHeader = { source: 'hall1', driver: 'serial', protocol: 'toy', startedAt: 1_795_000_000_000 }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tagward-recording-'))
})
afterEach(async () => await rm(folder, { recursive: true }))

const text = fc.option(fc.string({ maxLength: 12 }), { nil: undefined })
const content = fc.uint8Array({ maxLength: 60 })
const entry = fc.oneof(
  fc.record({ kind: fc.constant('bytes' as const), bytes: content }),
  fc.record({
    kind: fc.constant('message' as const),
    bytes: content,
    context: fc.record({ topic: text, address: text, rssiDbm: fc.option(fc.integer({ min: -120, max: 0 }), { nil: undefined }) })
  }),
  fc.record({ kind: fc.constant('lost' as const), entries: fc.nat(), bytes: fc.nat() })
)
type Made = typeof entry extends fc.Arbitrary<infer T> ? T & { readonly atUs: number } : never

/** Entries with rising times, in blocks. */
const blocks = fc
  .array(fc.array(fc.tuple(fc.oneof(fc.nat(5_000), fc.constant(2 ** 40)), entry), { minLength: 1, maxLength: 6 }), { maxLength: 5 })
  .map((list) => {
    let atUs = 0
    return list.map((block) =>
      block.map(([delta, made]): Made => {
        atUs += delta
        return { ...made, atUs }
      })
    )
  })

function encode(list: readonly (readonly Made[])[]): Uint8Array[] {
  const writer = new BlockWriter()
  writer.header(HEADER)
  const first = writer.take()
  return [
    first,
    ...list.map((block) => {
      for (const made of block) {
        if (made.kind === 'bytes') writer.bytes(made.atUs, made.bytes)
        else if (made.kind === 'message') writer.message(made.atUs, made.bytes, made.context)
        else writer.lost(made.atUs, made.entries, made.bytes)
      }
      return writer.take()
    })
  ]
}

async function read(bytes: Uint8Array): Promise<{ entries: RecordedEntry[]; whole: boolean } | undefined> {
  const path = join(folder, 'r.tagrec')
  await writeFile(path, bytes)
  const recording = await openRecording(path)
  if (recording === undefined) return undefined
  expect(recording.header).toEqual(HEADER)
  const entries: RecordedEntry[] = []
  for await (const each of recording.entries()) entries.push(each)
  await recording.close()
  return { entries, whole: recording.whole }
}

/** As it is in the file: members that are undefined are not. */
const plain = (entries: readonly object[]): unknown =>
  JSON.parse(JSON.stringify(entries, (_key, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)))

it('gives back every byte, with its time and what it came with', async () => {
  await fc.assert(
    fc.asyncProperty(blocks, async (list) => {
      const got = await read(Buffer.concat([MAGIC, ...encode(list)]))
      expect(plain(got?.entries ?? [])).toEqual(plain(list.flat()))
      expect(got?.whole).toBe(true)
    }),
    { numRuns: 60 }
  )
})

it('gives all whole blocks of a file that is cut or damaged behind them', async () => {
  await fc.assert(
    fc.asyncProperty(blocks, fc.nat(), fc.boolean(), async (list, random, flip) => {
      const encoded = encode(list)
      const file = Buffer.concat([MAGIC, ...encoded])
      const from = MAGIC.length + (encoded[0]?.length ?? 0)
      fc.pre(file.length > from)
      const at = from + (random % (file.length - from))
      const harmed = flip ? Buffer.from(file) : file.subarray(0, at)
      if (flip) harmed[at] = (harmed[at] ?? 0) ^ 0x10
      const got = await read(harmed)
      let end = from
      const whole = list.filter((_block, index) => {
        end += encoded[index + 1]?.length ?? 0
        return end <= at
      })
      expect(plain(got?.entries ?? [])).toEqual(plain(whole.flat()))
      if (flip) expect(got?.whole).toBe(false)
    }),
    { numRuns: 60 }
  )
})

it('is not taken for one where it is something else', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        content.map((bytes) => Buffer.concat([MAGIC, bytes]))
      ),
      async (bytes) => {
        expect(await read(bytes)).toBeUndefined()
      }
    ),
    { numRuns: 60 }
  )
})
