import { connectAsync } from 'mqtt'
import { describeDriverCases } from '../../test-support/driver-cases.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { createMqttBrokerDriver } from './driver.ts'

/** A step is a client that connects (`client`: options of MQTT.js), publishes `payload` to `topic` with `qos` (default 1), and leaves; its answer: whether that was acknowledged. */
describeDriverCases('mqtt-broker', createMqttBrokerDriver(), async () => {
  const [port = 0] = await freePorts(1)
  return {
    settings: { port, address: '127.0.0.1' },
    async play({ client: options = {}, topic, payload, qos = 1, retain = false }) {
      const own = { protocolVersion: 4, reconnectPeriod: 0, ...Object(options) }
      const client = await connectAsync(`mqtt://127.0.0.1:${port}`, own, false).catch(() => undefined)
      if (client === undefined) return { acknowledged: false }
      const closed = new Promise<boolean>((resolve) => client.once('close', () => resolve(false)))
      client.on('error', () => undefined)
      const published = client
        .publishAsync(String(topic), String(payload), { qos: qos === 0 ? 0 : qos === 2 ? 2 : 1, retain: retain === true })
        .then(() => true)
        .catch(() => false)
      const acknowledged = await Promise.race([published, closed])
      await client.endAsync(true)
      return { acknowledged }
    },
    tearDown: () => Promise.resolve()
  }
})
