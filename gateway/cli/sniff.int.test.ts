import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeDetection } from '../../drivers/detect/describe.ts'
import type { Detection, Finding } from '../../drivers/detect/detection.ts'
import {
  captureSource,
  messageSource,
  mqttSource,
  type ProposedSource,
  proposeConfig,
  recordingSource,
  serialSource,
  travelsOver
} from '../../drivers/detect/propose-source.ts'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { CODECS, findCodec } from '../../firmware-protocols/registry.ts'
import { streamOf } from '../../test-support/codec-stream.ts'
import { SeededRandom } from '../../test-support/fuzz/seeded-random.ts'
import { openPtyPair } from '../../test-support/pty.ts'
import { runCliProcess, startCli } from '../../test-support/run-cli.ts'
import { startSerialPeer } from '../../test-support/serial-peer.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { installedConfigSchema } from '../config/installed-schema.ts'
import { parseConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { sniffCommand } from './sniff.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tagward-sniff-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

function framesOf(protocol: string, count: number): Uint8Array {
  const codec = findCodec(protocol)
  if (codec === undefined) throw new Error(`no protocol ${protocol}`)
  return streamOf(codec, new SeededRandom(9), count)
}

describe('sniff', () => {
  it('says what a file holds, and the source to paste, which check-config takes', async () => {
    const file = join(folder, 'hall.bin')
    await writeFile(file, framesOf('nooploop-nlink', 80))
    const { code, stdout, stderr } = await runCliProcess(['sniff', file])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Nooploop LinkTrack, NLink frames \[nooploop-nlink\], .*: \d+ frames, 100 % checksums, \d+ tags heard\n/)
    const yaml = stdout.slice(stdout.indexOf('sources:'))
    expect(await parseConfig(`site: hall\n${yaml}`, 'tagward.yaml', { schema: installedConfigSchema() })).toMatchObject({ ok: true })
  })

  it('is one JSON object for programs, in which it says what it saw instead, and ends with 1', async () => {
    const file = join(folder, 'letter.txt')
    await writeFile(file, 'Dear installer, there are no tags in this letter.\n'.repeat(20))
    const { code, stdout } = await runCliProcess(['sniff', file, '--json'])
    expect(code).toBe(1)
    const detection = JSON.parse(stdout) as Detection
    expect(detection).toMatchObject({ version: 1, target: file, kind: 'file', outcome: 'unknown', findings: [] })
    expect(Object.keys(detection)).toEqual('version target kind outcome findings possible heard notes interrupted'.split(' '))
    expect(describeDetection(detection).join('\n')).toContain('readable text, so the speed is right, but of no protocol that is known')
  })

  it('finds a device on a port, tells on stderr what it does, and lets go of the port at Ctrl-C', async () => {
    const pair = await openPtyPair()
    const stream = framesOf('trek1000-range', 6)
    const peer = await startSerialPeer(pair, { baudRate: 460_800 }, () => stream)
    try {
      const { code, stdout, stderr } = await runCliProcess(['sniff', pair.port, '--baud', '115200', '--baud', '460800', '--seconds', '1'])
      expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringContaining('[trek1000-range]')])
      expect(stdout).toContain('baudRate: 460800')
      expect(stderr).toContain('tagward sniff: listening at 460800 baud …')
      await peer.stop()
      const silent = startCli(['sniff', pair.port, '--baud', '9600', '--seconds', '600'])
      let said = ''
      silent.stderr.on('data', (text: Buffer) => {
        said += text.toString()
      })
      await waitFor('it listens', () => said.includes('listening at 9600 baud'))
      silent.kill('SIGINT')
      const [exitCode] = (await once(silent, 'exit')) as [number]
      expect(exitCode).toBe(1)
    } finally {
      await peer.stop()
      await pair.close()
    }
  })

  it.each([
    [[], 'what to listen to is missing'],
    [['a', 'b'], '"b" is a second one'],
    [['NONE'], 'is neither a file, nor a port, nor the URL of a broker'],
    [['FOLDER'], 'is a directory'],
    [['FILE', '--probe'], '--probe goes with a port'],
    [['/dev/ttyUSB99', '--topic', 'x'], '--topic goes with a broker'],
    [['/dev/ttyUSB99', '--baud', 'fast'], '--baud takes a whole number'],
    [['FILE', '--seconds', '1'], '--seconds goes with a port or a broker'],
    [['/dev/ttyUSB99', '--seconds', '0'], '--seconds takes a number'],
    [['mqtt://u:geheim@h'], 'the URL must not hold user and password'],
    [['mqtt://127.0.0.1:1', '--topic', 'a/#/b'], '--topic "#" must be the last level'],
    [['mqtt://127.0.0.1:1', '--ca', 'FILE'], '--ca has no effect with this url'],
    [['mqtt://127.0.0.1:1', '--password-file', 'FILE'], 'a password goes with --username'],
    [['mqtt://127.0.0.1:1', '--username', 'u', '--password-env', 'TAGWARD_NOT_SET'], 'TAGWARD_NOT_SET is not set'],
    [['mqtt://127.0.0.1:1', '--username', 'u', '--password-file', 'NONE'], 'cannot be read']
  ])('says what is wrong with %j', async (argv, message) => {
    const file = join(folder, 'x.bin')
    await writeFile(file, 'x')
    const named = argv.map((word) => ({ FILE: file, FOLDER: folder, NONE: join(folder, 'none') })[word] ?? word)
    const refusal: unknown = await sniffCommand.run(named).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'CLI_USAGE', message: expect.stringContaining(message) })
    expect(String(refusal)).not.toContain('geheim')
  })

  it('ends with 2 where a port cannot be opened, and says why', async () => {
    const { code, stdout, stderr } = await runCliProcess(['sniff', '/dev/ttyUSB99'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('[PORT_NOT_FOUND]')
  })
})

