import type { Codec } from '../../firmware-protocols/codec.ts'
import type { DriverContext } from '../driver.ts'
import type { Sessions } from './sessions.ts'
import type { MqttBrokerSettings } from './settings.ts'

/** What one run of the broker is made of. */
export interface BrokerParts {
  readonly settings: MqttBrokerSettings
  readonly codec: Codec
  readonly context: DriverContext
  readonly sessions: Sessions
}
