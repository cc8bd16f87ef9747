import { describe, expect, it } from 'vitest'
import { FAKE_SCHEMA } from '../../test-support/fake-catalogue.ts'
import { configInForce, diffConfig } from './diff-config.ts'
import { parseConfig } from './load-config.ts'
import { publishedJsonSchema } from './published-schema.ts'
import { redactConfig, secretFieldNames } from './redact-config.ts'
import type { Config } from './schema.ts'

async function config(text: string): Promise<Config> {
  const result = await parseConfig(text, '/t.yaml', { schema: FAKE_SCHEMA, env: { S: 'geheim', KEY: '-----BEGIN PRIVATE KEY-----geheim' } })
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.config
}

const BASE = 'site: a\nsources: {x: {driver: made}, y: {driver: made}}\n'

describe('diffConfig', () => {
  it('finds nothing between equal configurations', async () => {
    expect(diffConfig(await config(BASE), await config(`# comment\n${BASE}web: {port: 8080}\n`))).toEqual({
      sources: { added: [], removed: [], changed: [] },
      kafka: false,
      log: false,
      alerts: false,
      web: false,
      logging: false,
      restartNeeded: []
    })
  })

  it('tells sources apart by name', async () => {
    const { sources } = diffConfig(
      await config(BASE),
      await config('site: a\nsources: {y: {driver: made, enabled: false}, z: {driver: made}}\n')
    )
    expect(sources.added.map((source) => source.id)).toEqual(['z'])
    expect(sources.removed).toEqual(['x'])
    expect(sources.changed).toMatchObject([{ id: 'y', enabled: false }])
  })

  it('says what needs a restart, and that sources, Kafka and the level do not', async () => {
    const all = await config(`site: b
dataDir: /x
frames: {hall: {origin: {lat: 1, lon: 2, alt: 3}, headingDeg: 4}}
gateway: {id: g}
kafka: {brokers: [k:1]}
log: {telemetryMaxAgeDays: 1}
alerts: {maxPerTagPerMinute: 1}
web: {port: 1}
logging: {level: debug}
`)
    const diff = diffConfig(await config(BASE), all)
    expect(diff).toMatchObject({ kafka: true, log: true, alerts: true, web: true, logging: true })
    expect(diff.restartNeeded).toEqual(['site', 'gateway', 'dataDir', 'frames', 'log', 'alerts', 'web'])
  })
})

describe('configInForce', () => {
  it('keeps what waits for a restart as it was at the start, and takes over the rest', async () => {
    const started = await config(`${BASE}log: {telemetryMaxAgeDays: 3}\n`)
    const edited = await config('site: b\nsources: {z: {driver: made}}\nkafka: {brokers: [k:1]}\nlogging: {level: debug}\n')
    const inForce = configInForce(started, edited)
    expect(inForce).toEqual({ ...edited, site: 'a', log: started.log })
    expect(diffConfig(started, inForce).restartNeeded).toEqual([])
  })
})

describe('secrets', () => {
  const text = `site: a
sources:
  b: {driver: broker, protocol: topic-a, url: "mqtt://h", password: "$\{S}", tls: {key: "$\{S}"}}
kafka: {brokers: [k:1], sasl: {mechanism: plain, username: u, password: "$\{S}"}, tls: {cert: "-----BEGIN CERTIFICATE-----", key: "$\{KEY}"}}
`
  it('are not in what may be shown', async () => {
    const shown = redactConfig(await config(text), FAKE_SCHEMA)
    expect(JSON.stringify(shown)).not.toContain('geheim')
    expect(shown).toMatchObject({
      site: 'a',
      sources: { b: { driver: 'broker', namespace: 'b', url: 'mqtt://h', password: '[redacted]', tls: { key: '[redacted]' } } },
      kafka: { sasl: { username: 'u', password: '[redacted]' }, tls: { cert: '-----BEGIN CERTIFICATE-----', key: '[redacted]' } }
    })
  })

  it('have their names listed for the redaction of the log', () => {
    expect(secretFieldNames(FAKE_SCHEMA)).toEqual(['key', 'password'])
  })

  it('may be references in the published schema, and are marked in it', () => {
    const schema = publishedJsonSchema(FAKE_SCHEMA)
    expect(schema).toMatchObject({
      $id: 'urn:tagward:config:1',
      properties: {
        kafka: {
          properties: { sasl: { properties: { password: { writeOnly: true, anyOf: [{ type: 'string' }, { required: ['file'] }] } } } }
        }
      }
    })
  })
})
