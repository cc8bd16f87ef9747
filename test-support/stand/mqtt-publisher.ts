/**
 * A positioning system of its own process: publishes PANS location messages at an open-loop rate with QoS 1 or 2 and writes
 * down, one JSON line each, what the broker has acknowledged. That file is what `tagward verify --sent` takes.
 *
 * Arguments: broker URL, rate per second, tags, file, QoS, number of the first message (messages are told apart by it). Runs until its stdin ends or a line `stop` comes, then waits for the
 * acknowledgements under way and prints `{"published","acknowledged"}`.
 */
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import mqtt from 'mqtt'

const [url = '', rateText = '200', tagsText = '20', file = '/dev/null', qosText = '1', firstText = '0'] = process.argv.slice(2)
const rate = Number(rateText)
const tagCount = Number(tagsText)
const qos = Number(qosText) === 2 ? 2 : 1
const TICK_MS = 10

const sent = createWriteStream(file, { flags: 'a' })
const client = mqtt.connect(url, {
  protocolVersion: 5,
  clean: false,
  clientId: `publisher-${process.pid}`,
  properties: { sessionExpiryInterval: 3_600 }
})
const first = Number(firstText)
let published = 0
let acknowledged = 0

function publishOne(index: number): void {
  const tag = (0x4000 + (index % tagCount)).toString(16)
  const topic = `dwm/node/${tag}/uplink/location`
  const round = Math.floor(index / tagCount)
  const position = { x: (round % 400) / 10, y: (index % tagCount) / 2, z: 1.2, quality: 80 }
  // The superframe number tells every message of a tag from every other.
  const payload = JSON.stringify({ position, superFrameNumber: round })
  published += 1
  client.publish(topic, payload, { qos }, (error) => {
    if (error !== undefined && error !== null) return
    acknowledged += 1
    sent.write(`${JSON.stringify({ topic, payload })}\n`)
  })
}

function run(): void {
  const startMs = performance.now()
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) / 1000) * rate)
    while (published < due) publishOne(first + published)
  }, TICK_MS)
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    clearInterval(timer)
    // A graceful end waits for the acknowledgements under way.
    client.end(false, {}, () =>
      sent.end(() => {
        process.stdout.write(`${JSON.stringify({ published, acknowledged })}\n`, () => process.exit(0))
      })
    )
  }
  createInterface({ input: process.stdin })
    .on('line', (line) => line === 'stop' && stop())
    .on('close', stop)
}

client.once('connect', () => {
  process.stdout.write('connected\n')
  run()
})
client.on('error', (error) => process.stderr.write(`${error.message}\n`))
