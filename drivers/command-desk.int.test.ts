import { createSocket } from 'node:dgram'
import { type FileHandle, open } from 'node:fs/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeFields, encodeFields } from '../firmware-protocols/helmet/encode-helmet.ts'
import { helmet } from '../firmware-protocols/helmet/helmet-codec.ts'
import { FIELD } from '../firmware-protocols/helmet/helmet-fields.ts'
import { fieldsEnd, HEADER_BYTES, sealMessage, TYPE_REPORT } from '../firmware-protocols/helmet/helmet-message.ts'
import { fromHex } from '../firmware-protocols/kit/hex.ts'
import { freeUdpPort } from '../test-support/free-udp-port.ts'
import { freePorts } from '../test-support/kafka/free-ports.ts'
import { createMemoryLogger } from '../test-support/memory-logger.ts'
import { startMosquitto } from '../test-support/mosquitto.ts'
import { openPtyPair } from '../test-support/pty.ts'
import { systemClock } from '../test-support/system-clock.ts'
import { waitFor } from '../test-support/wait-for.ts'
import type { Driver, DriverRun } from './driver.ts'
import { createMqttDriver } from './mqtt/driver.ts'
import { createMqttBrokerDriver } from './mqtt-broker/driver.ts'
import { serialDriver } from './serial/serial-driver.ts'
import { createUdpDriver } from './udp/driver.ts'

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

/** A report of nothing, from which a source learns where the tag is. */
const report = (sequence: number): Uint8Array =>
  sealMessage({ type: TYPE_REPORT, tag: hex(TAG), boot: 1, sequence, fields: new Uint8Array(0), key: hex(KEY_HEX) })

it('brings a command by UDP to where the tag was last heard from, again until it is answered', async () => {
  const port = await freeUdpPort()
  const run = await startRun(createUdpDriver(), { port, address: '127.0.0.1' })
  expect((await sendOne(run)).outcome).toMatchObject({ stage: 'failed', code: 'TAG_UNREACHABLE' })
  expect(await run.send('4d18', { kind: 'vibrate' }, { timeoutMs: 1000 })).toEqual({ stage: 'unsupported' })

  let sequence = 0
  const openTag = async (unanswered: number) => {
    const socket = createSocket('udp4')
    endings.push(() => new Promise<void>((resolve) => socket.close(() => resolve())))
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    const commands: string[] = []
    const state = { commands, isThere: true }
    socket.on('message', (command) => {
      if (!state.isThere) return
      commands.push(command.toString('hex'))
      sequence += 1
      if (commands.length > unanswered) socket.send(answerTo(command, sequence), port, '127.0.0.1')
    })
    sequence += 1
    const told = report(sequence)
    await new Promise<void>((resolve, reject) => socket.send(told, port, '127.0.0.1', (error) => (error ? reject(error) : resolve())))
    return Object.assign(state, { told })
  }
  const before = await openTag(0)
  await waitFor('the tag is known', async () => (await sendOne(run)).outcome.stage === 'acknowledged')
  const known = before.commands.length

  // The same tag behind another address, where the first datagram of a command is lost.
  before.isThere = false
  const after = await openTag(1)
  await waitFor('the tag is known elsewhere', async () => {
    await sendOne(run)
    return after.commands.length > 0
  })
  expect(await sendOne(run)).toEqual({ outcome: { stage: 'acknowledged' }, stages: ['accepted', 'acknowledged'] })
  expect(after.commands[1]).toBe(after.commands[0])
  const calls = before.commands.length

  // Somebody who has recorded the tag does not draw its commands to himself.
  const stranger = createSocket('udp4')
  endings.push(() => new Promise<void>((resolve) => stranger.close(() => resolve())))
  const drawn: unknown[] = []
  stranger.on('message', (command) => drawn.push(command))
  for (const told of [before.told, after.told])
    await new Promise<void>((resolve, reject) => stranger.send(told, port, '127.0.0.1', (error) => (error ? reject(error) : resolve())))
  expect((await sendOne(run)).outcome).toEqual({ stage: 'acknowledged' })
  expect([drawn.length, before.commands.length, known > 0]).toEqual([0, calls, true])
})

describe('the built-in broker', () => {
  const users = [
    { name: 'tag', password: 'of-the-tag', commandTopics: ['tagward/helmet/+/down'] },
    { name: 'gateway', password: 'of-the-gateway', commandTopics: ['elsewhere/#'] }
  ]

  async function startBroker() {
    const [port = 0] = await freePorts(1)
    const run = await startRun(createMqttBrokerDriver(), { port, address: '127.0.0.1', users })
    const join = async (username: string, password: string): Promise<MqttClient> => {
      const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0, username, password })
      endings.push(() => client.endAsync(true))
      return client
    }
    return { run, join }
  }

  it('brings a command to the tag itself, confirmed by its client and then by the tag', async () => {
    const { run, join } = await startBroker()
    expect((await sendOne(run)).outcome).toMatchObject({ stage: 'failed', code: 'TAG_UNREACHABLE' })
    const tag = await join('tag', 'of-the-tag')
    expect((await sendOne(run)).outcome).toMatchObject({ stage: 'failed', code: 'TAG_UNREACHABLE' })
    let answering = true
    let sequence = 0
    const heard: string[] = []
    tag.on('message', (topic, command) => {
      sequence += 1
      heard.push(topic)
      if (answering) tag.publish(`tagward/helmet/${TAG}/up`, Buffer.from(answerTo(command, sequence)), { qos: 1 })
    })
    await tag.subscribeAsync(`tagward/helmet/${TAG}/down`, { qos: 1 })
    const { outcome, stages } = await sendOne(run)
    expect(outcome).toEqual({ stage: 'acknowledged' })
    expect([stages[0], stages.at(-1)]).toEqual(['accepted', 'acknowledged'])
    answering = false
    expect(await sendOne(run, 1000)).toEqual({ outcome: { stage: 'delivered' }, stages: ['accepted', 'delivered'] })
    await tag.unsubscribeAsync(`tagward/helmet/${TAG}/down`)
    expect((await sendOne(run)).outcome).toMatchObject({ code: 'TAG_UNREACHABLE' })
    // With QoS 0 nobody confirms but the tag.
    await tag.subscribeAsync('tagward/helmet/+/down', { qos: 0 })
    answering = true
    expect(await sendOne(run)).toEqual({ outcome: { stage: 'acknowledged' }, stages: ['accepted', 'acknowledged'] })
    expect(new Set(heard)).toEqual(new Set([`tagward/helmet/${TAG}/down`]))
  })

  it('lets nobody hear commands who may not, and says when the client goes away', async () => {
    const { run, join } = await startBroker()
    const gateway = await join('gateway', 'of-the-gateway')
    const overheard: string[] = []
    gateway.on('message', (topic) => overheard.push(topic))
    await gateway.subscribeAsync('#', { qos: 1 })
    expect((await sendOne(run)).outcome).toMatchObject({ stage: 'failed', code: 'TAG_UNREACHABLE' })
    const tag = await join('tag', 'of-the-tag')
    await tag.subscribeAsync(`tagward/helmet/${TAG}/down`, { qos: 1 })
    tag.handleMessage = () => tag.stream.destroy()
    expect(await sendOne(run, 500)).toEqual({ outcome: { stage: 'accepted' }, stages: ['accepted'] })
    await waitFor('the tag is gone', async () => (await sendOne(run, 500)).outcome.stage === 'failed')
    expect(overheard).toEqual([])
  })
})
