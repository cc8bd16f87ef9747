import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { waitFor } from '../../test-support/wait-for.ts'

/** Types that extensions are written against. */
const PUBLIC_TYPES = /^dist\/(?:drivers|drivers\/extension(?:\/testing)?|firmware-protocols(?:\/kit)?)\/[^/]*\.d\.ts$/
const RUN_TIME =
  /^(?:bin|docs|examples|schemas|systemd)\/|^dist\/(?:firmware-protocols|drivers|gateway)\/.*\.js$|^dist\/gateway\/web\/page\//
const AT_TOP = ['CHANGELOG.md', 'LICENSE', 'README.md', 'config.demo.yaml', 'config.example.yaml', 'package.json']

let files: readonly string[]
/** An empty folder into which the package was put, with no more than its packages beside it. */
let root: string

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  })
  files = (JSON.parse(packed) as [{ files: { path: string }[] }])[0].files.map(({ path }) => path)
  root = mkdtempSync(join(tmpdir(), 'tagward-package-'))
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    copyFileSync(file, join(root, file))
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'))
})
afterAll(() => rmSync(root, { recursive: true }))

function tagward(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/tagward.js'), ...args], { cwd: root, encoding: 'utf8' })
  return { status, stdout, stderr }
}

it('ships what runs, what is read and what systemd needs', () => {
  for (const file of [...AT_TOP, 'docs/config.md', 'schemas/config.v1.json', 'systemd/tagward.service', 'dist/gateway/web/page/index.html'])
    expect(files).toContain(file)
})

it('ships no maps, tests, benches or parts of the test support, and of the declarations only the public ones', () => {
  expect(files.filter((file) => !RUN_TIME.test(file) && !PUBLIC_TYPES.test(file) && !AT_TOP.includes(file))).toEqual([])
  const ofDist = files.filter((file) => file.startsWith('dist/'))
  expect(ofDist.filter((file) => /\.(?:test|bench)\.|\.map$|test-support|crash-child/.test(file))).toEqual([])
  const forTests = files.filter(
    (file) => file.endsWith('.js') && /from '(?:[^']*test-support[^']*|vitest|fast-check)'/.test(readFileSync(file, 'utf8'))
  )
  expect(forTests).toEqual([])
})

it('needs nothing to be done after its installation', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  expect(Object.keys(scripts).filter((name) => /install|prepare/.test(name))).toEqual([])
})

it.each(['check-config', 'decode', 'extensions', 'log', 'run', 'simulate', 'sniff', 'verify', 'version'])('tells of %s', (command) => {
  expect(tagward(command, '--help')).toMatchObject({ status: 0, stderr: '' })
})

it('gives its help, and finds its own example good', () => {
  expect(tagward('--help')).toMatchObject({ status: 0, stderr: '' })
  expect(tagward('check-config', 'config.example.yaml')).toMatchObject({ status: 0, stderr: '' })
})

it('is what extensions are written, typed and tested against', () => {
  expect(tagward('extensions', 'examples/extension/acme-badge.js')).toMatchObject({ status: 0, stderr: '' })
  const { stdout } = spawnSync(process.execPath, ['--test', 'examples/extension'], { cwd: root, encoding: 'utf8' })
  expect(stdout).toContain('# fail 0')
  // An extension in a folder of its own, with the package installed beside it.
  mkdirSync(join(root, 'own/node_modules'), { recursive: true })
  symlinkSync(root, join(root, 'own/node_modules/tagward'))
  const write = (name: string, text: string) => writeFileSync(join(root, 'own', name), text)
  write('tsconfig.json', '{"compilerOptions": {"strict": true, "noEmit": true, "module": "nodenext", "target": "es2023", "types": []}}')
  write('package.json', '{"type": "module"}')
  write(
    'good.ts',
    `import { type Codec, defineCodec, type Kit, readings, type SettingsOf, z } from 'tagward'
import { codecContract } from 'tagward/testing'
export const settings = z.strictObject({ least: z.int().meta({ description: 'Least' }) })
export const codec: Codec = defineCodec<SettingsOf<typeof settings>>({
  protocol: 'typed', title: 'Typed', transport: 'udp', encoding: 'text', idScope: 'system', settings,
  createDecoder: (chosen) => ({ decode: (frame) => readings({ tag: String(frame.length), batteryPct: chosen?.least ?? 0 }) })
})
export const tagward = ({ API_VERSION }: Kit) => ({ api: API_VERSION, codecs: [codec] })
export const checks = codecContract(codec, [])
`
  )
  write('bad.ts', `import { readings } from 'tagward'\nexport const none = readings({ tag: 7 })\n`)
  const types = spawnSync(process.execPath, [join(process.cwd(), 'node_modules/typescript/bin/tsc'), '-p', join(root, 'own')], {
    encoding: 'utf8'
  })
  expect(types.stdout.match(/own\/[a-z]+\.ts\(\d+/g)).toEqual(['own/bad.ts(2'])
}, 120_000)

it('runs the demo site where there is no configuration yet', async () => {
  const [port = 0] = await freePorts(1)
  const demo = join(root, 'config.demo.yaml')
  writeFileSync(demo, `${readFileSync(demo, 'utf8')}\nweb: {port: ${port}}\n`)
  const gateway = spawn(process.execPath, [join(root, 'bin/tagward.js'), 'run', '--demo'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe']
  })
  const ended = new Promise<number | null>((resolve) => gateway.on('exit', resolve))
  let said = ''
  gateway.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  try {
    await waitFor('the page', () => said.includes(`http://localhost:${port}`) || gateway.exitCode !== null)
    expect(said).toContain('the page is at')
    expect(existsSync(join(root, 'tagward.yaml'))).toBe(true)
    expect(await (await fetch(`http://localhost:${port}/`)).text()).toContain('<html')
    await waitFor(
      'tags',
      async () => ((await (await fetch(`http://localhost:${port}/api/state`)).json()) as { tags: unknown[] }).tags.length === 10
    )
  } finally {
    gateway.kill('SIGTERM')
  }
  expect(await ended).toBe(0)
})
