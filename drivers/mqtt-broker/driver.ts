import { type Driver, DriverError } from '../driver.ts'
import { tcpPortClaim } from '../net/listen-settings.ts'
import { BrokerRun } from './broker-run.ts'
import { Sessions } from './sessions.ts'
import { type MqttBrokerSettings, mqttBrokerSettingsSchema } from './settings.ts'

/** A broker to which tags and gateways publish, acknowledged only when the log has committed. See docs/drivers/mqtt-broker.md. */
export function createMqttBrokerDriver(): Driver<MqttBrokerSettings> {
  /** By source: what is known of QoS 2 outlives a restart of the source. */
  const sessionsBySource = new Map<string, Sessions>()
  return {
    kind: 'mqtt-broker',
    title: 'Built-in MQTT broker (3.1 and 3.1.1)',
    carries: ['mqtt'],
    settings: mqttBrokerSettingsSchema,
    exclusiveClaims: ({ port }) => [tcpPortClaim(port)],
    createRun(settings, codec, context) {
      if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'an mqtt-broker source needs a protocol', { retriable: false })
      const sessions = sessionsBySource.get(context.sourceId) ?? new Sessions()
      sessionsBySource.set(context.sourceId, sessions)
      return new BrokerRun({ settings, codec, context, sessions })
    }
  }
}
