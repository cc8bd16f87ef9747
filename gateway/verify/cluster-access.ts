import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import type { Clock } from '../../drivers/driver.ts'
import { KafkaLink } from '../forward/kafka-link.ts'
import type { KafkaSettings } from '../forward/kafka-settings.ts'

/** Where the cluster is, and who asks. */
export type ClusterSettings = Pick<KafkaSettings, 'brokers' | 'prefix' | 'tls' | 'sasl'>

const CLIENT_ID = 'tagward-verify'
const CONNECT_TIMEOUT_MS = 10_000

const CLOCK: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timer) }
  }
}

/** For questions about topics. */
export function createAdminClient({ brokers, tls, sasl }: ClusterSettings): Kafka {
  return new Kafka({
    clientId: CLIENT_ID,
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    retry: { retries: 3 },
    ...(tls === undefined ? {} : { ssl: tls }),
    ...(sasl === undefined ? {} : { sasl: sasl as SASLOptions })
  })
}

/** For reading records. To be closed by the caller. */
export function openReadingLink(settings: ClusterSettings, requestTimeoutMs: number): KafkaLink {
  return new KafkaLink(settings, CLIENT_ID, CLOCK, { connectTimeoutMs: CONNECT_TIMEOUT_MS, requestTimeoutMs })
}
