import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { type GatewayProcess, startGateway } from '../../test-support/stand/gateway-process.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Snapshot } from '../state/snapshot.ts'

let folder: string
let gateway: GatewayProcess | undefined
const file = (): string => join(folder, 'tagward.yaml')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagward-live-'))
})
afterEach(async () => {
  await gateway?.stop()
  gateway = undefined
  rmSync(folder, { recursive: true, force: true })
})

async function start(config: object): Promise<GatewayProcess> {
  const [webPort = 0] = await freePorts(1)
  gateway = await startGateway({ folder, config: { site: 'test', ...config }, webPort })
  return gateway
}
const edit = (change: (text: string) => string): void => writeFileSync(file(), change(readFileSync(file(), 'utf8')))
const until = (running: GatewayProcess, what: string, condition: (state: Snapshot) => boolean): Promise<boolean> =>
  waitFor(what, async () => condition(await running.state()))

describe('a configuration edited while the gateway runs', () => {
  it('takes over sources without touching the others, refuses a mistake with its place, and recovers', async () => {
    const running = await start({ sources: { a: { driver: 'simulator', workers: 2 } } })
    await until(running, 'tags of a', ({ tags }) => tags.length === 2)
    const before = (await running.state()).sources[0]?.counters.readings ?? 0

    edit((text) => text.replace('"sources": {', '"sources": { "b": { "driver": "simulator", "workers": 3, "seed": 9 },'))
    await until(running, 'source b', ({ sources }) => sources.some(({ id, health }) => id === 'b' && health === 'up'))
    const a = (await running.state()).sources.find(({ id }) => id === 'a')
    expect(a?.counters.readings).toBeGreaterThanOrEqual(before)

    edit((text) => text.replace('"workers": 3', '"wrokers": 3'))
    await until(running, 'the mistake on the page', ({ problems }) =>
      problems.some(({ message }) => /tagward\.yaml:\d+:\d+.*workers/.test(message))
    )
    expect((await running.state()).sources.map(({ health }) => health)).toEqual(['up', 'up'])
    await waitFor('the mistake in the log', () => running.output().includes('wrokers'))

    edit((text) => text.replace('"wrokers": 3', '"workers": 3'))
    await until(running, 'the mistake to go', ({ problems }) => problems.length === 0)
  })

  it('goes on under what it was started with until the restart that a section waits for, and says so as long as it waits', async () => {
    const running = await start({ sources: {} })
    edit((text) => text.replace('"test"', '"other"'))
    const waiting = ({ problems }: Snapshot): boolean =>
      problems.some(({ code, message }) => code === 'CONFIG_RESTART' && /: site$/.test(message))
    await until(running, 'what waits', waiting)
    edit((text) => text.replace('"sources": {', '"sources": { "a": { "driver": "simulator" }'))
    await until(running, 'source a', ({ sources }) => sources.length === 1)
    await until(running, 'what still waits', waiting)
    expect((await running.state()).gateway.site).toBe('test')
    edit((text) => text.replace('"other"', '"test"'))
    await until(running, 'nothing to wait', ({ problems }) => problems.length === 0)
  })

  it('comes and goes with Kafka without touching the backlog', async () => {
    const running = await start({ sources: { a: { driver: 'simulator', workers: 5, ratePerSecond: 5 } } })
    await until(running, 'a backlog', ({ lanes }) => lanes.telemetry.backlog > 20)
    edit((text) => text.replace('"site"', '"kafka": { "brokers": ["127.0.0.1:1"] }, "site"'))
    await until(
      running,
      'an unreachable Kafka',
      ({ uplink }) => uplink.configured && uplink.reachable === false && uplink.lastError !== null
    )
    const { lanes } = await running.state()
    expect(lanes.telemetry.backlog).toBeGreaterThan(20)
    edit((text) => text.replace('"kafka": { "brokers": ["127.0.0.1:1"] }, ', ''))
    await until(running, 'no Kafka', ({ uplink }) => !uplink.configured)
    expect((await running.state()).lanes.telemetry.backlog).toBeGreaterThanOrEqual(lanes.telemetry.backlog)
  })
})

describe('starting', () => {
  it('keeps id, epoch and sequences over a restart', async () => {
    const first = await start({ sources: { a: { driver: 'simulator' } } })
    await until(first, 'events', ({ lanes }) => lanes.telemetry.durableSequence > 5)
    await first.kill()
    const second = await start({ sources: {} })
    const state = await second.state()
    expect(state.lanes.telemetry.durableSequence).toBeGreaterThan(5)
    const [webPort = 0] = await freePorts(1)
    await second.stop()
    gateway = await startGateway({ folder, config: { site: 'test', sources: {} }, webPort })
    expect((await gateway.state()).gateway).toMatchObject({ id: state.gateway.id, epoch: state.gateway.epoch })
  })

  it('begins a new epoch when it goes by another id, and tells of that', async () => {
    const first = await start({ gateway: { id: 'hall-1' }, sources: { a: { driver: 'simulator' } } })
    await until(first, 'events', ({ lanes }) => lanes.telemetry.durableSequence > 5)
    const before = (await first.state()).gateway
    await first.stop()
    const second = await start({ gateway: { id: 'hall-2' } })
    const { gateway: shown, alarms } = await second.state()
    expect(shown.id).toBe('hall-2')
    expect(Number(shown.epoch)).toBeGreaterThan(Number(before.epoch))
    expect(alarms.filter(({ gap }) => gap?.reason === 'gateway-changed')).toHaveLength(2)
  })

  it('writes its id down again from the log when the file is lost', async () => {
    const first = await start({ sources: {} })
    const { gateway: before } = await first.state()
    await first.stop()
    const idFile = join(folder, 'data', 'gateway-id')
    rmSync(idFile)
    const second = await start({ sources: {} })
    expect((await second.state()).gateway).toMatchObject({ id: before.id, epoch: before.epoch })
    expect(readFileSync(idFile, 'utf8')).toBe(`${before.id}\n`)
    expect(second.output()).toMatch(/gateway-id was lost/)
  })

  it('says in one clear line that the port is taken, and ends', async () => {
    const [port = 0] = await freePorts(1)
    const taker = createServer().listen(port, '127.0.0.1')
    try {
      await expect(startGateway({ folder, config: { site: 'test' }, webPort: port })).rejects.toThrow(new RegExp(`port ${port} is taken`))
    } finally {
      taker.close()
    }
  })

  it('ends with 2 and the place of the mistake when the configuration is wrong', async () => {
    await expect(start({ sorces: {} })).rejects.toThrow(
      /ended with 2[\s\S]*tagward\.yaml:\d+:\d+: sorces: unknown key; did you mean sources/
    )
  })
})
