import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll } from 'vitest'
import { describeForwardPort } from '../../test-support/forward-port-contract.ts'
import { describeWithKafka } from '../../test-support/kafka/describe-with-kafka.ts'
import { readTopic } from '../../test-support/read-topic.ts'
import { waitFor } from '../../test-support/wait-for.ts'

describeWithKafka('kafkajs port, real Kafka', (kafka) => {
  let admin: Admin
  beforeAll(async () => {
    admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
  })
  afterAll(() => admin.disconnect())

  describeForwardPort('real Kafka', {
    brokers: () => kafka.brokers,
    async createTopic(topic, numPartitions, settings) {
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
      await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: true })
    },
    async deleteTopic(topic) {
      await admin.deleteTopics({ topics: [topic] })
      await waitFor('the topic is gone', async () => !(await admin.listTopics()).includes(topic))
    },
    read: (topic) => readTopic({ brokers: kafka.brokers }, topic),
    async settingsOf(topic) {
      const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] })
      return Object.fromEntries((resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]))
    }
  })
})