const found = (codec: Codec, more: Partial<Finding> = {}): Finding => ({
  protocol: codec.protocol,
  title: codec.title,
  frames: 100,
  damagedFrames: 0,
  kinds: {},
  tagCount: 2,
  tags: ['a', 'b'],
  explainedShare: 1,
  score: 1,
  why: 'explains 100 % of the bytes by 100 frames',
  alternatives: [],
  keysNeededFor: ['5448e68f80a5'],
  ...more
})

/** What the program itself says of a configuration in which the proposal was pasted; empty: it takes it. */
async function problemsOf(sources: readonly ProposedSource[]): Promise<readonly string[]> {
  const { config, configYaml } = proposeConfig(sources)
  const env = { SITE_PASSWORD: 'geheim' }
  const pasted = await parseConfig(`site: hall\n${configYaml}`, 'tagward.yaml', { schema: installedConfigSchema(), env })
  const asData = await parseConfig(JSON.stringify({ site: 'hall', ...config }, null, 1), 'tagward.yaml', {
    schema: installedConfigSchema(),
    env
  })
  return [pasted, asData].flatMap((result) => (result.ok ? [] : result.problems.map(formatProblem)))
}

describe.each(CODECS)('what is proposed for $protocol', (codec) => {
  const line = { baudRate: 9600, dataBits: 7, parity: 'even' } as const

  it.runIf(travelsOver(codec, 'serial'))('on a port is taken by check-config', async () => {
    const port = '/dev/serial/by-id/usb-SEGGER_J-Link_000760123456-if00'
    expect(await problemsOf([serialSource(found(codec, { line }), CODECS, port)])).toEqual([])
    expect(
      await problemsOf([serialSource(found(codec, { tagCount: 0, line: { dataBits: 8, parity: 'none' } }), CODECS, 'tcp://192.0.2.7:4001')])
    ).toEqual([])
    expect(await problemsOf([captureSource(found(codec), CODECS)])).toEqual([])
    expect(await problemsOf([serialSource(found(codec), CODECS, port, { poll: { intervalS: 0 } })])).toEqual([])
  })

  it.runIf(travelsOver(codec, 'mqtt'))('at a broker is taken by check-config', async () => {
    const access = { username: 'u', passwordReference: '$'.concat('{SITE_PASSWORD}'), url: 'mqtt://192.0.2.7:1883' }
    const topics = ['dwm/node/+/uplink/#', '/gw/+/status', 'with blank/and: colon/#']
    expect(await problemsOf([mqttSource(found(codec, { topics, mqttVersion: '3.1.1' }), CODECS, access)])).toEqual([])
  })

  it.runIf(['mqtt', 'udp', 'websocket', 'http', 'ble'].includes(codec.transport))(
    'of messages in a file is taken by check-config',
    async () => {
      expect(await problemsOf([messageSource(found(codec), CODECS)])).toEqual([])
    }
  )

  it.runIf(!travelsOver(codec, 'lorawan'))('of a recording is taken by check-config', async () => {
    expect(await problemsOf([recordingSource(found(codec), CODECS, './a: b #c.tagrec')])).toEqual([])
  })
})

it('several sources get names of their own', async () => {
  const pans = CODECS.find(({ protocol }) => protocol === 'dwm1001-pans-mqtt')
  if (pans === undefined) throw new Error('no such protocol')
  const source = mqttSource(found(pans, { topics: ['a/#'] }), CODECS, { url: 'mqtt://192.0.2.7' })
  expect(Object.keys(proposeConfig([source, source]).config.sources)).toEqual(['dwm1001-pans-mqtt', 'dwm1001-pans-mqtt-2'])
  expect(await problemsOf([source, source])).toEqual([])
})
