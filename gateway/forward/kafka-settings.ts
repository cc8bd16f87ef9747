import type { ContentMode } from './cloud-event.ts'

export interface KafkaTlsSettings {
  /** PEM texts. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly rejectUnauthorized?: boolean | undefined
}

export interface KafkaSaslSettings {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

/** The section `kafka` of a configuration, references resolved. It crosses to the forwarder's thread as it is. */
export interface KafkaSettings {
  /** `host:port`; an IPv6 address in brackets. */
  readonly brokers: readonly string[]
  readonly prefix: string
  readonly clientId?: string | undefined
  readonly sasl?: KafkaSaslSettings | undefined
  readonly tls?: boolean | KafkaTlsSettings | undefined
  readonly compression?: 'none' | 'gzip' | undefined
  readonly mode?: ContentMode | undefined
  readonly topics?: { readonly partitions?: number | undefined; readonly replicationFactor?: number | undefined } | undefined
}
