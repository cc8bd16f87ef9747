import { hostname } from 'node:os'
import { type Driver, DriverError, type ExclusiveClaim } from '../driver.ts'
import { ExactlyOnce } from './exactly-once.ts'
import { MqttRun } from './mqtt-run.ts'
import type { MqttSession } from './mqtt-run-parts.ts'
import { type MqttSettings, mqttSettingsSchema } from './settings.ts'

/** Messages from an MQTT broker, acknowledged only when the log has committed them. See docs/drivers/mqtt.md. */
export function createMqttDriver(): Driver<MqttSettings> {
  /** By broker and client id, as sessions are. */
  const sessions = new Map<string, MqttSession>()
  return {
    kind: 'mqtt',
    title: 'MQTT client (3.1.1 and 5)',
    carries: ['mqtt'],
    settings: mqttSettingsSchema,
    exclusiveClaims,
    createRun(settings, codec, context) {
      if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'an mqtt source needs a protocol', { retriable: false })
      const clientId = settings.clientId ?? `tagward-${context.gatewayId ?? hostname()}-${context.sourceId}`
      const key = `${settings.url} ${clientId}`
      const session = sessions.get(key) ?? { exactlyOnce: new ExactlyOnce(), subscribed: new Set() }
      sessions.set(key, session)
      return new MqttRun({ settings, codec, context, clientId, session })
    }
  }
}

/**
 * Ids that we make name the source, so they differ by themselves. A broker has ports for each way in, so its host says which one it is: two
 * brokers on one machine get ids of their own, which costs less than a link that is thrown out again and again.
 */
function exclusiveClaims({ url, clientId }: MqttSettings): readonly ExclusiveClaim[] {
  if (clientId === undefined) return []
  return [
    {
      setting: 'clientId',
      resource: `mqtt-session ${hostOf(url)} ${clientId}`,
      why: 'a broker throws out the one of two connections with the same client id that came first',
      remedy: 'give each source an id of its own, or remove clientId from both'
    }
  ]
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

function hostOf(url: string): string {
  const host = new URL(url).hostname.toLowerCase()
  return LOOPBACK.test(host) ? 'localhost' : host
}
