import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tagward-bin-'))
  mkdirSync(join(root, 'bin'))
  copyFileSync('bin/tagward.js', join(root, 'bin/tagward.js'))
  put('package.json', '{"type":"module"}')
})
afterEach(() => rmSync(root, { recursive: true }))

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
const putBuild = () => put('dist/gateway/cli/main.js', 'export const runCli = (argv) => (console.log(argv.join()), 5)')
const putSetUp = () => put('scripts/set-up.mjs', "export const buildIfStale = () => process.stderr.write('looked at the build\\n')")
const putCheckout = () => {
  putSetUp()
  put('gateway/errors.ts', '')
}

function run() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/tagward.js'), 'a', 'b'], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

it('starts by its name, for everybody', () => {
  expect(statSync('bin/tagward.js').mode & 0o111).toBe(0o111)
  putBuild()
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/tagward.js'), ['a', 'b'], { encoding: 'utf8' })
  expect({ status, stdout, stderr }).toEqual({ status: 5, stdout: 'a,b\n', stderr: '' })
})

it('runs the build of an installed package as it is', () => {
  putBuild()
  expect(run()).toEqual({ status: 5, stdout: 'a,b\n', stderr: '' })
})

it('looks at the build of a checkout first', () => {
  putBuild()
  putCheckout()
  put('node_modules/typescript/package.json', '{}')
  expect(run()).toEqual({ status: 5, stdout: 'a,b\n', stderr: 'looked at the build\n' })
})

it('runs the build of a checkout that has no build tools', () => {
  putBuild()
  putCheckout()
  expect(run()).toEqual({ status: 5, stdout: 'a,b\n', stderr: '' })
})

it('says what to do in a bare checkout', () => {
  putCheckout()
  expect(run()).toEqual({ status: 1, stdout: '', stderr: 'tagward: the packages are not installed; run `npm ci` here first\n' })
})
