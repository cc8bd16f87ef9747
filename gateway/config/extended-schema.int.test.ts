import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { codecModule, createExtensionFolder, driverModule, type ExtensionFolder } from '../../test-support/extension-folder.ts'
import { createExtensionLoader, installedConfigSchema } from './installed-schema.ts'
import { type LoadedConfig, type LoadResult, parseConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'
import { publishedJsonSchema } from './published-schema.ts'
import { redactConfig, secretFieldNames } from './redact-config.ts'

const EXAMPLE = `${process.cwd()}/examples/extension/acme-badge.js`

/** One for all: what it has loaded it keeps, and every test has files of its own. */
const loader = createExtensionLoader()
vi.setConfig({ testTimeout: 120_000 })

let folder: ExtensionFolder
let options: Parameters<typeof parseConfig>[2]
beforeEach(() => {
  folder = createExtensionFolder()
  options = { schema: installedConfigSchema(), loader, env: { GATE_PASSWORD: 'geheim' } }
})
afterEach(() => folder.remove())

const parse = (text: string): Promise<LoadResult> => parseConfig(text, `${folder.path}/tagward.yaml`, options)
const told = ({ problems }: LoadResult): readonly string[] => problems.map((problem) => formatProblem(problem).replaceAll(folder.path, ''))

async function good(text: string): Promise<LoadedConfig> {
  const result = await parse(text)
  if (!result.ok) throw new Error(told(result).join('\n'))
  return result
}

const GATE = `site: demo
extensions: [${EXAMPLE}]
sources:
  gate:
    driver: acme-gate
    protocol: acme-badge
    host: 192.0.2.40
    password: \${GATE_PASSWORD}
`

describe('a configuration with extensions', () => {
  it('takes their drivers, protocols and settings, with defaults', async () => {
    const { config, extensions, problems } = await good(`${GATE}    acme-badge: {lowBatteryPct: 30}\n`)
    expect(problems).toEqual([])
    expect(config.extensions).toEqual([EXAMPLE])
    expect(config.sources).toEqual([
      {
        id: 'gate',
        driver: 'acme-gate',
        protocol: 'acme-badge',
        namespace: 'gate',
        enabled: true,
        settings: { host: '192.0.2.40', port: 4001, password: 'geheim' },
        protocolSettings: { lowBatteryPct: 30 }
      }
    ])
    expect([...extensions.files.keys()]).toEqual([EXAMPLE])
  })

  it('lets their protocols travel by drivers of this program, and the other way round', async () => {
    const { config } = await good(`site: demo
extensions: [${EXAMPLE}]
sources:
  a: {driver: udp, protocol: acme-badge, port: 7001}
  b: {driver: acme-gate, protocol: nmea0183, host: h}
`)
    expect(config.sources.map(({ driver, protocol }) => [driver, protocol])).toEqual([
      ['udp', 'acme-badge'],
      ['acme-gate', 'nmea0183']
    ])
  })

  it('tells mistakes in them with place and remedy, as in all else', async () => {
    expect(told(await parse(`${GATE}    prot: 4001\n    acme-badge: {lowBatteryPct: full}\n`))).toEqual([
      expect.stringMatching(/^\/tagward\.yaml:9:5: sources\.gate\.prot: unknown key; did you mean port\? \(known here: acme-badge, /),
      '/tagward.yaml:10:33: sources.gate.acme-badge.lowBatteryPct: "full" is not allowed here; write a whole number from 1 to 99, for example 15'
    ])
    expect(told(await parse(GATE.replace(/\$\{GATE_PASSWORD\}/, 'in-clear')))).toEqual([
      expect.stringContaining('a secret must not stand in the configuration itself')
    ])
  })

  it('keeps their secrets, and shows them in the schema for forms', async () => {
    const { config, schema } = await good(GATE)
    expect(JSON.stringify(redactConfig(config, schema))).not.toContain('geheim')
    expect(secretFieldNames(schema)).toContain('password')
    const published = JSON.stringify(publishedJsonSchema(schema))
    expect(published).toContain('"acme-gate"')
    expect(published).toContain('Below this a badge is told to have a low battery')
  })

  it('goes on without what is broken: its sources are set aside with the reason, the rest is as it would be', async () => {
    folder.write('broken.mjs', '\nthrow new Error("not today")')
    const text = `site: demo
extensions: [./broken.mjs, ${EXAMPLE}]
sources:
  lost: {driver: broken-gate, protocol: broken-badge, password: in-clear, enabled: true}
  walkers: {driver: simulator}
  half: {driver: udp, protocol: broken-badge, port: 7001, namespace: ble}
  gate: {driver: acme-gate, protocol: acme-badge, host: h}
`
    const result = await good(text)
    expect(result.config.sources.map(({ id, namespace, unavailable }) => [id, namespace, unavailable?.code])).toEqual([
      ['lost', 'lost', 'EXTENSION_UNAVAILABLE'],
      ['walkers', 'walkers', undefined],
      ['half', 'ble', 'EXTENSION_UNAVAILABLE'],
      ['gate', 'gate', undefined]
    ])
    expect(result.config.sources[0]?.settings).toEqual({})
    expect(told(result)).toEqual([
      '/tagward.yaml:2:14: extensions[0]: cannot be loaded: /broken.mjs: loading it threw Error: not today (/broken.mjs:2:7) [EXTENSION_LOAD_FAILED]; correct it, or ask its author; `tagward extensions FILE` tries it without a gateway',
      '/tagward.yaml:4:18: sources.lost.driver: there is no driver "broken-gate"; it may be of an extension that could not be loaded (/broken.mjs); mend the extension, or correct the name of the driver',
      '/tagward.yaml:6:33: sources.half.protocol: there is no protocol "broken-badge"; it may be of an extension that could not be loaded (/broken.mjs); mend the extension, or correct the name of the protocol'
    ])
    expect(told(await parse(text.replace('simulator', 'simulatr')))).toHaveLength(4)
  })

  it('does not take a name that no extension can have brought', async () => {
    const result = await parse('site: demo\nextensions: []\nsources:\n  lost: {driver: broken-gate}\n')
    expect(told(result)).toEqual([expect.stringContaining('"broken-gate" is not allowed here')])
    expect(told(await parse('site: demo\nextensions: ./one.mjs\n'))).toEqual([
      expect.stringContaining('extensions: "./one.mjs" is not allowed here')
    ])
    expect(told(await parse('site: demo\nextensions: [7, ""]\n'))).toHaveLength(2)
  })

  it.each([
    ['throws', 'throw new Error("a refinement")', /failed: Error: a refinement/],
    ['does not end', 'for (;;);', /failed: .*did not end within 500 ms/],
    ['is not done at once', 'return Promise.resolve(true)', /failed: .*[Pp]romise|async/]
  ])('goes on when the check of settings %s', async (_title, body, pattern) => {
    folder.write(
      'odd.mjs',
      driverModule('odd', '').replace(
        "description: 'Any text' })",
        `description: 'Any text' }).refine((text) => { if (text === '') return true; ${body} })`
      )
    )
    const { config, problems } = await good(
      'site: demo\nextensions: [./odd.mjs]\nsources:\n  one: {driver: odd, text: x}\n  two: {driver: odd}\n'
    )
    expect(config.sources.map(({ unavailable }) => unavailable?.message ?? '')).toEqual([expect.stringMatching(pattern), ''])
    expect(problems).toHaveLength(1)
  })

  it('is the same as long as neither file nor extensions change', async () => {
    folder.write('one.mjs', codecModule('one', ''))
    const text = 'site: demo\nextensions: [./one.mjs]\n'
    const first = await good(text)
    const second = await good(text)
    expect(second.extensions).toBe(first.extensions)
    expect(second.schema).toBe(first.schema)
    folder.write('one.mjs', codecModule('two', 'return kit.ignored("two")'))
    expect((await good(text)).extensions.codecs.map(({ protocol }) => protocol)).toEqual(['two'])
  })
})
