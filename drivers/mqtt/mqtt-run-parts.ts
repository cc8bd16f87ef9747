import type { Codec } from '../../firmware-protocols/codec.ts'
import type { DriverContext } from '../driver.ts'
import type { ExactlyOnce } from './exactly-once.ts'
import type { MqttSettings } from './settings.ts'

/** What is known of the session at the broker; it outlives the run, as the session does. */
export interface MqttSession {
  readonly exactlyOnce: ExactlyOnce
  /** Topic filters that this program has subscribed to in it. */
  readonly subscribed: Set<string>
}

export interface MqttRunParts {
  readonly settings: MqttSettings
  readonly codec: Codec
  readonly context: DriverContext
  readonly clientId: string
  readonly session: MqttSession
}
