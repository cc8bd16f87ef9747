import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeDriverContract } from '../../test-support/driver-contract.ts'
import { createExtensionFolder, driverModule, type ExtensionFolder } from '../../test-support/extension-folder.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor as waitForWithin } from '../../test-support/wait-for.ts'
import type { Clock, Delivery, Driver, DriverError } from '../driver.ts'
import type { RunBoundCodec } from '../run-bound-codec.ts'
import { guardCodec } from './guard-codec.ts'
import { isolateDriver } from './isolated-driver.ts'
import { openExtension } from './open-extension.ts'

/** Limits, never criteria of speed: a thread starts for every test. */
vi.setConfig({ testTimeout: 120_000 })
const waitFor = <T>(what: string, condition: () => T | Promise<T>) => waitForWithin(what, condition, 60_000)

const EXAMPLE = `${process.cwd()}/examples/extension/acme-badge.js`
const LINE = '@4D18,1250,-340,87,0*5A\n'

async function isolated(file: string): Promise<Driver<unknown>> {
  const { drivers = [] } = await openExtension({ file })
  const [driver] = drivers
  if (driver === undefined) throw new Error(`${file} has no driver`)
  return isolateDriver(driver, { file })
}

const example = await openExtension({ file: EXAMPLE })
const [badge] = example.codecs ?? []
if (badge === undefined) throw new Error('the example has no codec')

