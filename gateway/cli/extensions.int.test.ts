import type { ChildProcess } from 'node:child_process'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { codecModule, createExtensionFolder, driverModule, type ExtensionFolder } from '../../test-support/extension-folder.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { runCliProcess, startCli } from '../../test-support/run-cli.ts'
import { waitFor as waitForWithin } from '../../test-support/wait-for.ts'
import type { AlarmView, Snapshot } from '../state/snapshot.ts'
import { runCli } from './main.ts'

const EXAMPLE = readFileSync('examples/extension/acme-badge.js', 'utf8')
/** A limit, never a criterion of speed: the processes of this file start beside everything else that is tested. */
const LIMIT_MS = 180_000
vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS })
const waitFor = <T>(what: string, condition: () => T | Promise<T>) => waitForWithin(what, condition, LIMIT_MS / 2)

const SOS_LINE = '@4D18,1250,-340,87,1*5B\n'

let folder: ExtensionFolder
let gate: Server
let gatePort: number
const clients = new Set<Socket>()

beforeAll(async () => {
  folder = createExtensionFolder()
  gate = createServer((socket) => {
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
  const address = gate.address()
  gatePort = typeof address === 'object' ? (address?.port ?? 0) : 0
  folder.write('extensions/acme-badge.js', EXAMPLE)
  folder.write('extensions/bad-import.mjs', "import 'nowhere-to-be-found'")
  folder.write('extensions/bad-syntax.mjs', 'export const tagward = }')
  folder.write(
    'extensions/crashes.mjs',
    driverModule(
      'crashes',
      `start = async () => { deliver([{ tag: 'last-words', moving: true }]); setTimeout(() => { throw new Error('boom') }, 20) }`
    )
  )
  folder.write(
    'extensions/stray.mjs',
    `${codecModule('stray', "return kit.ignored('x')")}\nsetTimeout(() => { throw new Error('left running') }, 50)\n`
  )
  folder.write('node_modules/acme-package/package.json', '{"name": "acme-package", "type": "module", "exports": "./lib/index.js"}')
  folder.write('node_modules/acme-package/lib/index.js', "export { tagward as default } from './driver.js'\n")
  folder.write(
    'node_modules/acme-package/lib/driver.js',
    driverModule(
      'acme-package',
      `start = async () => { setInterval(() => deliver([{ tag: 'p1', temperatureDegC: 21.5, batteryPct: 900 }]), 50) }`
    )
  )
  folder.write('tagward.yaml', await config())
})
afterAll(async () => {
  for (const socket of clients) socket.destroy()
  await new Promise((resolve) => gate.close(resolve))
  folder.remove()
})

let webPort = 0
async function config(): Promise<string> {
  webPort = (await freePorts(1))[0] ?? 0
  return `site: demo
dataDir: ./data
web: {port: ${webPort}}
extensions: [./extensions, acme-package]
sources:
  gate: {driver: acme-gate, protocol: acme-badge, host: 127.0.0.1, port: ${gatePort}}
  package: {driver: acme-package}
  crashes: {driver: crashes}
  lost: {driver: mended-later}
  walkers: {driver: simulator, workers: 2}
`
}

const tagward = (...argv: readonly string[]) => runCliProcess(argv, { cwd: folder.path })
const state = async (): Promise<Snapshot> => (await (await fetch(`http://127.0.0.1:${webPort}/api/state`)).json()) as Snapshot
const health = async (id: string): Promise<string | undefined> => (await state()).sources.find((source) => source.id === id)?.health

describe('a gateway with extensions, good and broken', () => {
  let gateway: ChildProcess
  let output = ''
  beforeAll(() => {
    const child = startCli(['run'], { cwd: folder.path })
    child.stdout.on('data', (text) => {
      output += String(text)
    })
    child.stderr.on('data', (text) => {
      output += String(text)
    })
    gateway = child
  })
  afterAll(async () => {
    if (gateway.exitCode !== null) return
    gateway.kill('SIGKILL')
    await once(gateway, 'exit')
  })

  it('runs with what is good, and says what is not', async () => {
    await waitFor('the page', async () => (await state()).problems.length > 0)
    const { problems } = await state()
    expect(problems.map(({ code, message }) => `${code} ${message.replaceAll(folder.path, '')}`)).toEqual([
      expect.stringMatching(
        /^CONFIG_INCOMPLETE .*tagward\.yaml:4:14: extensions\[0\]: cannot be loaded: \/extensions\/bad-import\.mjs: .*nowhere-to-be-found/
      ),
      expect.stringMatching(
        /^CONFIG_INCOMPLETE .*tagward\.yaml:4:14: extensions\[0\]: cannot be loaded: \/extensions\/bad-syntax\.mjs: .*SyntaxError/
      ),
      expect.stringMatching(/^CONFIG_INCOMPLETE .*tagward\.yaml:9:18: sources\.lost\.driver: there is no driver "mended-later"/)
    ])
  })

  it("takes the example's tags for what they are, and keeps its neighbours out of the way", async () => {
    await waitFor('the gate is asked', () => clients.size > 0)
    for (const socket of clients) socket.write(SOS_LINE)
    const isSos = ({ alert }: AlarmView): boolean => alert?.kind === 'sos'
    const { alarms, tags } = await waitFor('the badge and the others are seen', async (): Promise<Snapshot | undefined> => {
      const now = await state()
      const ids = now.tags.map(({ id }) => id)
      return ['gate:4d18', 'package:p1', 'crashes:last-words'].every((id) => ids.includes(id)) && now.alarms.some(isSos) ? now : undefined
    })
    expect(tags.find(({ id }) => id === 'gate:4d18')).toMatchObject({ source: 'gate', position: { x: 12.5, y: -3.4 }, batteryPct: 87 })
    expect(alarms.find(isSos)).toMatchObject({ key: 'gate:4d18', alert: { edge: 'raised' } })
    await waitFor('the walkers walk', async () => (await health('walkers')) === 'up')
    await waitFor('the driver that crashes is down', async () => (await health('crashes')) === 'down')
    const { sources } = await state()
    expect(sources.find(({ id }) => id === 'crashes')?.lastError).toMatchObject({
      code: 'DRIVER_EXCEPTION',
      message: expect.stringContaining('boom')
    })
    expect(sources.find(({ id }) => id === 'lost')).toMatchObject({ health: 'down', lastError: { code: 'EXTENSION_UNAVAILABLE' } })
    expect(sources.find(({ id }) => id === 'package')).toMatchObject({ health: 'up' })
    expect(sources.find(({ id }) => id === 'package')?.counters.errors).toBeGreaterThan(0)
    await waitFor('the exception of what was left running is told', () => output.includes('threw where nobody could catch it'))
    expect(gateway.exitCode).toBeNull()
  })

  it('takes over an extension that was mended, and restarts nothing else', async () => {
    const before = (await state()).gateway.startedMono
    folder.write(
      'extensions/bad-syntax.mjs',
      driverModule('mended-later', `start = async () => { deliver([{ tag: 'm1', moving: true }]) }`)
    )
    await waitFor('the source is up', async () => (await health('lost')) === 'up')
    const { gateway: info, problems, tags } = await state()
    expect(info.startedMono).toBe(before)
    expect(tags.map(({ id }) => id)).toContain('lost:m1')
    expect(problems).toHaveLength(1)
    expect(clients.size).toBe(1)
  })

  it('stops in good order, with their events in the log', async () => {
    gateway.kill('SIGTERM')
    await once(gateway, 'exit')
    expect(gateway.exitCode).toBe(0)
    const { stdout } = await tagward('log', 'export')
    const events = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { type: string; key: string; source: string; data: Record<string, unknown> })
    const ofGate = events.filter(({ key }) => key === 'gate:4d18')
    expect(ofGate.find(({ type }) => type === 'TagMovement')?.data).toMatchObject({ position: { x: 12.5, y: -3.4 } })
    expect(ofGate.find(({ type }) => type === 'TagAlert')?.data).toMatchObject({ kind: 'sos', edge: 'raised' })
    expect(events.find(({ key, type }) => key === 'package:p1' && type === 'TagInfo')?.data).toMatchObject({ temperatureDegC: 21.5 })
    expect(events.some(({ data }) => data['batteryPct'] === 900)).toBe(false)
    for (const event of events) expect(Number.isInteger((event as unknown as { time: number }).time)).toBe(true)
  })
})

describe('the command line with extensions', () => {
  /** In this process, which has everything loaded already. */
  async function printed(...argv: readonly string[]): Promise<{ code: number; text: string }> {
    let text = ''
    const out = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      text += String(chunk)
      return true
    })
    try {
      return { code: await runCli(argv), text }
    } finally {
      out.mockRestore()
    }
  }
  const example = () => join(folder.path, 'extensions/acme-badge.js')

  it('decodes and lists their protocols', async () => {
    const options = { cwd: folder.path, input: `${SOS_LINE}\n@4D18,1250,-340,87,1*5C\n` }
    const decoded = await runCliProcess(['decode', '--protocol', 'acme-badge', '--extension', './extensions/acme-badge.js'], options)
    expect([decoded.code, decoded.stderr]).toEqual([0, ''])
    expect(decoded.stdout.split('\n')[0]).toContain('"position":{"x":12.5,"y":-3.4}')
    expect(decoded.stdout).toContain('FRAME_CHECKSUM')
    expect((await printed('decode', '--list', '--extension', example())).text).toContain(
      '{"name":"acme-badge","transport":"serial","title":"ACME badges, text lines"}'
    )
  })

  it('checks them with the configuration', async () => {
    const { code, stderr } = await tagward('check-config', 'tagward.yaml')
    expect(stderr).toContain('bad-import.mjs: loading it threw Error: Cannot find package')
    expect(code).toBe(2)
    const good = folder.write('good.yaml', 'site: demo\nextensions: [acme-package]\nsources: {a: {driver: acme-package, text: x}}\n')
    expect(await printed('check-config', good)).toEqual({ code: 0, text: expect.stringContaining('good: 1 of 1 sources enabled') })
  })

  it('shows what they bring: as a page, as JSON, as a schema', async () => {
    const page = await printed('extensions', example())
    expect(page.code).toBe(0)
    expect(page.text).toContain('#### driver: acme-gate')
    expect(page.text).toContain('| `port` | whole number, 1 to 65535 | `4001` | TCP port of the gate |')
    expect(page.text).toMatch(/#### protocol: acme-badge\n\nACME badges, text lines\. Travels by serial, udp; drivers: .*`acme-gate`/)
    expect(page.text).toContain('| `lowBatteryPct` |')
    const json = await printed('extensions', '--json', join(folder.path, 'node_modules/acme-package'))
    expect(JSON.parse(json.text)).toEqual([
      expect.objectContaining({ drivers: [{ kind: 'acme-package', title: 'Made for a test', carries: [] }] })
    ])
    const schema = await printed('extensions', '--schema', '--config', join(folder.path, 'good.yaml'))
    expect(schema.text).toContain('"acme-package"')
  })
})

it("passes the example's own tests, by the public kit and Node's own runner", () => {
  const { status, stdout } = spawnSync(process.execPath, ['--test', join(process.cwd(), 'examples/extension')], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' }
  })
  expect(stdout).toContain('# fail 0')
  expect(stdout).toMatch(/# pass (?:2\d|[3-9]\d)/)
  expect(status).toBe(0)
})
