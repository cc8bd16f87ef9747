import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Certificates, makeCertificates } from '../../test-support/kafka/certificates.ts'
import { describeWithOwnKafka } from '../../test-support/kafka/describe-with-kafka.ts'
import { structuredRecord } from '../../test-support/kafka/event-records.ts'
import { type KafkaServer, startKafka } from '../../test-support/kafka/start-kafka.ts'
import { openReadingLink } from './cluster-access.ts'
import { readTopics } from './read-topics.ts'
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

  it('says what it was reading when the broker goes away and does not come back', async () => {
    const sasl = { mechanism: 'plain' as const, username: 'auditor', password: 'secret' }
    const tls = { ca: certificates.ca, cert: certificates.client.cert, key: certificates.client.key }
    const stallLimitMs = 2_000
    const link = openReadingLink({ brokers: server.brokers, prefix: 'p', tls, sasl }, stallLimitMs)
    const read: string[] = []
    const extents = [{ topic: 'p.tag-movement', partition: 0, low: 0, end: 4 }]
    const stopped: Promise<void>[] = []
    const onRecord = ({ offset }: { offset: string }): void => {
      read.push(offset)
      if (read.length === 3) stopped.push(server.stop())
    }
    const why = /^nothing came for 2 s while reading p\.tag-movement\/0 from 3 to 4 \(.*127\.0\.0\.1:\d+: .*ECONNREFUSED/
    await expect(readTopics({ link, extents, stallLimitMs, onRecord })).rejects.toThrow(why)
    expect(read).toEqual(['0', '1', '2'])
    link.close()
    await Promise.all(stopped)
    const said: string[] = []
    const output = { out: (text: string) => void said.push(text), err: (text: string) => void said.push(text) }
    expect(await verifyCommand(['--brokers', server.brokers.join(','), '--prefix', 'p', '--timeout', '1'], output)).toBe(2)
    expect(said).toHaveLength(1)
    expect(said[0]).toContain('cannot be read: ')
  })
})
