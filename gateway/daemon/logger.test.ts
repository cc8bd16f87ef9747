import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { installedConfigSchema } from '../config/installed-schema.ts'
import { parseConfig } from '../config/load-config.ts'
import { createLogger } from './logger.ts'

it('writes JSON lines without secrets, however deep they came by', () => {
  let text = ''
  const keep = (line: string): void => {
    text += line
  }
  const logger = createLogger('info', { write: keep })
  const password = 'hunter2-hunter2'
  logger.info({ password, kafka: { sasl: { username: 'u', password }, brokers: ['b:9092'] }, source: { password } }, 'started')
  logger.warn({ a: { b: { token: password } } }, 'deep')
  logger.info({ config: { sources: [{ protocolSettings: { keys: [{ tag: 'a', key: password }] } }] } }, 'keys of tags')
  expect(text).not.toContain(password)
  expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ msg: 'started', kafka: { brokers: ['b:9092'] } })
})
it('shows whether a listener is encrypted and asks for a token, which are no secrets', () => {
  let text = ''
  const keep = (line: string): void => {
    text += line
  }
  createLogger('info', { write: keep }).info({ encrypted: false, asksForToken: false }, 'HTTP endpoint is open')
  expect(JSON.parse(text)).toMatchObject({ encrypted: false, asksForToken: false })
})
it('keeps the reason of an error', () => {
  let text = ''
  const keep = (line: string): void => {
    text += line
  }
  createLogger('info', { write: keep }).error({ err: new Error('disk gone') }, 'failed')
  expect(JSON.parse(text)).toMatchObject({ err: { message: 'disk gone' } })
})
it('hides every secret of a whole configuration, and no key of an event', async () => {
  const certificate = '-----BEGIN CERTIFICATE-----'
  const example = readFileSync('config.example.yaml', 'utf8')
    .replaceAll(/^( *)#(?=\S)/gm, '$1')
    .replace('mqtt://', 'mqtts://')
    .replaceAll('{file: /etc/tagward/kafka-password}', `$\{MQTT_PASSWORD}`)
    .replaceAll('ca: {file: /etc/tagward/kafka-ca.pem}', `{ca: "${certificate}", cert: "${certificate}", key: "$\{PRIVATE_KEY}"}`)
    .replace('topics: [', `tls: {cert: "${certificate}", key: "$\{PRIVATE_KEY}"}\n    topics: [`)
  const helmetKey = 'fee1dead'.repeat(4)
  const ofTheirForm: Readonly<Record<string, string>> = {
    PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----geheim-geheim-geheim',
    HELMET_KEY: helmetKey
  }
  const env = new Proxy({}, { get: (_none, name) => ofTheirForm[String(name)] ?? 'geheim-geheim-geheim' })
  const loaded = await parseConfig(example, 'config.example.yaml', { schema: installedConfigSchema(), env })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  expect(JSON.stringify(loaded.config).split('geheim').length).toBeGreaterThanOrEqual(17)
  let text = ''
  const keep = (line: string): void => {
    text += line
  }
  const logger = createLogger('info', { write: keep })
  logger.info({ config: loaded.config, event: { type: 'TagAlert', key: 'demo:w01' }, key: 'demo:w02' }, 'all')
  logger.info(loaded.config, 'bare')
  logger.info({ kafka: loaded.config.kafka, settings: loaded.config.sources[1]?.settings }, 'parts')
  expect(text).not.toContain('geheim')
  expect(JSON.stringify(loaded.config)).toContain(helmetKey)
  expect(text).not.toContain(helmetKey)
  expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ event: { key: 'demo:w01' }, key: 'demo:w02', config: { site: 'demo' } })
})
