import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KafkaJars, kafkaJars } from './kafka-jars.ts'
import { type KafkaServer, startKafka } from './start-kafka.ts'

/** What the test files of one run know of Kafka; handed from vitest's main process to its workers. */
export interface KafkaInThisRun {
  /** Why no shared Kafka can be had. */
  readonly unavailable: string | undefined
  /** Why no broker of one's own can be started. */
  readonly ownUnavailable: string | undefined
  /** Answers with `{"brokers":[…]}`; the first request starts the broker. */
  readonly door: string
  /** Skipped suites add a line: suite, tab, reason. */
  readonly skippedFile: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: KafkaInThisRun
  }
}

/** The brokers named by `KAFKA_BROKERS`, if any. */
export function brokersFromEnvironment(): string[] | undefined {
  const brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((broker) => broker !== '')
  return brokers.length > 0 ? brokers : undefined
}

export interface SharedKafka {
  readonly run: KafkaInThisRun
  /** Stops what was started; gives the line that says what was skipped and why, if anything was. */
  close(): Promise<string | undefined>
}

export function skippedSummary(lines: readonly string[]): string | undefined {
  if (lines.length === 0) return undefined
  const reasons = new Set(lines.map((line) => line.slice(line.indexOf('\t') + 1)))
  const suites = lines.map((line) => line.slice(0, line.indexOf('\t'))).join(', ')
  return `${lines.length} Kafka suites skipped: ${[...reasons].join('; ')} (${suites})`
}

/** One Kafka for all test files of a run: named by the environment, or started when the first suite asks for it. */
export async function openSharedKafka(findJars: () => Promise<KafkaJars> = kafkaJars): Promise<SharedKafka> {
  const named = brokersFromEnvironment()
  const jars = await findJars()
  const ownUnavailable = 'unavailable' in jars ? jars.unavailable : undefined
  const folder = mkdtempSync(join(tmpdir(), 'tagward-kafka-run-'))
  const skippedFile = join(folder, 'skipped')
  appendFileSync(skippedFile, '')

  let started: Promise<KafkaServer> | undefined
  const brokers = async () => {
    if (named) return named
    started ??= startKafka({ archiveClasses: true })
    return (await started).brokers
  }
  const server = createServer((_request, response) => {
    brokers().then(
      (found) => response.end(JSON.stringify({ brokers: found })),
      (error: Error) => response.end(JSON.stringify({ error: error.message }))
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  const close = async () => {
    server.close()
    server.closeAllConnections()
    const running = await started?.catch(() => undefined)
    await running?.stop({ remove: true })
    const lines = readFileSync(skippedFile, 'utf8').split('\n').filter(Boolean)
    rmSync(folder, { recursive: true, force: true })
    return skippedSummary(lines)
  }
  const unavailable = named ? undefined : ownUnavailable
  return { run: { unavailable, ownUnavailable, door: `http://127.0.0.1:${port}/`, skippedFile }, close }
}
