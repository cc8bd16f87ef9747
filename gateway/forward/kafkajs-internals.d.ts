/**
 * The parts of kafkajs below its producer that the adapter builds on. kafkajs publishes no types for them; the version is
 * pinned, and the reasons are in docs/adr (kafkajs below its producer).
 */

interface KafkajsLogger {
  namespace(name: string): KafkajsLogger
}

interface KafkajsProtocolCall {
  readonly request: object
  readonly response: { decode(raw: Uint8Array): Promise<object>; parse(decoded: object): Promise<object> }
}

type KafkajsRequestBuilder = (args: object) => KafkajsProtocolCall

declare module 'kafkajs/src/network/connectionPool.js' {
  import type { Socket } from 'node:net'

  class ConnectionPool {
    constructor(options: {
      host: string
      port: number
      rack: null
      logger: KafkajsLogger
      clientId: string
      socketFactory: (options: { host: string; port: number; ssl: object | null; onConnect: () => void }) => Socket
      connectionTimeout: number
      requestTimeout: number
      enforceRequestTimeout: boolean
      maxInFlightRequests: null
      ssl: object | null
      sasl: object | null
    })
    send(call: KafkajsProtocolCall): Promise<object>
    readonly pool: readonly {
      readonly requestQueue: {
        /** What waits because the broker throttles. */
        readonly pending: readonly object[]
        scheduleCheckPendingRequests(): void
      }
    }[]
  }
  export = ConnectionPool
}

declare module 'kafkajs/src/broker/index.js' {
  import type ConnectionPool from 'kafkajs/src/network/connectionPool.js'

  class Broker {
    constructor(options: {
      connectionPool: ConnectionPool
      logger: KafkajsLogger
      authenticationTimeout: number
      allowAutoTopicCreation: boolean
    })
    /** Socket, ApiVersions and SASL. */
    connect(): Promise<void>
    isConnected(): boolean
    readonly connectionPool: ConnectionPool
    lookupRequest(apiKey: number, definition: object): KafkajsRequestBuilder
  }
  export = Broker
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  export const requests: Readonly<Record<'Produce' | 'Fetch' | 'Metadata' | 'CreateTopics' | 'DescribeConfigs', object>>
}

declare module 'kafkajs/src/protocol/requests/apiKeys.js' {
  const apiKeys: Readonly<Record<'Produce' | 'Fetch' | 'Metadata' | 'CreateTopics' | 'DescribeConfigs', number>>
  export = apiKeys
}

declare module 'kafkajs/src/consumer/filterAbortedMessages.js' {
  /** What is left when the records of aborted transactions are taken out. */
  function filterAbortedMessages<
    Message extends { readonly offset: string; readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean } }
  >(fetched: {
    readonly messages: readonly Message[]
    readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[] | null
  }): readonly Message[]
  export = filterAbortedMessages
}

declare module 'kafkajs/src/protocol/error.js' {
  export const errorCodes: readonly { readonly type: string; readonly code: number; readonly message: string }[]
}

declare module 'kafkajs/src/loggers/index.js' {
  export function createLogger(options: { level: number; logCreator: () => (entry: object) => void }): KafkajsLogger
  export const LEVELS: { readonly NOTHING: number }
}
