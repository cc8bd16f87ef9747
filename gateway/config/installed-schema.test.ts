import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DRIVERS } from '../../drivers/catalogue.ts'
import { installedConfigSchema } from './installed-schema.ts'
import { parseConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'
import type { Config } from './schema.ts'

const schema = installedConfigSchema()
const example = readFileSync('config.example.yaml', 'utf8')

/** What the example refers to. */
const ENVIRONMENT = {
  MQTT_PASSWORD: 'geheim',
  KAFKA_PASSWORD: 'geheim',
  PUSH_TOKEN: 'a-token-of-the-site',
  HALL_PASSWORD: 'of-the-hall',
  API_KEY: 'geheim',
  HELMET_KEY: '000102030405060708090a0b0c0d0e0f'
}

async function valid(text: string, env: Record<string, string> = {}): Promise<Config> {
  const result = await parseConfig(text, 'config.example.yaml', { schema, env })
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result.config
}

/** The example with its options in force. Files cannot be read in a test, so their values stand in the text. */
const everything = example
  .replaceAll(/^( *)#(?=\S)/gm, '$1')
  .replaceAll('{file: /etc/tagward/kafka-password}', `$\{KAFKA_PASSWORD}`)
  .replaceAll('{file: /etc/tagward/kafka-ca.pem}', '"-----BEGIN CERTIFICATE-----"')

describe('config.example.yaml', () => {
  it('is valid as it is, and says what the defaults are', async () => {
    const config = await valid(example)
    expect(config.sources.map(({ id, enabled }) => [id, enabled])).toEqual([
      ['walkers', true],
      ['hall1', false],
      ['gnss', false]
    ])
    const { log, alerts, web, logging } = await valid('site: demo')
    expect(config).toMatchObject({ log, alerts, web, logging })
  })

  it('is valid with all its options in force', async () => {
    const config = await valid(everything, ENVIRONMENT)
    expect(config.gateway.id).toBe('hall-1-north')
    expect(config.sources[1]?.settings).toMatchObject({ username: 'tagward', password: 'geheim' })
    expect(config.kafka).toMatchObject({
      brokers: ['kafka-1.example:9092', 'kafka-2.example:9092'],
      sasl: { password: 'geheim' },
      topics: { partitions: 6, replicationFactor: 3 }
    })
  })

  it('shows every section, and every driver', () => {
    for (const name of Object.keys(schema.json.properties ?? {})) expect(everything, name).toMatch(new RegExp(`^${name}:`, 'm'))
    for (const { kind } of DRIVERS) expect(everything).toContain(`driver: ${kind}\n`)
  })
})

describe('the drivers of this program', () => {
  it('take what the configuration made of their settings once more', async () => {
    for (const source of (await valid(everything, ENVIRONMENT)).sources) {
      const driver = DRIVERS.find(({ kind }) => kind === source.driver)
      expect(driver?.settings.parse(source.settings), source.id).toEqual(source.settings)
    }
  })

  it('describe every setting', () => {
    const options = schema.json.properties?.['sources']?.additionalProperties
    const union = typeof options === 'object' ? (options.oneOf ?? []) : []
    expect(union).toHaveLength(DRIVERS.length)
    for (const option of union)
      for (const [name, node] of Object.entries(option.properties ?? {}))
        expect(node.description, `${String(option.properties?.['driver']?.const)}.${name}`).toMatch(/\S/)
  })
})
