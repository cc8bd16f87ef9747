import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } from 'kafkajs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type Certificates, makeCertificates } from '../../test-support/kafka/certificates.ts'
import { describeWithOwnKafka } from '../../test-support/kafka/describe-with-kafka.ts'
import { type KafkaServer, startKafka } from '../../test-support/kafka/start-kafka.ts'
import { readTopic } from '../../test-support/read-topic.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import type { ForwardPort } from './forward-port.ts'
import type { KafkaSaslSettings, KafkaTlsSettings } from './kafka-settings.ts'
import { createKafkajsPort } from './kafkajs-port.ts'

const USER = { name: 'gateway', password: 'correct horse' }
const DAY_MS = 86_400_000

describeWithOwnKafka('kafkajs port, a cluster that guards itself', () => {
  let kafka: KafkaServer
  let certificates: Certificates
  const ports: ForwardPort[] = []

  beforeAll(async () => {
    certificates = makeCertificates()
    const { ca, server } = certificates
    kafka = await startKafka({ users: [USER], authorizer: true, tls: { ca, ...server, clientAuth: 'required' } })
    const admin = new Kafka({ brokers: kafka.adminBrokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'forbidden' }, { topic: 'seen-only' }, { topic: 'allowed' }], waitForLeaders: true })
    const allow = (resourceName: string, operation: AclOperationTypes, resourcePatternType = ResourcePatternTypes.LITERAL) => ({
      resourceType: AclResourceTypes.TOPIC,
      resourceName,
      resourcePatternType,
      principal: `User:${USER.name}`,
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW
    })
    await admin.createAcls({
      acl: [
        allow('allowed', AclOperationTypes.WRITE),
        allow('seen-only', AclOperationTypes.DESCRIBE),
        allow('own.', AclOperationTypes.WRITE, ResourcePatternTypes.PREFIXED),
        allow('own.', AclOperationTypes.CREATE, ResourcePatternTypes.PREFIXED),
        allow('own.', AclOperationTypes.DESCRIBE_CONFIGS, ResourcePatternTypes.PREFIXED)
      ]
    })
    await admin.disconnect()
  })
  afterEach(async () => {
    for (const port of ports.splice(0)) await port.close()
  })
  afterAll(() => kafka?.stop({ remove: true }))

  const sasl = (settings: Partial<KafkaSaslSettings> = {}): KafkaSaslSettings => ({
    mechanism: 'scram-sha-512',
    username: USER.name,
    password: USER.password,
    ...settings
  })
  const tls = (): KafkaTlsSettings => ({ ca: certificates.ca, ...certificates.client })
  const open = (saslSettings: KafkaSaslSettings, tlsSettings: KafkaTlsSettings | boolean): ForwardPort => {
    const port = createKafkajsPort({
      settings: { brokers: kafka.brokers, prefix: 'own', sasl: saslSettings, tls: tlsSettings, compression: 'gzip' },
      clientId: 'guarded',
      clock: systemClock,
      times: { connectTimeoutMs: 10_000, requestTimeoutMs: 10_000 }
    })
    ports.push(port)
    return port
  }
  const values = async (topic: string) => (await readTopic({ brokers: kafka.adminBrokers }, topic)).flat().map(({ value }) => value)

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('sends with TLS, a client certificate and %s', async (mechanism) => {
    const port = open(sasl({ mechanism }), tls())
    await port.connect()
    expect(await port.send([{ topic: 'allowed', key: 'k', value: mechanism }])).toEqual([{ kind: 'accepted' }])
    expect(await values('allowed')).toContain(mechanism)
  })

  it('is not stopped by topics that it may not write, nor by those it may not see', async () => {
    const port = open(sasl(), tls())
    await port.connect()
    const topics = ['forbidden', 'allowed', 'seen-only', 'allowed', 'forbidden']
    for (let round = 0; round < 3; round++) {
      const outcomes = await port.send(topics.map((topic, n) => ({ topic, key: 'k', value: `${round}/${n}` })))
      expect(outcomes.map((outcome) => (outcome.kind === 'keep' ? `${outcome.scope} ${outcome.code}` : outcome.kind))).toEqual(
        topics.map((topic) => (topic === 'allowed' ? 'accepted' : 'topic TOPIC_AUTHORIZATION_FAILED'))
      )
    }
    expect((await values('allowed')).filter((value) => value.includes('/'))).toEqual(['0/1', '0/3', '1/1', '1/3', '2/1', '2/3'])
  })

  it('creates what it may and tells of what it may not', async () => {
    const port = open(sasl(), tls())
    await port.connect()
    const differences = await port.ensureTopics(
      ['own.tag-alert', 'forbidden', 'nowhere', 'allowed'].map((topic) => ({ topic, retentionMs: DAY_MS }))
    )
    expect(differences).toEqual([
      { topic: 'forbidden', setting: 'topic', expected: 'present', actual: 'TOPIC_AUTHORIZATION_FAILED' },
      { topic: 'nowhere', setting: 'topic', expected: 'present', actual: 'TOPIC_AUTHORIZATION_FAILED' },
      { topic: 'allowed', setting: 'settings', expected: 'readable', actual: 'TOPIC_AUTHORIZATION_FAILED' }
    ])
    expect(await port.send([{ topic: 'own.tag-alert', key: 'k', value: 'v' }])).toEqual([{ kind: 'accepted' }])
  })

  it('knows a wrong password from a certificate that is not trusted, and from one that is missing', async () => {
    await expect(open(sasl({ password: 'wrong' }), tls()).connect()).rejects.toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
    await expect(open(sasl(), { ...certificates.client }).connect()).rejects.toMatchObject({ code: 'KAFKA_TLS' })
    await expect(open(sasl(), { ca: certificates.ca }).connect()).rejects.toMatchObject({ code: 'KAFKA_TLS' })
    const trusting = open(sasl(), { ...certificates.client, rejectUnauthorized: false })
    await trusting.connect()
  })
})
