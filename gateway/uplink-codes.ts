import type { ErrorEntry } from './errors.ts'

const KEPT = 'Events are kept and sent later.'

/** Codes of the way to Kafka, beside Kafka's own names (`TOPIC_AUTHORIZATION_FAILED` …), which are used as they are. */
export const UPLINK_CODES = {
  KAFKA_UNREACHABLE: { title: 'No broker can be reached', blame: 'site', remedy: `Check network and kafka.brokers. ${KEPT}` },
  KAFKA_CONNECT_TIMEOUT: { title: 'A broker takes too long to connect', blame: 'site', remedy: `Check network and broker. ${KEPT}` },
  KAFKA_CONNECTION_LOST: { title: 'A connection to a broker broke', blame: 'site', remedy: `It is opened anew by itself. ${KEPT}` },
  KAFKA_NO_ANSWER: { title: 'A broker does not answer a request', blame: 'site', remedy: `Check the broker. ${KEPT}` },
  KAFKA_NO_RESULT: { title: 'A broker answered without a result for a record', blame: 'site', remedy: `The record is sent again. ${KEPT}` },
  KAFKA_BROKER_UNKNOWN: { title: 'A broker has left the cluster', blame: 'site', remedy: `The cluster is asked again by itself. ${KEPT}` },
  KAFKA_TLS: {
    title: 'The TLS connection to a broker failed',
    blame: 'installer',
    remedy: `Check kafka.tls, host name and clock. ${KEPT}`
  },
  KAFKA_AUTHENTICATION: { title: 'The brokers do not take user and password', blame: 'installer', remedy: `Check kafka.sasl. ${KEPT}` },
  KAFKA_STUCK: {
    title: 'The client of a broker did not settle a request in time',
    blame: 'program',
    remedy: `It is built anew by itself. ${KEPT}`
  },
  LOG_READ_FAILED: { title: 'The forwarder cannot read the event log', blame: 'site', remedy: `Check the disk. ${KEPT}` },
  UNKNOWN_TYPE: {
    title: 'The log holds an event of a type that this version does not know',
    blame: 'installer',
    remedy: 'Another version wrote it. It is set aside, listed, and named by a DataGap.'
  },
  KAFKA_CLOSED: { title: 'The connection was closed by the gateway itself', blame: 'program', remedy: `Nothing: it is built anew. ${KEPT}` }
} as const satisfies Readonly<Record<string, ErrorEntry>>
