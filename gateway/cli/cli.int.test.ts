import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DRIVERS } from '../../drivers/catalogue.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { runCliProcess, startCli } from '../../test-support/run-cli.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { movement, openTestLog } from '../log/log-test-support.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tagward-cli-'))
})
afterAll(async () => await rm(directory, { recursive: true }))

const lines = (text: string): readonly Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('the command as such', () => {
  it('lists its commands and exit codes', async () => {
    const { code, stdout, stderr } = await runCliProcess(['--help'])
    expect([code, stderr]).toEqual([0, ''])
    for (const name of ['run', 'check-config', 'decode', 'extensions', 'georeference', 'log', 'simulate', 'sniff', 'verify', 'version'])
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    expect(stdout).toContain('Exit codes: 0 ')
  })

  it('says what is wrong with a call, and ends with 2', async () => {
    const cases: readonly [readonly string[], string][] = [
      [[], 'Usage: tagward <command>'],
      [['decdoe'], 'tagward: there is no command "decdoe"; did you mean decode? (see tagward --help)'],
      [
        ['decode', '--protokol', 'x'],
        'tagward decode: there is no option --protokol; did you mean --protocol? (see tagward decode --help)'
      ],
      [['decode'], 'tagward decode: --protocol is missing'],
      [['decode', '--protocol', 'nmea'], 'there is no protocol "nmea"; did you mean nmea0183?'],
      [['log', 'tial'], 'tagward log: there is no action "tial"; did you mean tail?'],
      [['log', 'export', '--data', '/tmp', '--from', 'noon'], '--from takes a time such as 2026-11-20T09:30:00Z'],
      [['log', 'tail', '--data', '/tmp', '--type', 'TagMovment'], 'there is no event type "TagMovment"; did you mean TagMovement?'],
      [['check-config'], 'the file is missing, such as tagward check-config tagward.yaml'],
      [['run', 'tagward.yaml'], '"tagward.yaml" is not expected here; the configuration is named by --config FILE'],
      [['simulate', '--mqtt', 'mqtt://u:geheim@h'], '--mqtt takes no user and password'],
      [['simulate', '--rate', 'fast'], '--rate takes a number from 0.05 to 50'],
      [['verify'], '--brokers is missing']
    ]
    const results = await Promise.all(cases.map(async ([argv]) => await runCliProcess(argv)))
    for (const [index, [argv, message]] of cases.entries()) {
      expect(results[index]?.code, argv.join(' ')).toBe(2)
      expect(results[index]?.stderr).toContain(message)
      expect(results[index]?.stdout).toBe('')
      expect(results[index]?.stderr).not.toContain('geheim')
    }
  })

  it('has help for every command', async () => {
    const names = ['run', 'check-config', 'decode', 'extensions', 'georeference', 'log', 'simulate', 'sniff', 'verify', 'version']
    const results = await Promise.all(names.map(async (name) => await runCliProcess([name, '--help'])))
    for (const [index, name] of names.entries()) {
      expect(results[index]).toMatchObject({ code: 0, stderr: '' })
      expect(results[index]?.stdout).toContain(`tagward ${name}`)
    }
  })
})

describe('check-config', () => {
  it('takes a good file and shows it without its secrets', async () => {
    const file = join(directory, 'good.yaml')
    await writeFile(
      file,
      `site: demo\nsources:\n  hall: {driver: mqtt, protocol: dwm1001-pans-mqtt, url: "mqtt://h", topics: ["dwm/#"], username: u, password: "$\{PW}"}\n`
    )
    const env = { PW: 'geheim' }
    expect(await runCliProcess(['check-config', file], { env })).toEqual({
      code: 0,
      stdout: `${file}: good: 1 of 1 sources enabled, no Kafka (the gateway buffers)\n`,
      stderr: ''
    })
    const printed = await runCliProcess(['check-config', file, '--print'], { env })
    expect(JSON.parse(printed.stdout)).toMatchObject({
      site: 'demo',
      sources: { hall: { namespace: 'hall', password: '[redacted]' } },
      web: { port: 8080 }
    })
    expect(printed.stdout).not.toContain('geheim')
  })

  it('tells the place and the remedy of a mistake, and ends with 2', async () => {
    const file = join(directory, 'bad.yaml')
    await writeFile(file, 'site: demo\nweb:\n  prot: 80\n')
    expect(await runCliProcess(['check-config', file])).toEqual({
      code: 2,
      stdout: '',
      stderr: `${file}:3:3: web.prot: unknown key; did you mean port? (known here: host, port)\n`
    })
  })
})

