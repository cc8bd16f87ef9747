import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAKE_SCHEMA } from '../../test-support/fake-catalogue.ts'
import { parseConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'

const TEXT = `# a site
site: demo
gateway: {id: hall-1, name: "Halle ß"}
dataDir: ./data
sources:
  hall: {driver: wire, protocol: line-a, port: /dev/ttyUSB0, opening: [a, b]}
  yard:
    driver: broker
    protocol: topic-a
    url: mqtt://h
    password: "$\{PW}"
    tls:
      key: |
        -----BEGIN KEY
        abc
  sim:
    driver: made
    enabled: false
kafka:
  brokers: [a:9092, b:9092]
  sasl: {mechanism: scram-sha-256, username: u, password: {file: /nowhere}}
  topics: {partitions: 3}
log: {maxBytes: 2 GiB, telemetryMaxAgeDays: 0.5}
web: {port: 8081}
`
const runs = { numRuns: Number(process.env['TAGWARD_PROPERTY_RUNS'] ?? 150) }

/** The promise for any text whatever: a configuration, or mistakes whose places lie in the file. */
async function holds(text: string): Promise<void> {
  const result = await parseConfig(text, 'x.yaml', { schema: FAKE_SCHEMA, env: { PW: 'geheim' } })
  if (result.ok) {
    expect(result.config.site).toMatch(/^[a-z0-9-]+$/)
    expect(result.config.sources.every((source) => source.namespace.length > 0)).toBe(true)
    return
  }
  const lines = text.split('\n')
  expect(result.problems.length).toBeGreaterThan(0)
  for (const problem of result.problems) {
    expect(problem.line).toBeGreaterThanOrEqual(1)
    expect(problem.line).toBeLessThanOrEqual(lines.length)
    expect(problem.column).toBeGreaterThanOrEqual(1)
    expect(problem.column).toBeLessThanOrEqual((lines[problem.line - 1]?.length ?? 0) + 1)
    expect(problem.what).not.toBe('')
    expect(problem.remedy).not.toBe('')
    const message = formatProblem(problem)
    expect(message).not.toContain('\n')
    // Words of the program's own inner life, unless the user wrote them (`.nan` is a number in YAML).
    for (const word of ['undefined', '[object', 'NaN']) {
      if (!text.toLowerCase().includes(word.toLowerCase())) expect(message).not.toContain(word)
    }
  }
}

const scalar = fc.oneof(
  fc.constantFrom(
    '',
    '~',
    'true',
    'no',
    '0',
    '-1',
    '1e400',
    '0x1F',
    '.nan',
    '[]',
    '{}',
    '{file: 1}',
    `"$\{NO}"`,
    '*a',
    '&a b',
    '!t x',
    '2020-01-01',
    '- x',
    '? y',
    '%',
    '@'
  ),
  fc.string({ maxLength: 12 }),
  fc.double().map(String)
)
const keys = [...TEXT.matchAll(/([A-Za-z]+):/g)].map((match) => match[1] ?? '')

describe('any text gives a configuration or mistakes with places', () => {
  it('random text', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), holds), runs)
  })

  it('YAML-like text', async () => {
    const piece = fc.constantFrom(
      'site',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '#',
      '|',
      '>',
      '&a',
      '*a',
      '!x',
      '---',
      '...',
      '%',
      '\t',
      ',',
      '?',
      'a',
      '1',
      '<<',
      '__proto__',
      'sources',
      'kafka',
      '\r'
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), (pieces) => holds(pieces.join(''))),
      runs
    )
  })

  it('a valid file with characters changed, removed, doubled', async () => {
    const at = fc.nat(TEXT.length - 1)
    const mutation = fc.tuple(at, fc.nat(6), fc.string({ maxLength: 4 }))
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        let text = TEXT
        for (const [position, count, inserted] of mutations) text = text.slice(0, position) + inserted + text.slice(position + count)
        await holds(text)
      }),
      runs
    )
  })

  it('a valid file with other values and keys', async () => {
    const key = fc.oneof(fc.constantFrom(...keys, '__proto__', 'constructor', 'toString', 'hasOwnProperty'), fc.string({ maxLength: 8 }))
    await fc.assert(
      fc.asyncProperty(fc.nat(keys.length - 1), fc.option(key), fc.option(scalar), async (index, newKey, newValue) => {
        let seen = 0
        const text = TEXT.replaceAll(/([A-Za-z]+):( ?)([^\n,}]*)/g, (whole, name: string, space: string, value: string) =>
          seen++ === index ? `${newKey ?? name}:${space}${newValue ?? value}` : whole
        )
        await holds(text)
      }),
      runs
    )
  })

  it('a valid file with lines moved, removed or indented otherwise', async () => {
    const lines = TEXT.split('\n')
    const move = fc.tuple(fc.nat(lines.length - 1), fc.nat(lines.length - 1), fc.constantFrom('', ' ', '    ', '\t', '- '))
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 3 }), async (moves) => {
        const changed = [...lines]
        for (const [from, to, indent] of moves) changed.splice(to, 0, ...changed.splice(from, 1).map((line) => indent + line))
        await holds(changed.join('\n'))
      }),
      runs
    )
  })

  it.each([
    ['brackets', '['.repeat(100_000)],
    ['braces', 'a: '.concat('{a: '.repeat(100_000))],
    ['dashes', '- '.repeat(100_000)],
    ['question marks', '? '.repeat(100_000)],
    ['indented keys', Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['keys of one letter', Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['a prototype', '__proto__: {site: demo}\nsite: demo\nsources: {__proto__: {driver: made}}']
  ])('hostile nesting and size: %s', async (_, text) => {
    await holds(text)
  })
})
