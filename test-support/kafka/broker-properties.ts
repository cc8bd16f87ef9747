/** A user of a SASL listener. SCRAM users are made for both hash lengths when the storage is formatted. */
export interface KafkaUser {
  readonly name: string
  readonly password: string
}

/** PEM texts, e.g. from `makeCertificates`. */
export interface KafkaTls {
  readonly ca: string
  readonly key: string
  readonly cert: string
  /** `required`: clients must show a certificate of this CA. */
  readonly clientAuth?: 'none' | 'required'
}

export interface ListenerOptions {
  readonly tls?: KafkaTls
  /** Users of the client listener; absent: no SASL. PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 are offered. */
  readonly users?: readonly KafkaUser[]
  /** Kafka's own authorizer: without an ACL nobody but the admin listener may do anything. */
  readonly authorizer?: boolean
}

export interface ListenerPorts {
  readonly client: number
  readonly admin: number
  readonly controller: number
}

export type BrokerProperties = Readonly<Record<string, string | number | boolean>>

function saslProperties(users: readonly KafkaUser[]): BrokerProperties {
  const plainUsers = users.map(({ name, password }) => `user_${name}="${password}"`).join(' ')
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.client.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${plainUsers};`,
    'listener.name.client.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.client.scram-sha-512.sasl.jaas.config': scram
  }
}

function tlsProperties(tls: KafkaTls): BrokerProperties {
  return {
    'listener.name.client.ssl.keystore.type': 'PEM',
    'listener.name.client.ssl.keystore.key': tls.key,
    'listener.name.client.ssl.keystore.certificate.chain': tls.cert,
    'listener.name.client.ssl.truststore.type': 'PEM',
    'listener.name.client.ssl.truststore.certificates': tls.ca,
    'listener.name.client.ssl.client.auth': tls.clientAuth ?? 'none'
  }
}

function clientProtocol(options: ListenerOptions): string {
  if (options.users) return options.tls ? 'SASL_SSL' : 'SASL_PLAINTEXT'
  return options.tls ? 'SSL' : 'PLAINTEXT'
}

/**
 * Properties of a single node that is broker and controller. Beside the client listener, with whatever security is asked
 * for, there is a plain admin listener: readiness and preparation need no credentials, and its user is the super user.
 */
export function brokerProperties(dataFolder: string, ports: ListenerPorts, options: ListenerOptions): BrokerProperties {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'ADMIN',
    listeners: `CLIENT://127.0.0.1:${ports.client},ADMIN://127.0.0.1:${ports.admin},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${ports.client},ADMIN://127.0.0.1:${ports.admin}`,
    'listener.security.protocol.map': `CLIENT:${clientProtocol(options)},ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    'log.dirs': dataFolder,
    'num.partitions': 1,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    // After a kill the broker may register again only when its old session is over (default 9 s).
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 500,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'background.threads': 2,
    'num.recovery.threads.per.data.dir': 1,
    // The default of 128 MiB is most of the heap.
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    ...(options.users ? saslProperties(options.users) : {}),
    ...(options.tls ? tlsProperties(options.tls) : {}),
    ...(options.authorizer
      ? { 'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'super.users': 'User:ANONYMOUS' }
      : {})
  }
}

/** As a Java properties file. */
export function propertiesText(properties: BrokerProperties): string {
  const escaped = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${escaped(String(value))}\n`)
    .join('')
}
