import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeGatewayView } from '../../test-support/fake-gateway-view.ts'
import { createVirtualClock, type VirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { createMetrics } from '../state/metrics.ts'
import type { AlarmView, Snapshot } from '../state/snapshot.ts'
import { startWeb, type WebServer } from './server.ts'
import { applyChange, type StateChange } from './state-change.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const alarm = (id: number): AlarmView => ({ id, type: 'TagAlert', key: 'demo:w01', source: 'demo', time: 0, atMono: 0 })

let clock: VirtualClock
let view: FakeGatewayView
let server: WebServer
const followers: Follower[] = []

/** A page, as far as the wire goes: a bare socket, so that a test can stop reading. */
class Follower {
  readonly socket: Socket
  text = ''
  closed = false

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('utf8')
    this.socket.on('data', (data: string) => {
      this.text += data
    })
    this.socket.on('close', () => {
      this.closed = true
    })
    this.socket.on('error', () => {})
    this.socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
    followers.push(this)
  }

  messages(event: string): unknown[] {
    const found = [...this.text.matchAll(/event: (\w+)\ndata: (.*)\n/g)]
    return found.filter((match) => match[1] === event).map((match) => JSON.parse(match[2] ?? ''))
  }
}

async function follow(): Promise<Follower> {
  const follower = new Follower(server.port)
  await waitFor('the whole state', () => follower.messages('state').length === 1)
  return follower
}

async function tick(follower: Follower): Promise<void> {
  const before = follower.messages('change').length
  clock.advanceSync(1000)
  await waitFor('a change', () => follower.messages('change').length === before + 1)
}

beforeEach(async () => {
  clock = createVirtualClock()
  view = new FakeGatewayView(clock)
  const metrics = createMetrics()
  server = await startWeb({ view, metrics, clock, log: silent, host: '127.0.0.1', port: 0, maxUnreadBytes: 64 * 1024 })
})

afterEach(async () => {
  for (const follower of followers.splice(0)) follower.socket.destroy()
  await server.close()
})

describe('/api/events', () => {
  it('gives the whole state, then only what changed, once a second', async () => {
    const follower = await follow()
    let state = follower.messages('state')[0] as Snapshot
    expect(state).toEqual(JSON.parse(JSON.stringify(view.snapshot())))
    view.setTag({ id: 'demo:w01', source: 'demo', seenMono: 5, alerts: [] })
    view.setTag({ id: 'demo:w02', source: 'demo', seenMono: 5, alerts: [] })
    await tick(follower)
    view.setTag({ id: 'demo:w02', source: 'demo', seenMono: 6, alerts: [] })
    await tick(follower)
    const changes = follower.messages('change') as StateChange[]
    expect(changes.map((change) => [Object.keys(change.set), change.tags.map((tag) => tag.id)])).toEqual([
      [[], ['demo:w01', 'demo:w02']],
      [[], ['demo:w02']]
    ])
    for (const change of changes) state = applyChange(state, change)
    expect(state).toEqual(JSON.parse(JSON.stringify(view.snapshot())))
  })

  it('lets a second page join in between, with the same result', async () => {
    const first = await follow()
    view.setTag({ id: 'demo:w01', source: 'demo', seenMono: 5, alerts: [] })
    await tick(first)
    const second = await follow()
    view.set({ problems: [{ code: 'CONFIG_INVALID', message: 'line 3' }] })
    await tick(second)
    const state = applyChange(second.messages('state')[0] as Snapshot, second.messages('change')[0] as StateChange)
    expect(state.tags.map((tag) => tag.id)).toEqual(['demo:w01'])
    expect(state.problems).toEqual([{ code: 'CONFIG_INVALID', message: 'line 3' }])
  })

  it('tells an alarm at once, without waiting for the second', async () => {
    const follower = await follow()
    view.raise(alarm(1))
    await waitFor('the alarm', () => follower.messages('alarm').length === 1)
    expect(follower.messages('change')).toEqual([])
  })

  it('does not let a flood of alarms through at once; the list comes with the second', async () => {
    const follower = await follow()
    for (let id = 1; id <= 500; id++) view.raise(alarm(id))
    await tick(follower)
    expect(follower.messages('alarm')).toHaveLength(20)
    expect((follower.messages('change')[0] as StateChange).set.alarms?.[0]?.id).toBe(500)
    view.raise(alarm(501))
    await waitFor('the next alarm', () => follower.messages('alarm').length === 21)
  })

  it('drops a page that does not read, and no other', async () => {
    const slow = await follow()
    const quick = await follow()
    slow.socket.pause()
    const changes = () => quick.messages('change').length
    for (let round = 0; round < 400 && !slow.closed; round++) {
      view.set({ problems: [{ code: `ROUND_${round}`, message: 'x'.repeat(200_000) }] })
      const before = changes()
      clock.advanceSync(1000)
      await waitFor('a change for the reader', () => changes() > before)
      quick.text = quick.text.slice(-1000)
      if (/tagward_web_streams_dropped_total 1\n/.test(await metricsText())) break
    }
    expect(await metricsText()).toMatch(/tagward_web_streams_dropped_total 1\n/)
    expect(await metricsText()).toMatch(/tagward_web_streams 1\n/)
    expect(quick.closed).toBe(false)
  })

  it('gives a page on a slow line the time that a large state takes', async () => {
    // More than the system takes in between the two ends.
    view.set({ problems: [{ code: 'LARGE', message: 'x'.repeat(24 * 2 ** 20) }] })
    const slow = new Follower(server.port)
    slow.socket.pause()
    await waitFor('the page to join', async () => /tagward_web_streams 1\n/.test(await metricsText()))
    for (let id = 1; id <= 3; id++) {
      view.setTag({ id: `demo:w0${id}`, source: 'demo', seenMono: 5, alerts: [] })
      clock.advanceSync(1000)
    }
    expect(await metricsText()).toMatch(/tagward_web_streams_dropped_total 0\n/)
    slow.socket.resume()
    await waitFor('the last change', () => slow.text.includes('"demo:w03"'))
    expect(slow.messages('state')).toHaveLength(1)
    expect(slow.messages('change')).toHaveLength(3)
  })

  it('runs nothing while nobody looks', async () => {
    const follower = await follow()
    expect(view.listeners).toBe(1)
    expect(clock.pendingTimers).toBe(2)
    follower.socket.destroy()
    await waitFor('the stream to stop', () => view.listeners === 0)
    expect(clock.pendingTimers).toBe(1)
  })

  it('has room for 32 pages and says so to the next', async () => {
    await Promise.all(Array.from({ length: 32 }, () => follow()))
    const answer = await fetch(`http://127.0.0.1:${server.port}/api/events`)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ error: { code: 'WEB_TOO_MANY_STREAMS' } })
  })

  it('ends when the server closes', async () => {
    const follower = await follow()
    await server.close()
    await waitFor('the end of the stream', () => follower.closed)
  })
})

async function metricsText(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()
}
