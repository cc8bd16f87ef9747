import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { waitFor } from '../wait-for.ts'
import { type BrokerProperties, brokerProperties, type ListenerOptions, propertiesText } from './broker-properties.ts'
import { freePorts } from './free-ports.ts'
import { kafkaJars, log4jConfigFile } from './kafka-jars.ts'

export interface StartKafkaOptions extends ListenerOptions {
  /** Added to the broker's properties, or instead of ours. */
  readonly properties?: BrokerProperties
  /** Where to keep the data; absent: a temporary folder that `stop({ remove: true })` or the end of the process removes. */
  readonly dataFolder?: string
  /** Default `-Xmx512m`. */
  readonly heap?: string
  /** `true`: let the JVM compile to the full, for benchmarks; it starts slower. */
  readonly longRunning?: boolean
  /** At its orderly end the JVM leaves an archive of its classes beside the jars, with which all later brokers start in half the time. */
  readonly archiveClasses?: boolean
}

export interface KafkaServer {
  /** Of the listener with the security that was asked for; `host:port`. */
  readonly brokers: string[]
  /** Plain listener of the super user. */
  readonly adminBrokers: string[]
  /** Of the running broker; undefined when it is stopped. */
  readonly pid: number | undefined
  /** Starts it again on the same ports and data; resolves when it answers. */
  start(): Promise<void>
  /** An orderly shutdown. The data stay unless `remove` is set. */
  stop(options?: { remove?: boolean }): Promise<void>
  /** `kill -9`. */
  kill(): Promise<void>
  /** Freezes and thaws the process: connections stay open and nothing answers. */
  pause(): void
  resume(): void
  /** The last lines that the broker wrote. */
  logTail(): string
}

const KEPT_LOG_CHARACTERS = 20_000

async function answers(brokers: string[]): Promise<boolean> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, connectionTimeout: 2_000, retry: { retries: 0 } })
  const admin = kafka.admin({ retry: { retries: 0 } })
  try {
    await admin.connect()
    return (await admin.describeCluster()).brokers.length > 0
  } finally {
    await admin.disconnect()
  }
}

const SETPRIV = '/usr/bin/setpriv'

/** Where util-linux is there, the broker dies with us, even when we are killed. */
function withParentsLife(command: string, args: string[]): [string, string[]] {
  return existsSync(SETPRIV) ? [SETPRIV, ['--pdeathsig', 'KILL', command, ...args]] : [command, args]
}

/** The JVM falls back to the jars by itself where the archive is of another Java. */
function classArchive(lib: string, wanted: boolean): { readonly flags: string[]; keep(): void } {
  const archive = join(lib, 'classes.jsa')
  const partial = `${archive}.${process.pid}`
  if (existsSync(archive)) return { flags: [`-XX:SharedArchiveFile=${archive}`], keep: () => undefined }
  if (!wanted) return { flags: [], keep: () => undefined }
  const keep = () => {
    if (existsSync(partial)) renameSync(partial, archive)
  }
  return { flags: [`-XX:ArchiveClassesAtExit=${partial}`], keep }
}

/** Starts a real Kafka (KRaft, one node) on free loopback ports and resolves when it answers. */
export async function startKafka(options: StartKafkaOptions = {}): Promise<KafkaServer> {
  const jars = await kafkaJars()
  if ('unavailable' in jars) throw new Error(jars.unavailable)
  const classPath = join(jars.lib, '*')
  const [client = 0, admin = 0, controller = 0] = await freePorts(3)
  const folder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'tagward-kafka-'))
  const propertiesFile = join(folder, 'server.properties')
  const properties = { ...brokerProperties(join(folder, 'data'), { client, admin, controller }, options), ...options.properties }
  mkdirSync(folder, { recursive: true })
  writeFileSync(propertiesFile, propertiesText(properties))

  const logging = `-Dlog4j2.configurationFile=${log4jConfigFile}`
  const quickStart = ['-XX:TieredStopAtLevel=1', '-Xshare:auto', '-XX:-UsePerfData']
  const archive = classArchive(jars.lib, options.archiveClasses === true)
  const java = process.env['JAVA_HOME'] ? join(process.env['JAVA_HOME'], 'bin', 'java') : 'java'
  const clusterId = randomBytes(16).toString('base64url')
  const scramUsers = (options.users ?? []).flatMap(({ name, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism) => `--add-scram=${mechanism}=[name=${name},password=${password}]`)
  )
  const format = [
    'kafka.tools.StorageTool',
    'format',
    '--ignore-formatted',
    `--cluster-id=${clusterId}`,
    `--config=${propertiesFile}`,
    ...scramUsers
  ]
  await promisify(execFile)(java, [...quickStart, '-Xmx128m', '-XX:+UseSerialGC', logging, '-cp', classPath, ...format])

  const heap = [options.heap ?? '-Xmx512m', '-XX:+UseSerialGC']
  const args = [
    ...(options.longRunning ? [] : quickStart),
    ...archive.flags,
    ...heap,
    logging,
    '-cp',
    classPath,
    'kafka.Kafka',
    propertiesFile
  ]
  let child: ChildProcess | undefined
  let log = ''
  const killAtExit = () => {
    child?.kill('SIGKILL')
    if (!options.dataFolder) rmSync(folder, { recursive: true, force: true })
  }

  const end = async (signal: NodeJS.Signals) => {
    const ending = child
    if (!ending) return
    const exited = once(ending, 'exit')
    ending.kill('SIGCONT')
    ending.kill(signal)
    await exited
  }

  const start = async () => {
    if (child) return
    const started = spawn(...withParentsLife(java, args), { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder })
    child = started
    const keep = (chunk: string) => {
      log = (log + chunk).slice(-KEPT_LOG_CHARACTERS)
    }
    started.stdout?.setEncoding('utf8').on('data', keep)
    started.stderr?.setEncoding('utf8').on('data', keep)
    started.once('error', (error) => keep(`${error.message}\n`))
    started.once('exit', () => {
      if (child === started) child = undefined
    })
    process.once('exit', killAtExit)
    try {
      await waitFor(
        'Kafka answers',
        async () => {
          if (child !== started) return 'ended' as const
          return (await answers([`127.0.0.1:${admin}`])) && ('ready' as const)
        },
        60_000,
        100
      ).then((state) => {
        if (state === 'ended') throw new Error('Kafka ended while starting')
      })
    } catch (error) {
      await end('SIGKILL')
      throw new Error(`Kafka did not start; its last words:\n${log}`, { cause: error })
    }
  }

  const stop = async ({ remove = false } = {}) => {
    await end('SIGTERM')
    archive.keep()
    process.removeListener('exit', killAtExit)
    if (remove) rmSync(folder, { recursive: true, force: true })
    else if (!options.dataFolder) process.once('exit', killAtExit)
  }

  await start()
  return {
    brokers: [`127.0.0.1:${client}`],
    adminBrokers: [`127.0.0.1:${admin}`],
    get pid() {
      return child?.pid
    },
    start,
    stop,
    kill: () => end('SIGKILL'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    logTail: () => log
  }
}