describe('run', () => {
  it('does not start with a mistake in the configuration, and touches nothing', async () => {
    const file = join(directory, 'run.yaml')
    const data = join(directory, 'run-data')
    await writeFile(file, 'site: demo\nsources:\n  hall: {driver: mqt}\n')
    expect(await runCliProcess(['run', '--config', file, '--data', data])).toEqual({
      code: 2,
      stdout: '',
      stderr: `${file}:3:18: sources.hall.driver: "mqt" is not allowed here; did you mean mqtt? write one of: ${DRIVERS.map(({ kind }) => kind).join(', ')}\n`
    })
    expect(existsSync(data)).toBe(false)
  })
})

describe('run on a log that another gateway writes', () => {
  it('says so once, with what to do, and ends', async () => {
    const data = join(directory, 'shared')
    const file = join(directory, 'second.yaml')
    const [port = 0] = await freePorts(1)
    await writeFile(file, `site: demo\nweb: {port: ${port}}\n`)
    const log = await openTestLog(data)
    const { code, stdout, stderr } = await runCliProcess(['run', '--config', file, '--data', data])
    await log.close()
    expect([code, stderr]).toEqual([
      1,
      `tagward: another program has this log open (${data}). Stop the other gateway, or give this one a data directory of its own [LOG_IN_USE]\n`
    ])
    expect(lines(stdout)).toEqual([expect.objectContaining({ code: 'LOG_IN_USE', msg: 'the gateway cannot start' })])
  })
})

describe('decode', () => {
  it('answers line by line', async () => {
    const input = '$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76\\r\\n\n\n{"frame":"$GPGGA,1*00"}\r\n$GP'
    const { code, stdout, stderr } = await runCliProcess(['decode', '--protocol', 'nmea0183'], { input })
    expect([code, stderr]).toEqual([0, ''])
    const answers = lines(stdout)
    expect(answers.map((answer) => Object.keys(answer)[0])).toEqual(['readings', 'ignored', 'error', expect.any(String)])
    expect(answers[0]).toMatchObject({ readings: [{ geo: { latitudeDeg: expect.closeTo(53.361337, 5) } }] })
  })

  it('lists the protocols', async () => {
    const listed = lines((await runCliProcess(['decode', '--list'])).stdout)
    expect(listed).toContainEqual({ name: 'nmea0183', transport: 'serial', title: expect.any(String) })
  })

  it('ends quietly when its reader goes away', async () => {
    const child = startCli(['decode', '--protocol', 'nmea0183'])
    let stderr = ''
    child.stderr.on('data', (text) => {
      stderr += String(text)
    })
    child.stdin.on('error', () => undefined)
    child.stdin.write('$\n'.repeat(1000))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const feed = setInterval(() => child.stdin.writable && child.stdin.write('$\n'.repeat(10_000)), 5)
    const [code] = (await once(child, 'exit')) as [number | null]
    clearInterval(feed)
    expect([code, stderr]).toEqual([0, ''])
  })
})

