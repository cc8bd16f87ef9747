import { type FileHandle, open } from 'node:fs/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterEach, expect, it } from 'vitest'
import { decodeFields, encodeFields } from '../firmware-protocols/helmet/encode-helmet.ts'
import { helmet } from '../firmware-protocols/helmet/helmet-codec.ts'
import { FIELD } from '../firmware-protocols/helmet/helmet-fields.ts'
import { fieldsEnd, HEADER_BYTES, sealMessage, TYPE_REPORT } from '../firmware-protocols/helmet/helmet-message.ts'
import { fromHex } from '../firmware-protocols/kit/hex.ts'
import { createMemoryLogger } from '../test-support/memory-logger.ts'
import { startMosquitto } from '../test-support/mosquitto.ts'
import { openPtyPair } from '../test-support/pty.ts'
import { systemClock } from '../test-support/system-clock.ts'
import type { Driver, DriverRun } from './driver.ts'
import { createMqttDriver } from './mqtt/driver.ts'
import { serialDriver } from './serial/serial-driver.ts'

const TAG = '0102030405060708'
const KEY_HEX = '000102030405060708090a0b0c0d0e0f'
const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0)
const settings = helmet.settings?.parse({ keys: [{ tag: TAG, key: KEY_HEX }] })
const codec = {
  ...helmet,
  createDecoder: () => helmet.createDecoder(settings),
  createEncoder: () => helmet.createEncoder?.(settings) ?? never()
}
function never(): never {
  throw new Error('the protocol carries commands')
}

/** What a tag sends back to a command. */
function answerTo(command: Uint8Array, sequence: number): Uint8Array {
  const [id] = decodeFields(command.subarray(HEADER_BYTES, fieldsEnd(command))) ?? []
  const fields = encodeFields([{ type: FIELD.answer, values: [id?.values[0] ?? 0, 0] }])
  return sealMessage({ type: TYPE_REPORT, tag: hex(TAG), boot: 1, sequence, fields, key: hex(KEY_HEX) })
}

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function startRun<Settings>(driver: Driver<Settings>, input: object): Promise<DriverRun> {
  const run = driver.createRun(driver.settings.parse(input), codec, {
    sourceId: 'helmets',
    clock: systemClock,
    log: createMemoryLogger(),
    counters: { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 },
    signal: new AbortController().signal,
    sink: { deliver: (delivery) => delivery.onDurable?.() },
    degraded: () => undefined,
    failed: () => undefined
  })
  endings.push(() => run.stop())
  await run.start()
  return run
}

async function sendOne(run: DriverRun, timeoutMs = 10_000) {
  const stages: string[] = []
  const outcome = await run.send(TAG, { kind: 'sos-received' }, { timeoutMs, onStage: (stage) => stages.push(stage) })
  return { outcome, stages }
}

async function answerOnLine(device: FileHandle): Promise<void> {
  const framer = helmet.createFramer?.() ?? never()
  const buffer = Buffer.alloc(2048)
  for (let sequence = 0; ; ) {
    const { bytesRead } = await device.read(buffer, 0, buffer.length, null)
    if (bytesRead === 0) return
    const answers: Uint8Array[] = []
    framer.push(buffer.subarray(0, bytesRead), (command) => answers.push(answerTo(command, sequence++)))
    for (const answer of answers) await device.write(answer)
  }
}

it('brings a command to a tag on a serial line, and its answer back', async () => {
  const pair = await openPtyPair()
  endings.push(() => pair.close())
  const device = await open(pair.device, 'r+')
  endings.push(() => device.close())
  // Ends with the line.
  answerOnLine(device).catch(() => undefined)
  const run = await startRun(serialDriver, { port: pair.port })
  expect(await sendOne(run)).toEqual({ outcome: { stage: 'acknowledged' }, stages: ['accepted', 'acknowledged'] })
  expect(await run.send('4d18', { kind: 'vibrate' }, { timeoutMs: 1000 })).toEqual({ stage: 'unsupported' })
  await run.stop()
  await pair.unplug()
})

it('brings a command to a tag through a broker, confirmed by the broker and then by the tag', async () => {
  const broker = await startMosquitto()
  endings.push(() => broker.stop())
  const tag: MqttClient = await connectAsync(broker.url, { reconnectPeriod: 0 })
  endings.push(() => tag.endAsync(true))
  await tag.subscribeAsync(`tagward/helmet/${TAG}/down`, { qos: 1 })
  let answering = true
  let sequence = 0
  tag.on('message', (_topic, command) => {
    sequence += 1
    if (answering) tag.publish(`tagward/helmet/${TAG}/up`, Buffer.from(answerTo(command, sequence)), { qos: 1 })
  })
  const run = await startRun(createMqttDriver(), { url: broker.url, topics: ['tagward/helmet/+/up'] })
  const { outcome, stages } = await sendOne(run)
  expect(outcome).toEqual({ stage: 'acknowledged' })
  expect([stages[0], stages.at(-1)]).toEqual(['accepted', 'acknowledged'])
  answering = false
  expect(await sendOne(run, 1000)).toEqual({ outcome: { stage: 'delivered' }, stages: ['accepted', 'delivered'] })
})
