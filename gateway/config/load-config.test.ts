import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FAKE_SCHEMA } from '../../test-support/fake-catalogue.ts'
import { installedConfigSchema } from './installed-schema.ts'
import { type LoadedConfig, type LoadResult, loadConfig, parseConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'
import { resolveReferences } from './references.ts'
import type { JsonSchemaNode } from './schema.ts'
import { formatPath, isSecret, type Path } from './schema-walk.ts'

const schema = FAKE_SCHEMA
/** A reference as it stands in a file. */
const ref = (name: string) => `$\{${name}}`
const parse = (text: string, env: Record<string, string> = {}) => parseConfig(text, '/etc/tagward/t.yaml', { schema, env })

async function good(text: string, env: Record<string, string> = {}): Promise<LoadedConfig> {
  const result = await parse(text, env)
  if (!result.ok) throw new Error(messages(result).join('\n'))
  return result
}

function messages(result: LoadResult): readonly string[] {
  return result.ok ? [] : result.problems.map((problem) => formatProblem(problem).replace('/etc/tagward/', ''))
}

describe('a valid configuration', () => {
  it('gets every default from one line', async () => {
    const { config } = await good('site: demo\n')
    expect(config).toEqual({
      site: 'demo',
      gateway: {},
      dataDir: '/etc/tagward/data',
      extensions: [],
      sources: [],
      frames: {},
      kafka: undefined,
      log: { maxBytes: 16 * 2 ** 30, telemetryMaxAgeDays: 7, alarmMaxAgeDays: 365, reserveBytes: 64 * 2 ** 20 },
      alerts: { maxPerTagPerMinute: 10, maxPerSourcePerMinute: 120 },
      web: { host: '127.0.0.1', port: 8080 },
      logging: { level: 'info' }
    })
  })

  it('separates what is the driver’s of a source from what is ours, and fills in namespaces by the rule', async () => {
    const { config } = await good(`
site: demo
sources:
  hall1: {driver: wire, protocol: line-a, port: /dev/ttyUSB0}
  gate: {driver: wire, protocol: line-world, port: /dev/ttyUSB1, enabled: false}
  twin: {driver: wire, protocol: line-a, namespace: hall1, port: /dev/ttyUSB2}
  sim: {driver: made}
`)
    expect(config.sources.map(({ id, namespace, enabled }) => [id, namespace, enabled])).toEqual([
      ['hall1', 'hall1', true],
      ['gate', 'ble', false],
      ['twin', 'hall1', true],
      ['sim', 'sim', true]
    ])
    expect(config.sources[0]?.settings).toEqual({ port: '/dev/ttyUSB0', baudRate: 115_200, parity: 'none', opening: [] })
  })

  it('reads sizes with units', async () => {
    const { config } = await good('site: a\nlog: {maxBytes: 1.5 GiB, reserveBytes: 20000000}')
    expect([config.log.maxBytes, config.log.reserveBytes]).toEqual([1.5 * 2 ** 30, 20_000_000])
  })

  it('keeps an absolute data directory', async () => {
    expect((await good('site: a\ndataDir: /var/lib/tagward')).config.dataDir).toBe('/var/lib/tagward')
  })
})

describe('a mistake gives its place and what would be right', () => {
  const cases: readonly [name: string, text: string, ...expected: string[]][] = [
    ['empty file', '', 't.yaml:1:1: the file is empty; write at least `site: <name>`'],
    ['only comments', '# nothing\n', 't.yaml:1:1: the file is empty; write at least `site: <name>`'],
    ['no site', 'web: {port: 80}', 't.yaml:1:1: site: is missing; add `site:` with a text, for example "demo" (Name of the site)'],
    [
      'site as number',
      'site: 12',
      't.yaml:1:7: site: 12 is not allowed here; write a text, for example "demo"; put the value in quotes to make it a text'
    ],
    [
      'bad site',
      'site: Halle 1',
      't.yaml:1:7: site: "Halle 1" is not allowed here; write 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end'
    ],
    [
      'unknown key',
      'site: a\nwbe: {}',
      't.yaml:2:1: wbe: unknown key; did you mean web? (known here: alerts, dataDir, extensions, frames, gateway, kafka, log, logging, site, sources, web)'
    ],
    ['unknown key deep', 'site: a\nweb:\n  hots: x', 't.yaml:3:3: web.hots: unknown key; did you mean host? (known here: host, port)'],
    [
      'port range',
      'site: a\nweb:\n  port: 99999',
      't.yaml:3:9: web.port: 99999 is too large; write a whole number from 1 to 65535, for example 8080'
    ],
    [
      'port as text',
      'site: a\nweb: {port: "80"}',
      't.yaml:2:13: web.port: "80" is not allowed here; write a whole number from 1 to 65535, for example 8080, without quotes'
    ],
    [
      'not loopback',
      'site: a\nweb: {host: 0.0.0.0}',
      't.yaml:2:13: web.host: "0.0.0.0" is not a loopback address, and page and API have no users and passwords yet; write 127.0.0.1, and reach the page from elsewhere through an SSH tunnel or a proxy that asks who is there'
    ],
    [
      'enum',
      'site: a\nlogging: {level: inof}',
      't.yaml:2:18: logging.level: "inof" is not allowed here; did you mean info? write one of: trace, debug, info, warn, error, fatal'
    ],
    [
      'unknown driver',
      'site: a\nsources:\n  x: {driver: wira}',
      't.yaml:3:15: sources.x.driver: "wira" is not allowed here; did you mean wire? write one of: wire, broker, made'
    ],
    [
      'no driver',
      'site: a\nsources:\n  x: {tags: 1}',
      't.yaml:3:3: sources.x.driver: is missing; add `driver:` with one of: wire, broker, made'
    ],
    [
      'no protocol',
      'site: a\nsources:\n  x: {driver: wire, port: y}',
      't.yaml:3:3: sources.x.protocol: is missing; add `protocol:` with one of: line-a, line-world (What the tags speak)'
    ],
    [
      'protocol of another driver',
      'site: a\nsources:\n  x: {driver: wire, port: y, protocol: topic-a}',
      't.yaml:3:40: sources.x.protocol: "topic-a" is not allowed here; write one of: line-a, line-world'
    ],
    [
      'protocol where there is none',
      'site: a\nsources:\n  x: {driver: made, protocol: line-a}',
      't.yaml:3:21: sources.x.protocol: unknown key; known here: driver, enabled, namespace, tags'
    ],
    [
      'unknown setting of a lenient driver',
      'site: a\nsources:\n  x: {driver: broker, protocol: topic-a, url: "mqtt://h", pasword: geheim}',
      't.yaml:3:59: sources.x.pasword: unknown key; did you mean password? (known here: driver, enabled, namespace, password, protocol, record, tls, url)'
    ],
    [
      'source name',
      'site: a\nsources:\n  Halle: {driver: made}',
      't.yaml:3:3: sources.Halle: this name cannot be used; write 1 to 63 lower-case letters, digits, hyphens and underscores, with a letter or digit first'
    ],
    [
      'yes',
      'site: a\nsources:\n  x: {driver: made, enabled: yes}',
      't.yaml:3:30: sources.x.enabled: "yes" is not allowed here; write true or false; did you mean true?'
    ],
    [
      'no value',
      'site: a\nkafka:\n',
      't.yaml:2:7: kafka: no value is not allowed here; write a section with brokers, prefix, clientId, sasl, tls, compression, mode, topics, or remove the line'
    ],
    [
      'broker',
      'site: a\nkafka: {brokers: [k:9092, k]}',
      't.yaml:2:27: kafka.brokers[1]: "k" is not allowed here; write host:port, for example k:9092'
    ],
    [
      'broker port',
      'site: a\nkafka: {brokers: ["k:99999"]}',
      't.yaml:2:19: kafka.brokers[0]: "k:99999" has a port above 65535; write the port of the broker, from 1 to 65535; 9092 is usual'
    ],
    [
      'no broker',
      'site: a\nkafka: {brokers: []}',
      't.yaml:2:18: kafka.brokers: the list is empty; write a list of at least 1, each item host:port, for example ["kafka.example:9092"] (Where to connect first)'
    ],
    [
      'tls branch',
      'site: a\nkafka: {brokers: [k:1], tls: {kex: 1}}',
      't.yaml:2:31: kafka.tls.kex: unknown key; did you mean key? (known here: ca, cert, key, rejectUnauthorized)'
    ],
    [
      'tls type',
      'site: a\nkafka: {brokers: [k:1], tls: maybe}',
      't.yaml:2:30: kafka.tls: this text is not allowed here; write true or false, or a section with ca, cert, key, rejectUnauthorized, for example false'
    ],
    [
      'pem path',
      'site: a\nkafka: {brokers: [k:1], tls: {ca: /etc/ca.pem}}',
      't.yaml:2:35: kafka.tls.ca: the file that this names does not exist; put the value there, readable by the user that the gateway runs as'
    ],
    [
      'size',
      'site: a\nlog: {maxBytes: lots}',
      't.yaml:2:17: log.maxBytes: "lots" is not allowed here; write a number of bytes, or a text such as "16 GiB"'
    ],
    [
      'size too small',
      'site: a\nlog: {maxBytes: 1 MiB}',
      't.yaml:2:17: log.maxBytes: "1 MiB" is less than the least possible, 32 MiB; write a number of bytes, or a text with a unit, for example "16 GiB"'
    ],
    [
      'reserve',
      'site: a\nlog: {reserveBytes: 1 TiB}',
      't.yaml:2:21: log.reserveBytes: "1 TiB" is not smaller than log.maxBytes; make the reserve smaller or the log larger'
    ],
    [
      'list for a section',
      'site: a\nweb: [1]',
      't.yaml:2:6: web: a list is not allowed here; write a section with host, port; without dashes or brackets'
    ],
    [
      'not a mapping',
      '- site',
      't.yaml:1:1: a list is not allowed here; write a section with site, gateway, dataDir, extensions, sources, frames, kafka, log, alerts, web, logging; without dashes or brackets'
    ],
    ['tab', 'site: a\nweb:\n\tport: 1', 't.yaml:3:1: a tab is used for indentation; indent with spaces'],
    ['duplicate', 'site: a\nweb: {}\nsite: b', 't.yaml:3:1: this key stands in the same section already, in line 1; keep one of the two'],
    ['bad YAML', 'site: "a\nweb: {}', 't.yaml:1:7: this quote is never closed; write " at the end of the text as well'],
    [
      'alias',
      'site: a\nsources:\n  x: {driver: broker, protocol: topic-a, url: "mqtt://h", password: *geheim}',
      't.yaml:3:69: anchors and aliases (& and *) are not used here; write the value out; if it is a text, put it in quotes'
    ],
    ['two documents', 'site: a\n---\nsite: b', 't.yaml:2:1: the file holds several documents; keep one, and remove the --- lines'],
    [
      'several at once',
      'site: A\nweb: {port: 0, hots: 1}',
      't.yaml:1:7: site: "A" is not allowed here; write 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end',
      't.yaml:2:13: web.port: 0 is too small; write a whole number from 1 to 65535, for example 8080',
      't.yaml:2:16: web.hots: unknown key; did you mean host? (known here: host, port)'
    ]
  ]
  it.each(cases)('%s', async (_, text, ...expected) => {
    expect(messages(await parse(text))).toEqual(expected)
  })
})

/** Paths of all secret settings; a source is called x, and is of the driver that has them. */
interface SecretPlace {
  readonly path: Path
  /** Of the source that it is a setting of. */
  readonly driver: unknown
}
function secretPlaces(node: JsonSchemaNode, path: Path, driver?: unknown): readonly SecretPlace[] {
  if (isSecret(node)) return [{ path, driver }]
  const of = node.properties?.['driver']?.const ?? driver
  const children = Object.entries(node.properties ?? {}).flatMap(([key, child]) => secretPlaces(child, [...path, key], of))
  const more = typeof node.additionalProperties === 'object' ? secretPlaces(node.additionalProperties, [...path, 'x'], of) : []
  const items = typeof node.items === 'object' ? secretPlaces(node.items, [...path, 0], of) : []
  const branches = [...(node.oneOf ?? []), ...(node.anyOf ?? [])].flatMap((branch) => secretPlaces(branch, path, of))
  return [...children, ...more, ...items, ...branches]
}

describe('references', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tagward-config-'))
  })
  afterEach(async () => await rm(directory, { recursive: true }))

  const broker = (password: string) =>
    `site: a\nsources:\n  b: {driver: broker, protocol: topic-a, url: "mqtt://h", password: ${password}}\n`

  it('takes secrets from the environment, whole or in parts', async () => {
    const { config } = await good(broker(`"${ref('PW')}${ref('MORE')}"`), { PW: 'geheim', MORE: '-$${' })
    expect(config.sources[0]?.settings['password']).toBe('geheim-$${')
  })

  it.each([
    ['a text', 'Tr0ub4dor'],
    ['a text in quotes', '"Tr0ub4dor"'],
    ['nothing in quotes', "''"],
    ['a number', '5551234'],
    ['a truth', 'true'],
    ['a text with a reference in it', `"Tr0ub4dor${ref('PW')}"`],
    ['a text that only looks like a reference', '"$${Tr0ub4dor}"'],
    ['a text over several lines', '"Tr0ub4dor\\n3"']
  ])('refuses a secret that is written out: %s', async (_, literal) => {
    const told = messages(await parse(broker(literal)))
    expect(told).toEqual([
      `t.yaml:3:69: sources.b.password: a secret must not stand in the configuration itself; write $\{B_PASSWORD} and set B_PASSWORD for the service (EnvironmentFile= of the systemd unit), or write {file: /etc/tagward/b-password} and put it into that file`
    ])
  })

  it('refuses every setting that is marked as secret when it is written out, and takes it by both remedies', async () => {
    const { json } = installedConfigSchema()
    const places = secretPlaces(json, [])
    const told = places.map(({ path }) => formatPath(path))
    expect(told).toEqual(expect.arrayContaining(['kafka.sasl.password', 'kafka.tls.key', 'sources.x.password', 'sources.x.tls.key']))
    for (const { path: place, driver } of places) {
      const nested = (value: unknown) => {
        const around = (inner: unknown, key: PropertyKey): unknown => (typeof key === 'number' ? [inner] : { [String(key)]: inner })
        const data = place.reduceRight<unknown>(around, value) as Record<string, Record<string, object>>
        return driver === undefined ? data : { sources: { x: { driver, ...data['sources']?.['x'] } } }
      }
      const findings = async (value: unknown) => (await resolveReferences(json, nested(value), { env: {}, directory })).findings
      const [literal] = await findings('-----BEGIN Tr0ub4dor')
      expect(literal).toMatchObject({ path: place, what: 'a secret must not stand in the configuration itself' })
      expect(JSON.stringify(literal)).not.toContain('Tr0ub4dor')
      const [, name = '', file = ''] = /set ([A-Z0-9_]+) for .* \{file: (\S+)\}/.exec(literal?.remedy ?? '') ?? []
      expect((await resolveReferences(json, nested(`$\{${name}}`), { env: { [name]: '-----BEGIN x' }, directory })).findings).toEqual([])
      expect((await findings({ file }))[0]?.what).toBe(`the file ${file} does not exist`)
    }
  })

  it('takes secrets from files, relative to the configuration, without the line end', async () => {
    await writeFile(join(directory, 'pw'), 'geheim\n')
    await writeFile(join(directory, 't.yaml'), broker('{file: pw}'))
    const result = await loadConfig(join(directory, 't.yaml'), { schema, env: {} })
    expect(result.ok && result.config.sources[0]?.settings['password']).toBe('geheim')
    expect(result.ok && result.referencedFiles).toEqual([join(directory, 'pw')])
  })

  it('names what is missing', async () => {
    const set =
      'set it for the service (Environment= or EnvironmentFile= of the systemd unit), or write {file: /path} to take the value from a file'
    const at = 't.yaml:3:69: sources.b.password:'
    expect(messages(await parse(broker(`"${ref('PW')}"`)))).toEqual([`${at} the environment variable PW is not set; ${set}`])
    expect(messages(await parse(broker(`"${ref('PW')}"`), { PW: '' }))).toEqual([`${at} the environment variable PW is empty; ${set}`])
    expect(messages(await parse(broker(`"${ref('P W')}"`)))[0]).toContain(`${at} this is no reference to an environment variable`)
    expect(messages(await parse(broker('"${PW"')))[0]).toContain(`${at} this is no reference to an environment variable`)
    expect(messages(await parse(broker('{file: /nowhere/pw}')))).toEqual([
      `${at} the file /nowhere/pw does not exist; put the value there, readable by the user that the gateway runs as`
    ])
    expect(messages(await parse(broker('{file: /dev/zero}')))[0]).toContain('/dev/zero is not a regular file')
    expect(messages(await parse(broker('{path: pw}')))[0]).toContain(`${at} this is no reference to a file`)
  })

  it('refuses them in fields that are shown', async () => {
    expect(messages(await parse(`site: a\ndataDir: "${ref('HOME')}/x"`))).toEqual([
      `t.yaml:2:10: dataDir: references such as ${ref('NAME')} are only for secrets and certificates; write the value itself (a literal ${ref('NAME')} is written $${ref('NAME')})`
    ])
  })

  it('never quotes a secret', async () => {
    const secret = 'Tr0ub4dor'
    const texts = [
      broker(`[${secret}]`),
      broker(`{fil: ${secret}}`),
      broker(`*${secret}`),
      broker(`!${secret} x`),
      broker(`"${secret}\\q"`),
      `${broker(secret)}  b: 1`
    ]
    for (const text of texts) {
      const told = messages(await parse(text)).join('\n')
      expect(told).not.toBe('')
      expect(told).not.toContain(secret)
    }
    const fromEnvironment = messages(
      await parse(`site: a\nkafka: {brokers: [k:1], tls: {key: "\${K}", cert: "\${K}"}}`, { K: secret })
    ).join('\n')
    expect(fromEnvironment).toContain('the file that this names does not exist')
    expect(fromEnvironment).not.toContain(secret)
  })
})

