import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import { toHex } from '../kit/hex.ts'
import { u32 } from '../kit/little-endian.ts'
import { crc32c } from './crc32c.ts'
import { decodeFields, encodeFields, LAYOUTS, type RawField } from './encode-helmet.ts'
import { helmet } from './helmet-codec.ts'
import { fieldsEnd, HEADER_BYTES, hasMac, isMacRight, MAC_BYTES, MAX_FIELDS_BYTES, messageProblem, sealMessage } from './helmet-message.ts'
import { ReplayMemory } from './replay-memory.ts'
import { sipHash24 } from './siphash.ts'

const sources = fileURLToPath(new URL('../../../firmware-protocols/helmet/', import.meta.url))
const hasCompiler = spawnSync('cc', ['--version']).status === 0
const STRICT = ['-std=c99', '-Wall', '-Wextra', '-Wconversion', '-Werror', '-pedantic']
const SANITIZERS = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
const hasSanitizers =
  hasCompiler && spawnSync('cc', [...SANITIZERS, '-x', 'c', '-', '-o', '/dev/null'], { input: 'int main(void){return 0;}' }).status === 0

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'helmet-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function compile(name: string, options: readonly string[]): string {
  const program = join(folder, name)
  execFileSync('cc', [...STRICT, ...options, join(sources, 'helmet.c'), join(sources, 'helmet-harness.c'), '-o', program], {
    stdio: 'pipe'
  })
  return program
}

