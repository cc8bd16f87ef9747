import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { describeWithKafka, kafkaForTests } from './describe-with-kafka.ts'
import { openSharedKafka, skippedSummary } from './shared-kafka.ts'

describeWithKafka('the shared Kafka', (kafka) => {
  it('answers, and is the same for all who ask', async () => {
    const admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const { brokers } = await admin.describeCluster()
    await admin.disconnect()
    expect(brokers.length).toBeGreaterThan(0)
    expect(await kafkaForTests()).toEqual(kafka.brokers)
  })
})

describe('where no Kafka can be had', () => {
  it('says so instead of starting one, unless one is named', async () => {
    const shared = await openSharedKafka(() => Promise.resolve({ unavailable: 'no Java' }))
    expect(shared.run.ownUnavailable).toBe('no Java')
    expect(shared.run.unavailable).toBe(process.env['KAFKA_BROKERS'] ? undefined : 'no Java')
    expect(await shared.close()).toBeUndefined()
  })

  it('counts the skipped suites and names the reason once', () => {
    expect(skippedSummary([])).toBeUndefined()
    expect(skippedSummary(['a\tno Java', 'b\tno Java'])).toBe('2 Kafka suites skipped: no Java (a, b)')
  })
})