describe('log', () => {
  let data: string
  beforeAll(async () => {
    data = join(directory, 'data')
    const log = await openTestLog(data)
    for (let i = 0; i < 5000; i++) log.append(movement(i))
    for (let i = 0; i < 3; i++) log.append(movement(i, 'alarm'))
    await log.flush()
    await log.close()
    await writeFile(join(directory, 'tagward.yaml'), 'site: demo\ndataDir: data\nweb: {port: wrong}\n')
  })

  it('counts what is there, and needs no more of the configuration than where that is', async () => {
    const { code, stdout } = await runCliProcess(['log', 'stats', '--json'], { cwd: directory })
    expect(code).toBe(0)
    const stats = JSON.parse(stdout) as { lanes: { lane: string; lastSequence: number; blocks: number; tailEvents: number }[] }
    expect(stats).toMatchObject({ epoch: expect.any(String), bytes: expect.any(Number), cursors: [], setAside: [] })
    const lane = Object.fromEntries(stats.lanes.map((each) => [each.lane, each]))
    expect(lane['telemetry']).toMatchObject({ firstSequence: 1, lastSequence: 5000, damagedBlocks: 0 })
    // The first record of a log in the alarm lane says that it was created.
    expect(lane['alarm']).toMatchObject({ firstSequence: 1, lastSequence: 4 })
    const table = await runCliProcess(['log', 'stats', '--data', data])
    expect(table.stdout).toContain('sequences  1 to 5000')
  })

  it('exports everything in order, as it was logged', async () => {
    const { code, stdout } = await runCliProcess(['log', 'export', '--data', data, '--lane', 'telemetry'])
    expect(code).toBe(0)
    const events = lines(stdout)
    expect(events.map((event) => event['sequence'])).toEqual(Array.from({ length: 5000 }, (_, index) => index + 1))
    expect(events[4321]).toMatchObject({ lane: 'telemetry', type: 'TagMovement', source: 'simulator', data: movement(4321).data })
  })

  it('filters by time, type and key', async () => {
    const from = new Date(movement(1000).time).toISOString()
    const argv = ['log', 'export', '--data', data, '--from', from, '--to', String(movement(1099).time), '--key', movement(3).key]
    const events = lines((await runCliProcess(argv)).stdout)
    expect(events.map((event) => (event['data'] as { n: number }).n)).toEqual([1003, 1013, 1023, 1033, 1043, 1053, 1063, 1073, 1083, 1093])
    const alerts = lines((await runCliProcess(['log', 'export', '--data', data, '--type', 'TagAlert'])).stdout)
    expect(alerts.map((event) => event['type'])).toEqual(['TagAlert', 'TagAlert', 'TagAlert'])
  })

  it('shows the last events, and goes on with those that come', async () => {
    const { stdout } = await runCliProcess(['log', 'tail', '-n', '3', '--data', data, '--lane', 'telemetry'])
    expect(lines(stdout).map((event) => event['sequence'])).toEqual([4998, 4999, 5000])

    const child = startCli(['log', 'tail', '-n', '1', '-f', '--data', data])
    let seen = ''
    child.stdout.on('data', (text) => {
      seen += String(text)
    })
    try {
      await waitFor('the last event', () => lines(seen).length === 1)
      const log = await openTestLog(data)
      log.append(movement(7000))
      log.append(movement(7001, 'alarm'))
      await log.flush()
      await waitFor('the new events', () => lines(seen).length >= 3)
      await log.close()
    } finally {
      child.kill()
    }
    const fresh = lines(seen).slice(1)
    expect(fresh.map((event) => (event['data'] as { n?: number }).n)).toEqual(expect.arrayContaining([7000, 7001]))
  })

  it('backs it up into a file that does not exist yet', async () => {
    const copy = join(directory, 'copy.db')
    expect((await runCliProcess(['log', 'backup', copy, '--data', data])).code).toBe(0)
    const again = await runCliProcess(['log', 'backup', copy, '--data', data])
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('exists already')])
    const nowhere = await runCliProcess(['log', 'backup', join(directory, 'nowhere', 'copy.db'), '--data', data])
    expect([nowhere.code, nowhere.stderr]).toEqual([
      1,
      expect.stringMatching(/^tagward log: no backup was made: .* \[LOG_BACKUP_FAILED\]\n$/)
    ])
  })

  it('says when there is none', async () => {
    const { code, stderr } = await runCliProcess(['log', 'stats', '--data', join(directory, 'nowhere')])
    expect([code, stderr]).toEqual([1, expect.stringContaining('has a gateway run on this data directory? [LOG_OPEN_FAILED]')])
    const bare = await runCliProcess(['log', 'tail', '--config', join(directory, 'none.yaml')])
    expect([bare.code, bare.stderr]).toEqual([
      2,
      expect.stringContaining('none.yaml:1:1: the file cannot be read; name another one with --config')
    ])
  })
})
