import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findChromium, launchChromium } from '../../test-support/chromium.ts'
import { FakeGatewayView, fakeSource } from '../../test-support/fake-gateway-view.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { createMetrics } from '../state/metrics.ts'
import type { AlarmView, TagView } from '../state/snapshot.ts'
import { startWeb, type WebServer } from './server.ts'

const executable = findChromium()
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const PHONE = { width: 360, height: 740 }
const DESK = { width: 1280, height: 800 }

describe.skipIf(executable === undefined && !process.env['CI'])('the page in Chromium (skipped where there is no Chromium)', () => {
  let browser: Browser
  let view: FakeGatewayView
  let server: WebServer
  let page: Page
  const mishaps: string[] = []

  beforeAll(async () => {
    if (executable === undefined) throw new Error('there is no Chromium: install it, or name one in the variable CHROMIUM')
    browser = await launchChromium(executable)
  })
  afterAll(() => browser?.close())

  beforeEach(async () => {
    mishaps.length = 0
    view = new FakeGatewayView(systemClock)
    server = await startWeb({ view, metrics: createMetrics(), clock: systemClock, log: silent, host: '127.0.0.1', port: 0 })
    setWorker('w01')
    setWorker('w02', { position: { x: 40, y: 8 } })
  })
  afterEach(async () => {
    await page?.context().close()
    await server.close()
  })

  const setWorker = (id: string, rest: Partial<TagView> = {}): void => {
    const now = systemClock.monotonicMs()
    const position = { x: 10, y: 20 }
    view.setTag({ id: `demo:${id}`, source: 'demo', name: `Worker ${id}`, position, seenMono: now, fixMono: now, alerts: [], ...rest })
  }
  const alert = (kind: 'sos' | 'fall' | 'low-battery') => ({ kind, atMono: systemClock.monotonicMs(), time: Date.now(), count: 1 })
  const raised = (id: number, kind: 'sos' | 'fall'): AlarmView => ({
    id,
    type: 'TagAlert',
    key: 'demo:w01',
    source: 'demo',
    time: Date.now(),
    atMono: systemClock.monotonicMs(),
    alert: { kind, edge: 'raised', count: 1, collapsed: false }
  })
  const mark = (id: string) => page.locator(`[data-tag="demo:${id}"]`)
  const centreOf = async (id: string) => {
    const box = await mark(id).boundingBox()
    return box === null ? undefined : { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  }
  // As text: this file is compiled without the browser's types.
  const styleOf = (id: string, part: '' | '::after', property: string) =>
    page.evaluate<string>(`getComputedStyle(document.querySelector('[data-tag="demo:${id}"]'), '${part}').${property}`)
  const shows = (text: string) => page.getByText(text).first().waitFor({ timeout: 10_000 })

  async function open(options: BrowserContextOptions = { viewport: DESK }): Promise<void> {
    const context = await browser.newContext(options)
    page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') mishaps.push(message.text())
    })
    page.on('pageerror', (error) => mishaps.push(error.message))
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== server.url) mishaps.push(`request to ${request.url()}`)
    })
    await page.goto(server.url)
    await mark('w01').waitFor()
  }

  it('glides tags from fix to fix, in the right direction', async () => {
    await open()
    const before = await centreOf('w01')
    setWorker('w01', { position: { x: 20, y: 25 } })
    await waitFor('the glide', () => mark('w01').evaluate((element) => element.getAnimations().length > 0))
    await waitFor('the end of the glide', () => mark('w01').evaluate((element) => element.getAnimations().length === 0))
    const after = await centreOf('w01')
    expect((after?.x ?? 0) - (before?.x ?? 0)).toBeGreaterThan(30)
    expect((after?.y ?? 0) - (before?.y ?? 0)).toBeLessThan(-15)
    expect(mishaps).toEqual([])
  })

  it('shows who is in danger in red and in words, says it aloud, and stops when it is over', async () => {
    await open()
    setWorker('w01', { alerts: [alert('sos')] })
    view.raise(raised(1, 'sos'))
    await page.getByText('1 person may be in danger').waitFor()
    expect(await mark('w01').getAttribute('data-alert')).toBe('danger')
    expect(await mark('w01').getAttribute('aria-label')).toMatch(/^Worker w01, SOS/)
    expect(await styleOf('w01', '::after', 'animationName')).toBe('pulse')
    const alarmText = page.getByRole('alert')
    await waitFor('the announcement', async () => (await alarmText.textContent()) === 'SOS: demo:w01')
    expect(await page.title()).toContain('1 person may be in danger')
    setWorker('w01')
    await page.getByText('1 person may be in danger').waitFor({ state: 'detached' })
    expect(mishaps).toEqual([])
  })

  it('walks a selected worker with the arrow keys, as long as they are held', async () => {
    await open()
    await mark('w01').focus()
    await page.keyboard.down('ArrowRight')
    await waitFor('several steps', () => view.commands.length >= 3)
    await page.keyboard.up('ArrowRight')
    const payloads = view.commands.map(({ command }) => command.payload)
    expect(new Set(view.commands.map(({ sourceId, target }) => `${sourceId}/${target}`))).toEqual(new Set(['demo/w01']))
    for (const payload of payloads) expect(payload).toEqual({ action: 'walk', dxM: expect.closeTo(0.4), dyM: 0 })
    await page.keyboard.press('ArrowUp')
    await waitFor('a step up', () => view.commands.at(-1)?.command.payload?.['dyM'] !== 0)
    expect(view.commands.at(-1)?.command.payload?.['dyM']).toBeGreaterThan(0)
    // Released: whoever is selected afterwards gets no step that was meant for the first.
    await mark('w02').click()
    await page.keyboard.press('ArrowLeft')
    await waitFor('a step of the other', () => view.commands.at(-1)?.target === 'w02')
    const steps = view.commands.filter(({ target }) => target === 'w02').map(({ command }) => command.payload)
    expect(new Set(steps.map((payload) => Math.sign(Number(payload?.['dxM']))))).toEqual(new Set([-1]))
    expect(new Set(steps.map((payload) => payload?.['dyM']))).toEqual(new Set([0]))
    expect(mishaps).toEqual([])
  })

  it('reaches every worker by Tab alone', async () => {
    await open()
    const reached = new Set<string>()
    for (let press = 0; press < 12; press++) {
      await page.keyboard.press('Tab')
      const tag = await page.evaluate<string | null>("document.activeElement.getAttribute('data-tag')")
      if (tag) reached.add(tag)
    }
    expect(reached).toEqual(new Set(['demo:w01', 'demo:w02']))
  })

  it('presses SOS, drops, switches off and on, and says what became of it', async () => {
    await open()
    await page.getByRole('combobox', { name: 'Worker' }).selectOption('Worker w02')
    for (const name of ['SOS', 'Drop', 'Tag off', 'Tag on']) await page.getByRole('button', { name, exact: true }).click()
    await waitFor('four commands', () => view.commands.length === 4)
    expect(view.commands.map(({ command }) => command.payload?.['action'])).toEqual(['sos', 'drop', 'off', 'on'])
    await shows('Tag switched on')
    view.outcome = { stage: 'failed', code: 'X', why: 'the simulator has stopped' }
    await page.getByRole('button', { name: 'Drop', exact: true }).click()
    await shows('Not done: the simulator has stopped')
  })

  it('offers no steering where there is nothing to steer', async () => {
    view.set({ sources: [fakeSource('demo')] })
    await open()
    await mark('w01').click()
    await page.keyboard.press('ArrowRight')
    await shows('Last heard')
    expect(await page.locator('#steering').count()).toBe(0)
    expect(view.commands).toEqual([])
  })

  it.each([
    ['phone', PHONE],
    ['desk', DESK]
  ])('fits a %s in its worst state, with targets for gloves', async (_name, viewport) => {
    const { uplink, storage, gateway } = view.snapshot()
    const lastError = { code: 'LINK_OPEN_FAILED', message: `cannot reach mqtt://${'a-long-name.'.repeat(12)}example:1883`, atMono: 0 }
    view.set({
      sources: [fakeSource('demo', { steerable: true }), fakeSource('a-source-with-a-long-name', { health: 'down', lastError })],
      uplink: {
        ...uplink,
        configured: true,
        brokers: ['kafka-1.plant.example:9092', 'kafka-2.plant.example:9092'],
        reachable: false,
        lastError: 'connect ECONNREFUSED',
        differences: [{ topic: 'site.tag-movement', setting: 'message.timestamp.type', expected: 'LogAppendTime', actual: 'CreateTime' }],
        setAside: 2
      },
      storage: { ...storage, state: 'full', error: 'SQLITE_FULL: database or disk is full', freeBytes: 4096 },
      gateway: { ...gateway, clockQuality: 'unset' },
      problems: [{ code: 'CONFIG_INVALID', message: 'tagward.yaml:14:7: sources.hall.port: expected a number' }],
      alarms: [raised(1, 'fall')]
    })
    setWorker('w01', { alerts: [alert('fall')] })
    await open({ viewport })
    await mark('w01').focus()
    await shows('Disk full: new events are not being stored')
    await shows('tagward.yaml:14:7: sources.hall.port: expected a number')
    await shows('The clock of the gateway is not set')
    await shows('connect ECONNREFUSED')
    await shows('message.timestamp.type is CreateTime, should be LogAppendTime')
    await shows('2 records that Kafka will never take')
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width)
    for (const button of await page.locator('button, select, summary').all()) {
      const box = await button.boundingBox()
      if (box === null) continue
      expect(Math.min(box.width, box.height), await button.innerText()).toBeGreaterThanOrEqual(24)
    }
    expect(mishaps).toEqual([])
  })

  it('tells a log that cannot be written from a full disk', async () => {
    view.set({ storage: { ...view.snapshot().storage, state: 'failing', error: 'EIO: i/o error' } })
    await open()
    await shows('The log cannot be written')
    await shows('Reason: EIO: i/o error')
    view.set({ storage: { ...view.snapshot().storage, state: 'ok', error: null } })
    await page.getByText('The log cannot be written').waitFor({ state: 'detached' })
  })

  it('says that it has lost the gateway, and finds it again by itself', async () => {
    await open()
    const { port } = server
    await server.close()
    await shows('No connection to the gateway')
    server = await startWeb({ view, metrics: createMetrics(), clock: systemClock, log: silent, host: '127.0.0.1', port })
    await page.getByText('No connection to the gateway').waitFor({ state: 'detached' })
    await shows('Live')
  })

  it('takes text from outside as text', async () => {
    const evil = '<img src=x onerror="document.title=1">'
    setWorker('w03', { name: evil, position: { x: 5, y: 5 } })
    view.set({ problems: [{ code: 'X', message: evil }] })
    await open()
    await mark('w03').waitFor()
    expect(await page.locator('.verbatim').first().textContent()).toBe(evil)
    expect(await page.locator('img').count()).toBe(0)
  })

  it('keeps still for those who ask for it', async () => {
    setWorker('w01', { alerts: [alert('sos')] })
    await open({ viewport: DESK, reducedMotion: 'reduce' })
    const style = [await styleOf('w01', '', 'transitionDuration'), await styleOf('w01', '::after', 'animationName')]
    expect(style).toEqual(['0s', 'none'])
  })

  it('shows a tag of another system in a picture of its own', async () => {
    view.setTag({ id: 'hall:7', source: 'hall', seenMono: systemClock.monotonicMs(), position: { x: 3, y: 4 }, alerts: [] })
    await open()
    expect(await page.locator('[data-tag="hall:7"]').count()).toBe(0)
    await page.getByRole('button', { name: /^hall/ }).click()
    await page.locator('[data-tag="hall:7"]').waitFor()
    expect(await mark('w01').count()).toBe(0)
  })
})
