// Makes sure that what tests and demo need beside Node is there: Mosquitto, socat, openssl, PROJ, Java, Maven, Chromium and Kafka's jars.
// Installs Debian packages when it may (root, apt-get), otherwise says in one line what to install. Needs no dependencies itself.
//
//   node scripts/ensure-tools.mjs               everything; exit code 1 when something is missing
//   node scripts/ensure-tools.mjs kafka-jars    only Kafka's jars; one JSON object on stdout: {"lib":"…"} or {"unavailable":"why"}
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const pomFile = fileURLToPath(new URL('../test-support/kafka/pom.xml', import.meta.url))
const OLDEST_JAVA = 17

/** Programs by any of their names, the Debian packages that bring them (the first that installs is taken), and what for. */
const TOOLS = [
  { names: ['mosquitto'], packages: ['mosquitto'], for: 'MQTT tests and the demo' },
  { names: ['socat'], packages: ['socat'], for: 'serial tests' },
  { names: ['openssl'], packages: ['openssl'], for: 'TLS tests' },
  { names: ['cct'], packages: ['proj-bin'], for: 'comparison of georeferences with PROJ' },
  {
    names: ['java'],
    packages: ['default-jre-headless', 'openjdk-17-jre-headless'],
    for: 'Kafka',
    usable: () => javaVersion() >= OLDEST_JAVA
  },
  { names: ['mvn'], packages: ['maven'], for: "Kafka's jars" },
  { names: ['chromium', 'chromium-browser', 'google-chrome', 'chrome'], packages: ['chromium'], for: 'tests of the page' }
]

/** Path of a program; also looks where Debian puts daemons, which are not on everybody's PATH. */
export function findTool(...names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/bin']
  for (const name of names) {
    for (const folder of folders) {
      const file = join(folder || '.', name)
      try {
        accessSync(file, constants.X_OK)
        if (statSync(file).isFile()) return file
      } catch {
        // not in this folder
      }
    }
  }
  return undefined
}

/** Major version of the Java on the PATH (or in JAVA_HOME); 0: none. */
export function javaVersion() {
  const { stderr, stdout, status } = spawnSync(javaCommand(), ['-version'], { encoding: 'utf8' })
  if (status !== 0) return 0
  return Number(/version "(?:1\.)?(\d+)/.exec(`${stderr}${stdout}`)?.[1] ?? 0)
}

export function javaCommand() {
  const home = process.env.JAVA_HOME
  const ofHome = home ? join(home, 'bin', 'java') : undefined
  return ofHome && existsSync(ofHome) ? ofHome : 'java'
}

const isThere = (tool) => (tool.usable ? tool.usable() : findTool(...tool.names) !== undefined)

function aptInstall(packages, log) {
  const apt = (...args) =>
    spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
      .status === 0
  log(`installing Debian packages: ${packages.join(' ')}`)
  const install = (names) => apt('install', '-y', '-qq', '--no-install-recommends', ...names)
  if (packages.length > 0 && spawnSync('apt-cache', ['show', ...packages], { stdio: 'ignore' }).status !== 0) {
    log('refreshing the package lists (apt-get update)')
    apt('update', '-qq')
  }
  if (install(packages)) return
  log('that failed; once more with fresh package lists, one by one')
  apt('update', '-qq')
  for (const name of packages) install([name])
}

/**
 * Installs what is missing when it may. Gives the programs that are still missing, each with a line that says what to do.
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {{ name: string, remedy: string }[]}
 */
export function ensurePrograms({ log = () => {} } = {}) {
  let missing = TOOLS.filter((tool) => !isThere(tool))
  const mayInstall = missing.length > 0 && process.getuid?.() === 0 && findTool('apt-get') !== undefined
  if (mayInstall) {
    aptInstall(
      missing.map((tool) => tool.packages[0]),
      log
    )
    for (const tool of missing) {
      const others = tool.packages.slice(1)
      if (others.length > 0 && !isThere(tool)) aptInstall(others, log)
    }
    missing = missing.filter((tool) => !isThere(tool))
  }
  return missing.map((tool) => ({
    name: tool.names[0],
    remedy: `${tool.names[0]} is missing (${tool.for}): install it, on Debian: sudo apt-get install ${tool.packages.at(-1)}`
  }))
}

/** Where the jars of this pom.xml belong; another pom.xml is another folder, so checkouts of several ages can share a cache. */
export function kafkaJarsFolder() {
  const pom = readFileSync(pomFile)
  const version = /<kafka\.version>([^<]+)</.exec(pom.toString('utf8'))?.[1]
  const digest = createHash('sha256').update(pom).digest('hex').slice(0, 8)
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(cache, 'tagward', `kafka-${version}-${digest}`)
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Takes a lock that dies with its holder: a folder with the holder's pid. */
function lock(folder) {
  const pidFile = join(folder, 'pid')
  for (;;) {
    try {
      mkdirSync(folder)
      writeFileSync(pidFile, String(process.pid))
      return () => rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : undefined
    const ageMs = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    const abandoned = holder ? !alive(holder) : ageMs > 10_000
    if (abandoned) rmSync(folder, { recursive: true, force: true })
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

/**
 * The folder with the jars of a Kafka broker, fetched through Maven when it is not there yet.
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {{ lib: string } | { unavailable: string }}
 */
export function ensureKafkaJars({ log = () => {} } = {}) {
  const java = javaVersion()
  if (java < OLDEST_JAVA) {
    const found = java === 0 ? 'there is no Java' : `this Java is version ${java}`
    return { unavailable: `Kafka needs Java ${OLDEST_JAVA} or newer and ${found}; on Debian: sudo apt-get install default-jre-headless` }
  }
  const lib = kafkaJarsFolder()
  if (existsSync(lib)) return { lib }
  const mvn = findTool('mvn')
  if (!mvn)
    return { unavailable: "Kafka's jars are not in the cache and there is no Maven to fetch them; on Debian: sudo apt-get install maven" }
  mkdirSync(join(lib, '..'), { recursive: true })
  const unlock = lock(`${lib}.lock`)
  try {
    if (existsSync(lib)) return { lib }
    log(`fetching Kafka's jars through Maven into ${lib}`)
    // Copied beside and renamed: a folder under its final name is complete.
    const partial = `${lib}.partial`
    rmSync(partial, { recursive: true, force: true })
    const args = ['-q', '-B', '-f', pomFile, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`, '-DincludeScope=runtime']
    const { status, stdout, error } = spawnSync(mvn, args, { encoding: 'utf8', timeout: 600_000 })
    if (status !== 0) {
      const why = error?.message ?? stdout.split('\n').find((line) => line.includes('ERROR')) ?? `exit code ${status}`
      return { unavailable: `Maven could not fetch Kafka's jars: ${why.slice(0, 300)}` }
    }
    renameSync(partial, lib)
    return { lib }
  } finally {
    unlock()
  }
}

/** Everything. Says what it does and what is left to do; gives the lines of the latter. */
export function ensureTools({ log = (line) => process.stderr.write(`tools: ${line}\n`) } = {}) {
  const remedies = ensurePrograms({ log }).map((tool) => tool.remedy)
  const kafka = ensureKafkaJars({ log })
  if ('unavailable' in kafka) remedies.push(kafka.unavailable)
  for (const line of remedies) log(line)
  return remedies
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  if (process.argv[2] === 'kafka-jars') {
    const log = (line) => process.stderr.write(`${line}\n`)
    process.stdout.write(`${JSON.stringify(ensureKafkaJars({ log }))}\n`)
  } else if (ensureTools().length > 0) process.exitCode = 1
}