/** One process for all questions: its answers, a line for a line. */
function ask(program: string, questions: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(program, {
    input: `${questions.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024
  })
  if (status !== 0) throw new Error(`the reference ended with ${status}: ${stderr}`)
  return stdout.split('\n').slice(0, -1)
}

/** Most numbers of a field: some longer than 254 bytes, few enough that several fields fit. */
const MAX_ITEMS = 70
const numberOf = (width: number) =>
  width < 0 ? fc.integer({ min: -(2 ** (-8 * width - 1)), max: 2 ** (-8 * width - 1) - 1 }) : fc.nat(2 ** (8 * width) - 1)
const fieldOf = (type: number): fc.Arbitrary<RawField> => {
  const { head = [], item = [] } = LAYOUTS[type] ?? { item: [1] }
  const items =
    item.length === 0 ? fc.constant([]) : fc.array(fc.tuple(...item.map(numberOf)), { maxLength: item.length === 1 ? 300 : MAX_ITEMS })
  return fc.tuple(fc.tuple(...head.map(numberOf)), items).map(([first, rest]) => ({ type, values: [...first, ...rest.flat()] }))
}
const field = fc.oneof(fc.constantFrom(...Object.keys(LAYOUTS).map(Number)), fc.nat(255)).chain(fieldOf)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const word = fc.nat(0xffff_ffff)
interface Message {
  readonly version: number
  readonly type: number
  readonly tag: Uint8Array
  readonly boot: number
  readonly sequence: number
  readonly fields: readonly RawField[]
  readonly key: Uint8Array | undefined
}
const message: fc.Arbitrary<Message> = fc.record({
  version: fc.nat(15).map((minor) => 16 + minor),
  type: fc.nat(255),
  tag: bytes(8),
  boot: word,
  sequence: word,
  fields: fc.array(field, { maxLength: 6 }).filter((fields) => encodeFields(fields).length <= MAX_FIELDS_BYTES),
  key: fc.option(bytes(16), { nil: undefined })
})

const BATCH = { size: 'max', maxLength: 1000 } as const
/** Making a batch that failed smaller would take minutes; what differs in it is shown anyway. */
const RUNS = { numRuns: 2, endOnFailure: true }

const keyText = (key: Uint8Array | undefined): string => (key === undefined ? '-' : toHex(key))
const fieldsText = (fields: readonly RawField[]): string => fields.map(({ type, values }) => ` ; ${[type, ...values].join(' ')}`).join('')
const saidText = ({ version, type, tag, boot, sequence, fields }: Message): string =>
  `${version} ${type} ${toHex(tag)} ${boot} ${sequence}${fieldsText(fields)}`
const sealed = (each: Message): Uint8Array => sealMessage({ ...each, fields: encodeFields(each.fields) })

/** What the reference should answer to `D`. */
function opened(frame: Uint8Array, key: Uint8Array | undefined): string {
  const problem = messageProblem(frame)
  if (problem !== undefined) return problem
  if (key !== undefined && !hasMac(frame)) return 'NO_MAC'
  if (key !== undefined && !isMacRight(frame, fieldsEnd(frame), MAC_BYTES, key)) return 'WRONG_MAC'
  const fields = decodeFields(frame.subarray(HEADER_BYTES, fieldsEnd(frame)))
  if (fields === undefined) return 'FIELDS'
  return `OK ${saidText({ version: frame[2] ?? 0, type: frame[3] ?? 0, tag: frame.subarray(8, 16), boot: u32(frame, 16), sequence: u32(frame, 20), fields, key })}`
}

/** A valid message with bytes changed, cut or joined; some get a right header check and CRC again, so that what lies behind is reached. */
const mutated = fc
  .record({
    of: message,
    changes: fc.oneof(fc.constant([]), fc.array(fc.tuple(fc.nat(1100), fc.nat(255)), { maxLength: 3 })),
    cut: fc.option(fc.nat(1100), { nil: undefined, freq: 1 }),
    more: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 8 })),
    mended: fc.boolean(),
    opener: fc.constantFrom('own', 'other', 'none')
  })
  .map(({ of, changes, cut, more, mended, opener }) => {
    const frame = Uint8Array.from([...sealed(of).subarray(0, cut), ...more])
    for (const [at, value] of changes) if (frame.length > 0) frame[at % frame.length] = value
    if (mended && frame.length >= HEADER_BYTES + 4) mend(frame)
    const own = of.key ?? new Uint8Array(16)
    return { frame, key: opener === 'none' ? undefined : opener === 'own' ? own : own.map((byte) => byte ^ 1) }
  })

function mend(frame: Uint8Array): void {
  frame[0] = 0xa7
  frame[1] = 0x48
  frame[6] = (frame[6] ?? 0) & 0xfe
  const view = new DataView(frame.buffer)
  view.setUint16(4, frame.length - HEADER_BYTES - 4, true)
  frame[7] = ~frame.subarray(0, 7).reduce((sum, byte) => sum + byte, 0) & 0xff
  view.setUint32(frame.length - 4, crc32c(frame, 0, frame.length - 4), true)
}

const builds = [
  { name: 'as it ships', options: ['-O2'], possible: hasCompiler },
  { name: 'under the address and undefined behaviour sanitizers', options: SANITIZERS, possible: hasSanitizers }
]

describe.each(builds)('the C reference $name (left out where there is no C compiler that can)', ({ name, options, possible }) => {
  let program = ''
  beforeAll(() => {
    if (possible) program = compile(name.replaceAll(' ', '-'), options)
  })

  it.skipIf(!possible)('gives the same bytes for the same message', () => {
    fc.assert(
      fc.property(fc.array(message, BATCH), (messages) => {
        const answers = ask(
          program,
          messages.map((each) => `E ${keyText(each.key)} ${saidText(each)}`)
        )
        expect(answers).toEqual(messages.map((each) => toHex(sealed(each))))
      }),
      RUNS
    )
  })

  it.skipIf(!possible)('reads from the same bytes the same message', () => {
    fc.assert(
      fc.property(fc.array(message, BATCH), (messages) => {
        const answers = ask(
          program,
          messages.map((each) => `D ${keyText(each.key)} ${toHex(sealed(each))}`)
        )
        expect(answers).toEqual(messages.map((each) => `OK ${saidText(each)}`))
        expect(messages.map((each) => opened(sealed(each), each.key))).toEqual(answers)
      }),
      RUNS
    )
  })

  it.skipIf(!possible)('takes and refuses the same, for the same reason, of what is damaged', () => {
    const reasons = new Set<string>()
    fc.assert(
      fc.property(fc.array(mutated, { ...BATCH, minLength: 600 }), (frames) => {
        const answers = ask(
          program,
          frames.map(({ frame, key }) => `D ${keyText(key)} ${toHex(frame)}`)
        )
        expect(answers.map(comparable)).toEqual(frames.map(({ frame, key }) => comparable(opened(frame, key))))
        for (const answer of answers) reasons.add(answer.split(' ')[0] ?? '')
      }),
      RUNS
    )
    expect([...reasons].sort()).toEqual(['CHECKSUM', 'FIELDS', 'FORMAT', 'LENGTH', 'MAJOR', 'NO_MAC', 'OK', 'WRONG_MAC'])
  })

  it.skipIf(!possible)('finds the same messages in a stream', () => {
    const noise = fc.uint8Array({ maxLength: 30 })
    const starts = fc.constantFrom(Uint8Array.of(0xa7), Uint8Array.of(0xa7, 0x48), Uint8Array.of(0xa7, 0x48, 0x10, 1, 9, 0, 0, 0xf6))
    const part = fc.oneof(
      noise,
      starts,
      message.map(sealed),
      mutated.map(({ frame }) => frame)
    )
    const streams = fc.array(
      fc.array(part, { maxLength: 8 }).map((parts) => Uint8Array.from(parts.flatMap((each) => [...each]))),
      {
        size: 'max',
        maxLength: 300
      }
    )
    fc.assert(
      fc.property(streams, (list) => {
        const answers = ask(
          program,
          list.map((stream) => `S ${toHex(stream)}`)
        )
        expect(answers).toEqual(list.map((stream) => framesOf(stream).join(' ')))
      }),
      RUNS
    )
  })

  it.skipIf(!possible)('seals and opens the same advertisements', () => {
    const nibble = fc.nat(15)
    const numbers = fc.tuple(
      fc.nat(65_535),
      fc.nat(65_535),
      fc.nat(255),
      fc.nat(255),
      nibble,
      nibble,
      nibble,
      fc.nat(255),
      fc.constantFrom(0, 1, 255)
    )
    const adverts = fc.array(fc.tuple(bytes(8), numbers, fc.option(bytes(16), { nil: undefined })), BATCH)
    fc.assert(
      fc.property(adverts, (list) => {
        const sealedOnes = list.map(([tag, n, key]) => advertised(tag, n, key))
        expect(
          ask(
            program,
            list.map(([tag, n, key]) => `A ${keyText(key)} ${toHex(tag)} ${n.join(' ')}`)
          )
        ).toEqual(sealedOnes)
        const opening = list.map(([, , key], index) => `B ${keyText(key)} ${sealedOnes[index]}`)
        expect(ask(program, opening)).toEqual(list.map(([tag, n]) => `OK ${toHex(tag)} ${n.join(' ')}`))
      }),
      RUNS
    )
  })

  it.skipIf(!possible)('judges the same pairs to be new, late, doubled and replayed', () => {
    const pairs = fc.array(fc.tuple(fc.oneof(fc.nat(2), word), fc.oneof(fc.nat(90), word)), { minLength: 1, maxLength: 120 })
    fc.assert(
      fc.property(fc.array(pairs, { size: 'max', maxLength: 300 }), (lists) => {
        const answers = ask(
          program,
          lists.map((list) => `J ${list.map(([boot, sequence]) => `${boot}:${sequence}`).join(' ')}`)
        )
        expect(answers).toEqual(lists.map(judged))
      }),
      RUNS
    )
  })
})

/** An advertisement as section 6 of the specification lays it out. */
function advertised(tag: Uint8Array, n: readonly number[], key: Uint8Array | undefined): string {
  const [boot = 0, sequence = 0, on = 0, sos = 0, fall = 0, impact = 0, button = 0, battery = 0, worn = 0] = n
  const wearing = (worn === 255 ? 0 : 2 + worn) | (button << 4)
  const fields = [boot & 255, boot >> 8, sequence & 255, sequence >> 8, on, sos, fall | (impact << 4), battery, wearing, 0, 0, 0, 0]
  const payload = Uint8Array.from([0x48, 0x54, 0x10, ...tag, ...fields])
  const mac = new Uint8Array(MAC_BYTES)
  if (key !== undefined) sipHash24(key, payload, 0, 20, mac)
  payload.set(mac.subarray(0, 4), 20)
  return toHex(payload)
}

function framesOf(stream: Uint8Array): string[] {
  const framer = helmet.createFramer?.()
  return framer === undefined ? [] : framesInPieces(framer, stream, [])
}

function judged(pairs: readonly (readonly [number, number])[]): string {
  const memory = new ReplayMemory()
  return pairs.map(([boot, sequence]) => memory.judge('tag', boot, sequence, true)[0]).join('')
}

/** A field that is shorter or longer than its layout is shown in parts, and not by both sides in the same. */
function comparable(answer: string): string {
  if (!answer.startsWith('OK')) return answer
  const [head = '', ...fields] = answer.split(' ; ')
  return [head, ...fields.map((text) => text.split(' ')[0])].join(' ; ')
}

it.skipIf(process.env['CI'] === undefined)('has a C compiler in CI, so that the tests above are not left out there', () => {
  expect(hasCompiler && hasSanitizers).toBe(true)
})
