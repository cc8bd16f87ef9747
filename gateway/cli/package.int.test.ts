import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { waitFor } from '../../test-support/wait-for.ts'

const RUN_TIME = /^(?:bin|docs|schemas|systemd)\/|^dist\/(?:firmware-protocols|drivers|gateway)\/.*\.js$|^dist\/gateway\/web\/page\//
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

it('ships no declarations, maps, tests, benches or parts of the test support', () => {
  expect(files.filter((file) => !RUN_TIME.test(file) && !AT_TOP.includes(file))).toEqual([])
  expect(files.filter((file) => /\.(?:test|bench)\.|\.map$|\.d\.ts$|test-support|crash-child/.test(file))).toEqual([])
  const forTests = files.filter(
    (file) => file.endsWith('.js') && /from '(?:[^']*test-support[^']*|vitest|fast-check)'/.test(readFileSync(file, 'utf8'))
  )
  expect(forTests).toEqual([])
})

it('needs nothing to be done after its installation', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  expect(Object.keys(scripts).filter((name) => /install|prepare/.test(name))).toEqual([])
})

it.each(['check-config', 'decode', 'log', 'run', 'simulate', 'sniff', 'verify', 'version'])('tells of %s', (command) => {
  expect(tagward(command, '--help')).toMatchObject({ status: 0, stderr: '' })
})

it('gives its help, and finds its own example good', () => {
  expect(tagward('--help')).toMatchObject({ status: 0, stderr: '' })
  expect(tagward('check-config', 'config.example.yaml')).toMatchObject({ status: 0, stderr: '' })
})

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
