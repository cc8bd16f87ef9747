import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { codecModule, createExtensionFolder, driverModule, type ExtensionFolder } from '../../test-support/extension-folder.ts'
import { ExtensionLoader } from './load-extensions.ts'

const builtIn = {
  drivers: [{ kind: 'serial', carries: ['serial'] as const, settings: z.strictObject({ port: z.string() }) }],
  codecs: [{ protocol: 'nmea0183', transport: 'serial' as const }]
}

vi.setConfig({ testTimeout: 120_000 })

let folder: ExtensionFolder
let loader: ExtensionLoader
beforeEach(() => {
  folder = createExtensionFolder()
  loader = new ExtensionLoader({ builtIn, limitMs: 30_000 })
})
afterEach(() => folder.remove())

const load = (...written: string[]) => loader.load(written, folder.path)
const faults = async (...written: string[]) =>
  (await load(...written)).faults.map(({ code, index, message }) => `${index} ${code} ${message}`)
const names = (set: Awaited<ReturnType<typeof load>>) => [
  ...set.drivers.map(({ kind }) => kind),
  ...set.codecs.map(({ protocol }) => protocol)
]

describe('extensions', () => {
  it('are files, folders of files and packages, packages in folders, and installed packages', async () => {
    folder.write('one.mjs', driverModule('one', ''))
    folder.write('all/two.mjs', codecModule('two', 'return kit.ignored("two")'))
    folder.write('all/two.test.mjs', 'throw new Error("a test is no extension")')
    folder.write('all/README.md', 'text')
    folder.write('all/three/package.json', '{"type": "module", "exports": {".": {"types": "./x.d.ts", "import": "./lib/three.js"}}}')
    folder.write('all/three/lib/three.js', driverModule('three', ''))
    folder.write('node_modules/@acme/four/package.json', '{"main": "four.cjs"}')
    folder.write('node_modules/@acme/four/four.cjs', driverModule('four', '').replace('export const tagward', 'module.exports'))
    mkdirSync(join(folder.path, 'below/deeper'), { recursive: true })
    const set = await loader.load(['../../one.mjs', join(folder.path, 'all'), '@acme/four'], join(folder.path, 'below/deeper'))
    expect(set.faults).toEqual([])
    expect(names(set)).toEqual(['one', 'three', 'four', 'two'])
  })

  it('are told by name, place and remedy when they are not there, are broken, or are not what they should be', async () => {
    folder.write('syntax.mjs', 'export const tagward = (kit) => ({\n  api: 1,\n  drivers: [}\n')
    folder.write('throws.mjs', '\n\nthrow new Error("at the top")')
    folder.write('import.mjs', "import { z } from 'tagward'\nexport const tagward = {}")
    folder.write('nothing.mjs', 'export const other = 1')
    folder.write('old.mjs', 'export const tagward = { api: 0 }')
    folder.write('empty.mjs', 'export default { api: 1 }')
    folder.write('schema.mjs', driverModule('schema', '').replace(".meta({ description: 'Any text' })", ''))
    folder.write('loose.mjs', driverModule('loose', '').replace('strictObject', 'object'))
    folder.write('codec.mjs', codecModule('codec', '').replace("transport: 'udp'", "transport: 'pigeon'"))
    folder.write('exits.mjs', 'process.exit(0)')
    folder.write('typed.ts', 'export const tagward = {}')
    folder.write('hollow/notes.txt', '')
    const told = await faults(
      ...[
        './none.mjs',
        'no-package',
        './syntax.mjs',
        './throws.mjs',
        './import.mjs',
        './nothing.mjs',
        './old.mjs',
        './empty.mjs',
        './schema.mjs'
      ],
      ...['./loose.mjs', './codec.mjs', './exits.mjs', './typed.ts', './hollow']
    )
    const expected = [
      /^0 EXTENSION_NOT_FOUND there is no .*none\.mjs/,
      /^1 EXTENSION_NOT_FOUND the package "no-package" is not installed/,
      /^2 EXTENSION_LOAD_FAILED loading it threw SyntaxError: .*syntax\.mjs:3/,
      /^3 EXTENSION_LOAD_FAILED loading it threw Error: at the top \(.*throws\.mjs:3:7\)/,
      /^4 EXTENSION_LOAD_FAILED .*'tagward'/,
      /^5 EXTENSION_INVALID the module exports neither/,
      /^6 EXTENSION_API it is written for version 0 of the API, and this gateway has version 1/,
      /^7 EXTENSION_INVALID it has neither drivers nor codecs/,
      /^8 EXTENSION_INVALID driver "schema": the setting "text" has no description \(.*schema\.mjs:1:\d+\)/,
      /^9 EXTENSION_INVALID driver "loose": its settings take unknown keys/,
      /^10 EXTENSION_INVALID codec "codec": "pigeon" is no transport/,
      /^11 EXTENSION_LOAD_FAILED loading it ended its thread/,
      /^12 EXTENSION_LOAD_FAILED /,
      /^13 EXTENSION_NOT_FOUND there is neither/
    ]
    for (const [index, pattern] of expected.entries()) expect(told[index]).toMatch(pattern)
    expect(told).toHaveLength(expected.length)
  })

  it('that loop or wait for ever when they are loaded are given up', async () => {
    loader = new ExtensionLoader({ builtIn, limitMs: 2_000 })
    folder.write('loops.mjs', 'for (;;);')
    folder.write('waits.mjs', 'export const tagward = () => new Promise(() => setInterval(() => {}, 1000))')
    folder.write('good.mjs', driverModule('good', ''))
    const set = await load('./loops.mjs', './waits.mjs', './good.mjs')
    expect(set.faults.map(({ code, message }) => `${code} ${message}`)).toEqual(
      Array(2).fill('EXTENSION_LOAD_FAILED loading it did not end within 2 s')
    )
    expect(names(set)).toEqual(['good'])
  })

  it('cannot take names that are taken, and lose to who came first', async () => {
    folder.write('serial.mjs', driverModule('serial', ''))
    folder.write('nmea.mjs', codecModule('nmea0183', ''))
    folder.write('first.mjs', driverModule('same', ''))
    folder.write('second.mjs', driverModule('same', ''))
    folder.write('port.mjs', codecModule('port', '').replace("transport: 'udp'", "transport: 'udp', alsoOver: ['serial']"))
    const set = await load('./serial.mjs', './nmea.mjs', './first.mjs', './second.mjs', './port.mjs', './first.mjs')
    expect(set.faults.map(({ code, index, message }) => `${index} ${code} ${message.replaceAll(folder.path, '')}`)).toEqual([
      '0 EXTENSION_CLASH the driver "serial" exists already: it is of Tagward itself',
      '1 EXTENSION_CLASH the protocol "nmea0183" exists already: it is of Tagward itself',
      '3 EXTENSION_CLASH the driver "same" exists already: it is of /first.mjs',
      '4 EXTENSION_CLASH the protocol "port" exists already: it is of a setting of the driver "serial" that can carry it'
    ])
    expect(names(set)).toEqual(['same'])
  })

  it('that everybody can write are not loaded', async () => {
    const file = folder.write('open/file.mjs', driverModule('one', ''))
    chmodSync(file, 0o666)
    expect(await faults('./open/file.mjs')).toEqual([
      expect.stringMatching(/^0 EXTENSION_UNSAFE everybody on this machine can write .*file\.mjs/)
    ])
    chmodSync(file, 0o644)
    chmodSync(join(folder.path, 'open'), 0o777)
    expect(await faults('./open/file.mjs')).toEqual([expect.stringMatching(/^0 EXTENSION_UNSAFE .*open,/)])
    chmodSync(join(folder.path, 'open'), 0o755)
    expect(await faults('./open/file.mjs')).toEqual([])
  })

  it('are loaded once, and again when the file has changed; a broken change leaves the old one in use', async () => {
    folder.write('one.mjs', driverModule('one', ''))
    const first = await load('./one.mjs')
    expect(await load('./one.mjs')).toBe(first)
    folder.write('one.mjs', `${driverModule('one', '')}// changed`)
    const second = await load('./one.mjs')
    expect(second.drivers[0]).not.toBe(first.drivers[0])
    folder.write('one.mjs', 'throw new Error("half copied")')
    const third = await load('./one.mjs')
    expect(third.drivers).toEqual(second.drivers)
    expect(third.faults).toMatchObject([{ code: 'EXTENSION_LOAD_FAILED', goesOn: true }])
    folder.write('one.mjs', driverModule('other', ''))
    expect(names(await load('./one.mjs'))).toEqual(['other'])
  })
})
