/**
 * `npm run demo`: a whole small site in one terminal. Kafka, Mosquitto and the gateway start; a tag is published on MQTT
 * once in two seconds; everything that comes out of the Kafka topics is printed as it comes. Ctrl-C stops all of it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import mqtt from 'mqtt'
import { EVENT_CATALOGUE } from '../../gateway/events/catalogue.ts'
import { freePorts } from '../kafka/free-ports.ts'
import { startKafka } from '../kafka/start-kafka.ts'
import { startMosquitto } from '../mosquitto.ts'
import { startGateway } from '../stand/gateway-process.ts'
import { waitFor } from '../wait-for.ts'

const PREFIX = 'tagward'
const PUBLISH_EVERY_MS = 2_000
const colour = process.stdout.isTTY
  ? (code: number, text: string): string => `\u001b[${code}m${text}\u001b[0m`
  : (_: number, text: string): string => text
const say = (text: string): void => void process.stdout.write(`${colour(36, 'demo')}  ${text}\n`)

/** What to undo, last first; one that fails does not keep the others from being undone. */
const undo: (() => Promise<unknown> | unknown)[] = []
let ending = false
async function endAll(): Promise<void> {
  say('stopping …')
  for (const step of undo.reverse()) {
    try {
      await step()
    } catch (error) {
      say(`while stopping: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  say('everything is stopped')
}
function end(code: number): void {
  if (ending) return
  ending = true
  void endAll().then(() => process.exit(code))
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(0))

async function tail(brokers: string[]): Promise<void> {
  const kafka = new Kafka({ brokers, clientId: 'tagward-demo-tail', logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'tagward-demo-tail', maxWaitTimeInMs: 200 })
  await consumer.connect()
  undo.push(() => consumer.disconnect())
  await consumer.subscribe({ topics: EVENT_CATALOGUE.map(({ topic }) => `${PREFIX}.${topic}`), fromBeginning: true })
  await consumer.run({
    eachMessage: ({ topic, message }) => {
      const event = JSON.parse(message.value?.toString() ?? '{}') as { lane?: string; sequence?: string; data?: unknown }
      const head = colour(event.lane === 'alarm' ? 31 : 32, topic.padEnd(24))
      process.stdout.write(`${head} ${message.key?.toString() ?? ''} #${Number(event.sequence)} ${JSON.stringify(event.data)}\n`)
      return Promise.resolve()
    }
  })
}

function publish(port: number): void {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`)
  let frame = 0
  const timer = setInterval(() => {
    const angle = frame / 10
    const position = {
      x: Number((20 + 8 * Math.cos(angle)).toFixed(2)),
      y: Number((12 + 8 * Math.sin(angle)).toFixed(2)),
      z: 1.2,
      quality: 85
    }
    const payload = JSON.stringify({ position, superFrameNumber: frame })
    frame += 1
    client.publish('dwm/node/4d18/uplink/location', payload, { qos: 1 })
    process.stdout.write(`${colour(33, 'MQTT → '.padEnd(24))} dwm/node/4d18/uplink/location ${payload}\n`)
  }, PUBLISH_EVERY_MS)
  undo.push(() => {
    clearInterval(timer)
    client.end(true)
  })
}

try {
  const folder = mkdtempSync(join(tmpdir(), 'tagward-demo-'))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  say('starting Kafka …')
  const kafka = await startKafka()
  undo.push(() => kafka.stop({ remove: true }))
  say('starting Mosquitto …')
  const mosquitto = await startMosquitto({ config: ['max_queued_messages 0', 'max_inflight_messages 0'] })
  undo.push(() => mosquitto.stop())
  const [webPort = 0] = await freePorts(1)
  say('starting the gateway …')
  const source = {
    driver: 'mqtt',
    protocol: 'dwm1001-pans-mqtt',
    namespace: 'pans-hall1',
    url: `mqtt://127.0.0.1:${mosquitto.port}`,
    topics: ['dwm/node/+/uplink/#']
  }
  const gateway = await startGateway({
    folder,
    webPort,
    config: { site: 'demo', sources: { hall1: source }, kafka: { brokers: kafka.brokers, prefix: PREFIX } }
  })
  undo.push(() => gateway.stop())
  await waitFor('the gateway to reach Kafka', async () => (await gateway.state()).uplink.reachable === true, 60_000)
  say(`the page is at ${gateway.url}; Kafka at ${kafka.brokers.join(',')}; publish something yourself:`)
  say(
    `  mosquitto_pub -p ${mosquitto.port} -t dwm/node/beef/uplink/location -m '{"position":{"x":1,"y":2,"z":1,"quality":90},"superFrameNumber":1}'`
  )
  say('Ctrl-C stops everything. What comes out of the topics:')
  await tail(kafka.brokers)
  publish(mosquitto.port)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  end(1)
}
