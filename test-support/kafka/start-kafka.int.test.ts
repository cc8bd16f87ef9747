import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, type KafkaConfig, logLevel, ResourcePatternTypes } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Certificates, makeCertificates } from './certificates.ts'
import { describeWithOwnKafka, newPrefix } from './describe-with-kafka.ts'
import { type KafkaServer, startKafka } from './start-kafka.ts'

const retry = { retries: 0 }

function client(brokers: string[], security: Pick<KafkaConfig, 'ssl' | 'sasl'> = {}): Kafka {
  return new Kafka({ logLevel: logLevel.NOTHING, retry, brokers, ...security })
}

async function topicsSeenBy(kafka: Kafka): Promise<string[]> {
  const admin = kafka.admin({ retry })
  await admin.connect()
  try {
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

describeWithOwnKafka('a Kafka of one’s own', () => {
  it('keeps ports and data when it is killed and started again, and removes them at the end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tagward-own-kafka-'))
    const server = await startKafka({ dataFolder: folder })
    try {
      const topic = newPrefix()
      const admin = client(server.brokers).admin({ retry })
      await admin.connect()
      await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
      await admin.disconnect()
      const { brokers, pid } = server
      await server.kill()
      expect(server.pid).toBeUndefined()
      await expect(topicsSeenBy(client(server.brokers))).rejects.toThrow()
      await server.start()
      expect(server.pid).not.toBe(pid)
      expect(server.brokers).toEqual(brokers)
      expect(await topicsSeenBy(client(server.brokers))).toContain(topic)
    } finally {
      await server.stop({ remove: true })
      const left = existsSync(folder)
      rmSync(folder, { recursive: true, force: true })
      expect(left).toBe(false)
    }
  }, 90_000)
})

describeWithOwnKafka('a Kafka with TLS, SASL and authorizer', () => {
  let certificates: Certificates
  let server: KafkaServer
  beforeAll(async () => {
    certificates = makeCertificates()
    const tls = { ca: certificates.ca, ...certificates.server, clientAuth: 'required' as const }
    server = await startKafka({ tls, users: [{ name: 'gateway', password: 'secret' }], authorizer: true })
  })
  afterAll(() => server?.stop({ remove: true }))

  it('takes each mechanism with the right password and certificate, and shows only what is allowed', async () => {
    const [allowed, hidden] = [newPrefix(), newPrefix()]
    const admin = client(server.adminBrokers).admin({ retry })
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: allowed }, { topic: hidden }] })
    const rule = { resourceType: AclResourceTypes.TOPIC, resourcePatternType: ResourcePatternTypes.LITERAL, resourceName: allowed }
    const grant = { permissionType: AclPermissionTypes.ALLOW, operation: AclOperationTypes.DESCRIBE, principal: 'User:gateway', host: '*' }
    await admin.createAcls({ acl: [{ ...rule, ...grant }] })
    await admin.disconnect()

    const ssl = { ca: certificates.ca, ...certificates.client }
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      const sasl = (password: string) =>
        ({ mechanism, username: 'gateway', password }) as { mechanism: 'plain'; username: string; password: string }
      const seen = await topicsSeenBy(client(server.brokers, { ssl, sasl: sasl('secret') }))
      expect(seen).toEqual([allowed])
      await expect(topicsSeenBy(client(server.brokers, { ssl, sasl: sasl('wrong') }))).rejects.toThrow()
      await expect(topicsSeenBy(client(server.brokers, { ssl: { ca: certificates.ca }, sasl: sasl('secret') }))).rejects.toThrow()
    }
  })
})
