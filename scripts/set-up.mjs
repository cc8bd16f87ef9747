// Brings a checkout to the point where it runs: packages as the lock file says, and a current build. Says what it does, does
// nothing when nothing is to be done. Plain Node: it runs before anything is installed.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const say = (text) => process.stderr.write(`tagward: ${text}\n`)

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  say(`Node ${process.versions.node} is too old; Tagward needs Node 20.19 or newer.`)
  process.exit(2)
}

/** Native modules are compiled for one Node ABI, so the stamp names it beside the lock file. */
function packagesFingerprint() {
  const hash = createHash('sha256').update(process.versions.modules).update(process.platform).update(process.arch)
  hash.update(readFileSync(join(root, 'package-lock.json')))
  return hash.digest('hex')
}

/** Headers of the running Node, where the system has them: then node-gyp need not fetch any. */
function npmEnvironment() {
  const prefix = join(process.execPath, '..', '..')
  const header = join(prefix, 'include', 'node', 'node_version.h')
  if (process.env.npm_config_nodedir || !existsSync(header)) return process.env
  const text = readFileSync(header, 'utf8')
  const version = ['MAJOR', 'MINOR', 'PATCH'].map((part) => new RegExp(`#define NODE_${part}_VERSION (\\d+)`).exec(text)?.[1]).join('.')
  return version === process.versions.node ? { ...process.env, npm_config_nodedir: prefix } : process.env
}

export function installPackages() {
  const modules = join(root, 'node_modules')
  // A linked folder is somebody else's, and `npm ci` would empty it for them as well.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return
  const stamp = join(modules, '.tagward-packages')
  const fingerprint = packagesFingerprint()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return
  say('installing packages (a minute or two: native modules are compiled) …')
  try {
    execFileSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', process.stderr, 'inherit'],
      env: npmEnvironment()
    })
  } catch {
    say(
      'the packages could not be installed. npm said why above; usual causes: no network, or no compiler (Debian: apt install g++ make python3).'
    )
    process.exit(1)
  }
  writeFileSync(stamp, fingerprint)
}

const SOURCES = ['firmware-protocols', 'drivers', 'gateway', 'test-support', 'tsconfig.json', 'package.json', 'scripts/build.mjs']

function newestChange(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), stat.mtimeMs)
}

/** Builds when any source is newer than the last build. */
export function buildIfStale() {
  const stamp = join(root, 'dist', '.built')
  const newest = Math.max(...SOURCES.map((name) => newestChange(join(root, name))))
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newest) return
  say('building …')
  try {
    execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root, stdio: ['ignore', process.stderr, 'inherit'] })
  } catch {
    say('the build failed, see above.')
    process.exit(1)
  }
}

export function setUp() {
  requireNode()
  installPackages()
  buildIfStale()
}