describe('messages of refinements', () => {
  it('stand alone when they are whole sentences, and never show the user part of a URL', async () => {
    const text = (url: string) => `site: a\nsources:\n  x: {driver: broker, protocol: topic-a, url: "${url}"}`
    expect(messages(await parse(text('mqtt://u:geheim@h')))).toEqual([
      't.yaml:3:47: sources.x.url: put the password in its own key; write a text (Where the broker is)'
    ])
    expect(messages(await parse(text('http://u:geheim@h')))).toEqual([
      't.yaml:3:47: sources.x.url: "http://…@h" is not allowed here; write mqtt://host:port or mqtts://host:port'
    ])
  })
})

describe('files that cannot be read', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tagward-config-'))
  })
  afterEach(async () => await rm(directory, { recursive: true }))

  it('says why', async () => {
    const path = join(directory, 't.yaml')
    const first = async (name: string) => {
      const result = await loadConfig(name, { schema, env: {} })
      return result.ok ? 'ok' : result.problems.map((problem) => problem.what).join()
    }
    expect(await first(path)).toBe('the file does not exist')
    expect(await first(directory)).toBe('this is a directory')
    await writeFile(path, Buffer.from([0x73, 0x3a, 0x20, 0xff]))
    expect(await first(path)).toBe('the file is not UTF-8 text')
    await writeFile(path, 'site: demo', { encoding: 'utf16le' })
    expect(await first(path)).toBe('the file is not UTF-8 text')
    await writeFile(path, `site: demo\n#${'x'.repeat(1 << 20)}`)
    expect(await first(path)).toBe('the file is larger than 256 KiB')
    await writeFile(path, '\uFEFFsite: demo')
    expect(await first(path)).toBe('ok')
    await chmod(path, 0)
    if (process.getuid?.() !== 0) expect(await first(path)).toBe('the file may not be read by this user')
  })
})

describe('certificates', () => {
  it('are not taken for keys, nor keys for certificates', async () => {
    const text = (cert: string, key: string) => `site: a\nkafka: {brokers: ['k:1'], tls: {cert: "${ref(cert)}", key: "${ref(key)}"}}\n`
    const env = { CERT: '-----BEGIN CERTIFICATE-----\nx', KEY: '-----BEGIN EC PRIVATE KEY-----\nTr0ub4dor' }
    expect((await parse(text('CERT', 'KEY'), env)).ok).toBe(true)
    const told = messages(await parse(text('KEY', 'CERT'), env))
    expect(told).toEqual([
      expect.stringMatching(/kafka\.tls\.cert: .*is a private key, not a certificate; cert and key seem to be exchanged/),
      expect.stringMatching(/kafka\.tls\.key: .*is a certificate, not a private key; cert and key seem to be exchanged/)
    ])
    expect(told.join()).not.toContain('Tr0ub4dor')
  })
})