describeDriverContract(
  'the example extension in a thread of its own',
  await isolated(EXAMPLE),
  async () => {
    const clients = new Set<Socket>()
    const gate: Server = createServer((socket) => {
      clients.add(socket)
      socket.on('close', () => clients.delete(socket))
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
    const address = gate.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    return {
      codec: guardCodec(badge, { file: EXAMPLE }),
      settings: { host: '127.0.0.1', port },
      unopenable: { settings: { host: '127.0.0.1', port: 1 }, code: 'LINK_OPEN_FAILED', retriable: true },
      produce: () => {
        for (const socket of clients) socket.write(LINE)
      },
      breakable: {
        breakLink: () => {
          for (const socket of clients) socket.destroy()
        },
        code: 'LINK_LOST',
        retriable: true
      },
      tearDown: async () => {
        for (const socket of clients) socket.destroy()
        await new Promise<void>((resolve) => gate.close(() => resolve()))
      }
    }
  },
  ['hanging']
)

describe('a driver of a third party', () => {
  let folder: ExtensionFolder
  let undo: (() => Promise<unknown>)[]
  beforeEach(() => {
    folder = createExtensionFolder()
    undo = []
  })
  afterEach(async () => {
    for (const step of undo.reverse()) await step()
    folder.remove()
  })

  async function begin(run: string, clock: Clock = systemClock, settings: unknown = {}, codec?: RunBoundCodec) {
    const driver = await isolated(folder.write('driver.mjs', driverModule('made', run)))
    const deliveries: Delivery[] = []
    const failures: DriverError[] = []
    const amiss: string[] = []
    const log = createMemoryLogger()
    const counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
    const made = driver.createRun(driver.settings.parse(settings), codec, {
      sourceId: 'made-1',
      gatewayId: 'gw',
      clock,
      log,
      counters,
      signal: new AbortController().signal,
      storageFails: () => true,
      sink: { deliver: (delivery) => void deliveries.push(delivery) },
      degraded: (why) => void amiss.push(why),
      failed: (error) => void failures.push(error)
    })
    undo.push(() => made.stop())
    const start = made.start().then(
      () => undefined,
      (error: unknown) => error
    )
    return { amiss, counters, deliveries, failures, log, run: made, start }
  }

  /** `text` is said by the driver's log. */
  const said = (source: { log: ReturnType<typeof createMemoryLogger> }, text: string) =>
    waitFor(`the driver says "${text}"`, () => source.log.lines.some(({ message }) => message === text))

  it('is given its settings, clock, names and the state of the storage', async () => {
    const source = await begin(
      `start = async () => { setInterval(() => context.degraded([settings.text, context.sourceId, context.gatewayId, context.storageFails()].join()), 20) }`,
      systemClock,
      { text: 'ä' }
    )
    expect(await source.start).toBeUndefined()
    await waitFor('the state of the storage is told', () => source.amiss.includes('ä,made-1,gw,true'))
  })

  it('hears what became of its deliveries', async () => {
    const source = await begin(
      `start = async () => {
         deliver([{ tag: 'a', moving: true }], { onDurable: () => context.log.info({}, 'durable') })
         deliver([{ tag: 'b', moving: true }], { onDurable: () => context.log.info({}, 'never'), onGivenUp: () => context.log.info({}, 'given up') })
         deliver([{ tag: 'c d' }], { onDurable: () => context.log.info({}, 'nothing to keep') })
       }`
    )
    await waitFor('the deliveries', () => source.deliveries.length === 2)
    await said(source, 'nothing to keep')
    expect(source.deliveries[0]?.onGivenUp).toBeUndefined()
    source.deliveries[0]?.onDurable?.()
    source.deliveries[1]?.onGivenUp?.()
    await said(source, 'durable')
    await said(source, 'given up')
    expect(source.log.lines.map(({ message }) => message)).not.toContain('never')
    expect(source.deliveries.map(({ readings }) => readings[0]?.tag)).toEqual(['a', 'b'])
  })

  it('decodes with the memory of the source, and what is remembered comes with what is delivered', async () => {
    const file = folder.write(
      'codec.mjs',
      `export const tagward = (kit) => ({ api: 1, codecs: [{
         protocol: 'counting', title: 'Counts', transport: 'udp', encoding: 'text', idScope: 'system',
         createDecoder: (settings, memory) => ({ decode() {
           const count = Number(memory.recall('count') ?? 0) + 1
           memory.remember('count', String(count))
           return kit.readings({ tag: 'a', movementCount: count })
         } })
       }] })`
    )
    const [codec] = (await openExtension({ file })).codecs ?? []
    if (codec === undefined) throw new Error('no codec')
    const kept = new Map([['count', '41']])
    const memory = {
      recall: (name: string) => kept.get(name),
      remember: (name: string, text: string) => void kept.set(name, text),
      entries: () => kept
    }
    const source = await begin(
      `const feed = kit.createFrameFeed(codec, { ...context, sink: { deliver: (delivery) => context.sink.deliver(delivery) } })
       start = async () => { feed.frame(new Uint8Array(1)); feed.frame(new Uint8Array(1)) }`,
      systemClock,
      {},
      { ...guardCodec(codec, { file }), memory }
    )
    await waitFor('the deliveries', () => source.deliveries.length === 2)
    expect(source.deliveries.map(({ readings }) => readings[0]?.movementCount)).toEqual([42, 43])
    expect(kept.get('count')).toBe('43')
  })

  it('answers commands, stage by stage', async () => {
    const source = await begin(
      `send = async (target, command, { onStage }) => { onStage('accepted'); onStage('delivered'); return command.kind === 'raw' ? 7 : { stage: 'acknowledged' } }`
    )
    await source.start
    const stages: string[] = []
    const options = { timeoutMs: 10_000, onStage: (stage: string) => void stages.push(stage) }
    expect(await source.run.send('4d18', { kind: 'vibrate' }, options)).toEqual({ stage: 'acknowledged' })
    expect(stages).toEqual(['accepted', 'delivered', 'acknowledged'])
    expect(await source.run.send('4d18', { kind: 'raw' }, options)).toMatchObject({ stage: 'failed', code: 'DRIVER_EXCEPTION' })
  })

  it.each([
    ['throws when its run is made', `throw new Error('made badly')`, 'DRIVER_EXCEPTION', 'made badly'],
    ['throws in start', `start = async () => { throw new Error('not today') }`, 'DRIVER_EXCEPTION', 'not today'],
    [
      'declares a failure',
      `start = async () => { throw new kit.DriverError('LINK_REFUSED', 'wrong password', { retriable: false }) }`,
      'LINK_REFUSED',
      'wrong password'
    ],
    ['declares nonsense', `start = async () => { throw { code: 'x', retriable: 'maybe' } }`, 'DRIVER_EXCEPTION', 'object'],
    ['ends the process', `process.exit(0)`, 'DRIVER_EXCEPTION', 'ended its thread']
  ])('%s, and the start fails with the reason', async (_title, run, code, text) => {
    const source = await begin(run)
    const error = (await source.start) as DriverError
    expect(error.code).toBe(code)
    expect(error.message).toContain(text)
    expect(error.retriable).toBe(code !== 'LINK_REFUSED')
  })

  it.each([
    ['throws in a callback', `start = async () => { setTimeout(() => { throw new TypeError('in a callback') }, 10) }`, 'in a callback'],
    [
      'throws in a timer of its context',
      `start = async () => { context.clock.setTimeout(() => { throw new TypeError('in a timer') }, 10) }`,
      'in a timer'
    ],
    ['lets a promise go unheard', `start = async () => { setTimeout(async () => { throw new TypeError('unheard') }, 10) }`, 'unheard'],
    ['emits an error that nobody listens to', `start = async () => { (await import('node:net')).connect(1, '127.0.0.1') }`, 'ECONNREFUSED'],
    ['ends the process later', `start = async () => { setTimeout(() => process.exit(3), 10) }`, 'exit code 3']
  ])('%s, and only its run fails', async (_title, run, text) => {
    const source = await begin(run)
    await source.start
    await waitFor('the run fails', () => source.failures.length > 0)
    expect(source.failures[0]).toMatchObject({ code: 'DRIVER_EXCEPTION', retriable: true })
    expect(source.failures[0]?.message).toContain(text)
  })

  it('that does not come to an end any more is found out and ended', async () => {
    const clock = createVirtualClock()
    const source = await begin(`start = async () => { context.log.info({}, 'looping'); setTimeout(() => { for (;;); }, 50) }`, clock)
    await source.start
    await said(source, 'looping')
    await waitFor('the run fails', async () => {
      await clock.advance(1_000)
      return source.failures.length > 0
    })
    expect(source.failures[0]).toMatchObject({ code: 'EXTENSION_HANGS', retriable: true })
    const stop = source.run.stop()
    await clock.advance(5_000)
    await stop
  })

  it('that does not stop is ended all the same', async () => {
    const clock = createVirtualClock()
    const source = await begin(`stop = () => new Promise(() => {})`, clock)
    await source.start
    const stop = source.run.stop()
    await clock.advance(5_000)
    await stop
    expect(source.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('did not stop in time') })
    )
  })

  it('that floods is held back, what is too much is counted, and alarms go first', async () => {
    const source = await begin(
      `start = async () => {
         for (let i = 0; i < 50; i++) {
           for (let j = 0; j < 1_000; j++) deliver([{ tag: 'a', moving: true }])
           await new Promise((resolve) => setTimeout(resolve, 5))
         }
         deliver([{ tag: 'b', signals: [{ kind: 'sos', form: 'event' }] }])
       }`
    )
    await source.start
    await waitFor('the alarm', () => source.deliveries.some(({ readings }) => readings[0]?.tag === 'b'))
    expect(source.deliveries.length).toBeLessThan(50_001)
    expect(source.counters.dropped).toBe(50_001 - source.deliveries.length)
  })

  it('gives nonsense, and only what makes sense of it is delivered', async () => {
    const source = await begin(
      `start = async () => {
         deliver('nonsense')
         deliver([{ tag: 'a', batteryPct: -7, moving: true }], { receiver: 'a b', idNamespace: 7, rssiDbm: 'strong', monotonicMs: NaN })
         context.counters.errors = -100
         try { deliver([{ tag: 'b', extra: { value: () => 1 } }]) } catch (error) { context.log.info({}, error.name) }
         context.sink.deliver({})
         deliver([{ tag: 'c', moving: true }])
       }`
    )
    await waitFor('the last delivery', () => source.deliveries.some(({ readings }) => readings[0]?.tag === 'c'))
    expect(source.deliveries[0]).toMatchObject({
      readings: [{ tag: 'a', moving: true }],
      receiver: undefined,
      idNamespace: undefined,
      rssiDbm: undefined
    })
    expect(source.deliveries).toHaveLength(2)
    expect(source.counters.errors).toBeGreaterThanOrEqual(3)
    await said(source, 'DataCloneError')
    const nowMs = systemClock.monotonicMs()
    for (const { monotonicMs } of source.deliveries) expect(nowMs - monotonicMs).toBeLessThan(60_000)
  })
})
