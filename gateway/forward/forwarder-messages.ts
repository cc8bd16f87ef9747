import type { MessagePort } from 'node:worker_threads'
import type { GatewayIdentity } from './cloud-event.ts'
import type { ForwarderStatus } from './forwarder-status.ts'
import type { KafkaSettings } from './kafka-settings.ts'

export interface ForwarderThreadData {
  readonly logPath: string
  readonly logPort: MessagePort
  readonly identity: GatewayIdentity
  readonly kafka: KafkaSettings | undefined
}

export type ToForwarderThread =
  | { readonly kind: 'configure'; readonly request: number; readonly kafka: KafkaSettings | undefined }
  | { readonly kind: 'close' }

export type FromForwarderThread =
  | { readonly kind: 'status'; readonly status: ForwarderStatus }
  | { readonly kind: 'configured'; readonly request: number }
  | { readonly kind: 'closed' }
