/**
 * How many messages a second pass through the driver while acknowledgements wait for commits of 100 ms:
 * `node dist/drivers/mqtt/mqtt.bench.js [messages]`. Broker, publisher and driver share the machine; the publisher's part is over
 * before the clock starts (the broker holds everything), so that the figure is the driver's own.
 */
import { connectAsync } from 'mqtt'
import { startMosquitto } from '../../test-support/mosquitto.ts'
import { createMqttSource, numbered } from '../../test-support/mqtt-source.ts'
import { waitFor } from '../../test-support/wait-for.ts'

const COMMIT_INTERVAL_MS = 100
const PUBLISH_ROUND = 5_000
const messages = Number(process.argv[2] ?? 100_000)

async function measure(
  protocolVersion: '3.1.1' | '5',
  qos: 1 | 2
): Promise<{ readonly perSecond: number; readonly cpuMicrosPerMessage: number }> {
  const broker = await startMosquitto({ config: ['log_type none'] })
  try {
    const settings = { url: broker.url, protocolVersion, topics: [{ topic: 'bench', qos }], receiveMaximum: 10_000 }
    const session = createMqttSource({ settings })
    await session.run.start()
    await session.run.stop()
    const publisher = await connectAsync(broker.url)
    for (let sent = 0; sent < messages; sent += PUBLISH_ROUND)
      await Promise.all(
        Array.from({ length: PUBLISH_ROUND }, (_, index) => publisher.publishAsync('bench', numbered(sent + index), { qos }))
      )
    await publisher.endAsync()

    const source = createMqttSource({ settings })
    const startedMs = performance.now()
    const cpuBefore = process.cpuUsage()
    const commits = setInterval(() => source.commit(), COMMIT_INTERVAL_MS)
    await source.run.start()
    await waitFor('everything', () => source.deliveries.length >= messages, 120_000)
    const seconds = (performance.now() - startedMs) / 1000
    const { user, system } = process.cpuUsage(cpuBefore)
    clearInterval(commits)
    source.commit()
    await source.run.stop()
    return { perSecond: messages / seconds, cpuMicrosPerMessage: (user + system) / messages }
  } finally {
    await broker.stop()
  }
}

for (const protocolVersion of ['3.1.1', '5'] as const)
  for (const qos of [1, 2] as const) {
    const { perSecond, cpuMicrosPerMessage } = await measure(protocolVersion, qos)
    const figures = `${Math.round(perSecond)} messages/s, ${cpuMicrosPerMessage.toFixed(1)} µs of CPU each`
    process.stdout.write(`mqtt ${protocolVersion}, QoS ${qos}: ${figures} (commit every ${COMMIT_INTERVAL_MS} ms)\n`)
  }
