import { randomBytes, randomInt } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Mosquitto, startMosquitto } from '../../test-support/mosquitto.ts'
import { createMqttSource } from '../../test-support/mqtt-source.ts'
import { waitFor } from '../../test-support/wait-for.ts'

const MESSAGES = Number(process.env['TAGWARD_MQTT_NOISE_MESSAGES'] ?? 20_000)
const LONGEST_BYTES = 2_000
const ROUND = 500
/** What may remain of the noise in memory: nothing that grows with it. 20 MB of it have passed then. */
const REMAINS_BYTES = 6_000_000

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function usedBytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

describe('mqtt: random payloads', () => {
  let broker: Mosquitto
  let publisher: MqttClient

  beforeAll(async () => {
    // Without its log of every packet, which this test would keep.
    broker = await startMosquitto({ config: ['log_type none'] })
    publisher = await connectAsync(broker.url)
  })
  afterAll(async () => {
    await publisher.endAsync(true)
    await broker.stop()
  })

  it.each([
    ['3.1.1', 0],
    ['3.1.1', 1],
    ['5', 1],
    ['5', 2]
  ] as const)(
    'mqtt %s, QoS %i: are counted, never thrown, acknowledged, and leave nothing behind',
    async (protocolVersion, qos) => {
      const topics = [{ topic: `noise/${protocolVersion}/${qos}/#`, qos }]
      const source = createMqttSource({ settings: { url: broker.url, protocolVersion, topics }, commitsAtOnce: true })
      await source.run.start()
      const round = async (count: number): Promise<void> => {
        const expected = source.counters.frames + count
        await Promise.all(
          Array.from({ length: count }, () => {
            const topic = `noise/${protocolVersion}/${qos}/${randomBytes(4).toString('hex')}`
            return publisher.publishAsync(topic, randomBytes(randomInt(LONGEST_BYTES)), { qos })
          })
        )
        await waitFor('the round to be counted', () => source.counters.frames === expected)
      }
      for (let sent = 0; sent < MESSAGES / 4; sent += ROUND) await round(ROUND)
      const before = usedBytes()
      const errorsBefore = source.counters.errors
      for (let sent = 0; sent < MESSAGES; sent += ROUND) await round(ROUND)
      const { errors, ignored, readings, frames } = source.counters
      expect(errors + ignored + source.deliveries.length).toBe(frames)
      expect(readings).toBe(source.deliveries.length)
      expect(errors - errorsBefore).toBeGreaterThan(MESSAGES / 2)
      expect(source.failures).toEqual([])
      // What sockets and timers still hold goes by itself; what is kept stays.
      await waitFor('the noise to be gone from memory', () => usedBytes() - before < REMAINS_BYTES, 30_000, 200)
      await source.run.stop()
    },
    120_000
  )
})
