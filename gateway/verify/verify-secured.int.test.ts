import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Certificates, makeCertificates } from '../../test-support/kafka/certificates.ts'
import { describeWithOwnKafka } from '../../test-support/kafka/describe-with-kafka.ts'
import { structuredRecord } from '../../test-support/kafka/event-records.ts'
import { type KafkaServer, startKafka } from '../../test-support/kafka/start-kafka.ts'
import { verifyCommand } from './verify-command.ts'

describeWithOwnKafka('verify against a Kafka with TLS and passwords', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tagward-verify-secured-'))
  let certificates: Certificates
  let server: KafkaServer
  beforeAll(async () => {
    certificates = makeCertificates()
    const tls = { ca: certificates.ca, ...certificates.server, clientAuth: 'required' as const }
    server = await startKafka({ tls, users: [{ name: 'auditor', password: 'secret' }] })
    const kafka = new Kafka({ brokers: server.adminBrokers, logLevel: logLevel.NOTHING })
    const [admin, producer] = [kafka.admin(), kafka.producer()]
    await Promise.all([admin.connect(), producer.connect()])
    await admin.createTopics({ topics: [{ topic: 'p.tag-movement' }], waitForLeaders: true })
    await producer.send({ topic: 'p.tag-movement', messages: [1, 2, 3].map((sequence) => structuredRecord({ sequence })) })
    await Promise.all([admin.disconnect(), producer.disconnect()])
  })
  afterAll(async () => {
    await server?.stop({ remove: true })
    rmSync(folder, { recursive: true, force: true })
  })

  function file(name: string, text: string): string {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  it('reads with the certificate and password that it is given, and says so when they are wrong', async () => {
    const said: string[] = []
    const output = { out: (text: string) => void said.push(text), err: (text: string) => void said.push(text) }
    const tls = [
      '--ca',
      file('ca.pem', certificates.ca),
      '--cert',
      file('c.pem', certificates.client.cert),
      '--key',
      file('c.key', certificates.client.key)
    ]
    const called = (mechanism: string, password: string) => {
      const sasl = ['--sasl', mechanism, '--username', 'auditor', '--password-file', file('password', `${password}\n`)]
      return verifyCommand(['--brokers', server.brokers.join(','), '--prefix', 'p', '--timeout', '20', ...tls, ...sasl], output)
    }
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) expect(await called(mechanism, 'secret'), said.at(-1)).toBe(0)
    expect(JSON.parse(said[0] ?? '')).toMatchObject({ ok: true, totals: { events: 3 } })
    expect(await called('scram-sha-512', 'wrong')).toBe(2)
    expect(said[3]).toMatch(/cannot be read: .*[Aa]uthentication/)
  })
})
