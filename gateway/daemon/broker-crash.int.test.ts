import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { type GatewayProcess, startGateway } from '../../test-support/stand/gateway-process.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { openLogReader } from '../log/open-log-reader.ts'

const AT_LEAST = 150
const AT_A_TIME = 40

let folder: string
let gateway: GatewayProcess | undefined
let client: MqttClient | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagward-broker-crash-'))
})
afterEach(async () => {
  await client?.endAsync(true)
  await gateway?.kill()
  rmSync(folder, { recursive: true, force: true })
})

/** Numbers of the messages that are in the log, each as often as it is there. */
function stored(): number[] {
  const reader = openLogReader(join(folder, 'data', 'events.db'))
  try {
    const numbers: number[] = []
    let after = 0
    for (;;) {
      const { events } = reader.read('telemetry', after, { maxEvents: 1_000, maxBytes: 1e8 })
      const last = events.at(-1)
      if (last === undefined) return numbers
      for (const { type, body } of events) {
        const position = /"x":(-?[\d.]+)/.exec(body)?.[1]
        if (type === 'TagMovement' && position !== undefined) numbers.push(Math.round(Number(position) * 100))
      }
      after = last.sequence
    }
  } finally {
    reader.close()
  }
}

it.each([1, 2] as const)('has in its log after kill -9 whatever it acknowledged with QoS %i', { timeout: 60_000 }, async (qos) => {
  const [webPort = 0, port = 0] = await freePorts(2)
  const sources = { gate: { driver: 'mqtt-broker', protocol: 'dwm1001-pans-mqtt', port, address: '127.0.0.1' } }
  const running = await startGateway({ folder, config: { site: 'test', sources }, webPort })
  gateway = running
  await waitFor('the broker', async () => (await running.state()).sources[0]?.health === 'up', 30_000)
  const publisher = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0 })
  client = publisher
  publisher.on('error', () => undefined)

  const acknowledged: number[] = []
  // PUBREC is the word that it is stored; PUBCOMP, which ends a QoS 2 publish, follows it.
  let next = 0
  const publishNext = (): void => {
    const number = next++
    const payload = JSON.stringify({ position: { x: number / 100, y: 1, z: 1, quality: 80 }, superFrameNumber: number % 65_536 })
    publisher.publish(`dwm/node/${(0x4000 + (number % 7)).toString(16)}/uplink/location`, payload, { qos }, (error) => {
      if (error) return
      acknowledged.push(number)
      publishNext()
    })
  }
  for (let n = 0; n < AT_A_TIME; n++) publishNext()
  await waitFor('acknowledgements', () => acknowledged.length >= AT_LEAST, 30_000)
  await running.kill()
  await waitFor('the publisher to notice', () => !publisher.connected)

  const inLog = stored()
  expect(acknowledged.filter((number) => !inLog.includes(number))).toEqual([])
  expect(new Set(inLog).size).toBe(inLog.length)
})
