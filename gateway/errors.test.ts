import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES, GatewayError } from './errors.ts'
import { errorsPage } from './reference/errors-page.ts'

/** Words in capitals that begin like ours and are none of ours: environment variables, Kafka's and the YAML parser's names. */
const FOREIGN: ReadonlySet<string> = new Set(['KAFKA_BROKERS', 'UNKNOWN_TOPIC_OR_PARTITION'])
const FAMILY =
  /'((?:BLE|RECORDING|CONFIG|GATEWAY|CLI|LOG|PIPELINE|WEB|VERIFY|DRIVER|EXTENSION|SETTINGS|PROTOCOL|SOURCE|RUN|START|LINK|SESSION|SUBSCRIPTION|PORT|COMMAND|OUTPUT|TARGET|TAG|SEND|FRAME|VALUE|KAFKA|UNKNOWN)_[A-Z_]+[A-Z])'/g

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.ts$|(^|\/)(errors|source-codes|uplink-codes)\.ts$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}

const codesIn = (folder: string): readonly string[] =>
  sources(folder).flatMap((text) => [...text.matchAll(FAMILY)].map((match) => match[1] ?? ''))

/** What codecs say of frames; other words in capitals there are names of the protocols. */
const OF_FRAMES = /^(FRAME|VALUE)_/

const used = new Set([
  ...codesIn('firmware-protocols').filter((code) => OF_FRAMES.test(code)),
  ...['drivers', 'gateway'].flatMap(codesIn).filter((code) => !FOREIGN.has(code))
])

describe('the table of codes', () => {
  it('has every code that is in use, and no other', () => {
    const known = new Set<string>(Object.keys(ERROR_CODES))
    expect([...used].filter((code) => !known.has(code)).sort()).toEqual([])
    expect([...known].filter((code) => !used.has(code)).sort()).toEqual([])
  })

  it('is what docs/errors.md says', () => {
    expect(readFileSync('docs/errors.md', 'utf8')).toBe(errorsPage())
  })
})

describe('GatewayError', () => {
  it('carries code, cause and details', () => {
    const cause = new Error('disk')
    const error = new GatewayError('CONFIG_WRITE_FAILED', 'no space', { retriable: true, cause, details: { path: '/x' } })
    expect(error).toMatchObject({ name: 'GatewayError', code: 'CONFIG_WRITE_FAILED', retriable: true, cause, details: { path: '/x' } })
    expect(new GatewayError('CLI_USAGE', 'x').retriable).toBe(false)
  })
})
