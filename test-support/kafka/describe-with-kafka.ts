import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { beforeAll, describe, inject, it } from 'vitest'
import type { KafkaInThisRun } from './shared-kafka.ts'

export interface KafkaInTest {
  /** Known once hooks and tests run, not while they are being declared. */
  readonly brokers: string[]
  /** A topic prefix that nobody else uses: the broker is shared by all test files. */
  newPrefix(name?: string): string
}

interface Door {
  readonly brokers?: string[]
  readonly error?: string
}

/** The brokers of the Kafka that all test files of this run share; starts it when nobody has yet. */
export async function kafkaForTests(run: KafkaInThisRun = inject('kafka')): Promise<string[]> {
  if (run.unavailable !== undefined) throw new Error(run.unavailable)
  const { brokers, error } = (await (await fetch(run.door)).json()) as Door
  if (!brokers) throw new Error(error ?? 'the shared Kafka did not start')
  return brokers
}

/** Where there is no Kafka: skipped in plain sight, but a failure where everything has to be there (`CI=true`). */
function describeWithout(name: string, reason: string, declare: () => void): void {
  if (process.env['CI'] === 'true') {
    describe(name, () => {
      it('has a Kafka to run against', () => {
        throw new Error(`CI=true and no Kafka: ${reason}`)
      })
    })
    return
  }
  appendFileSync(inject('kafka').skippedFile, `${name}\t${reason}\n`)
  describe(`${name} (skipped: ${reason})`, { skip: true }, declare)
}

export function newPrefix(name = 'test'): string {
  return `${name}-${randomBytes(6).toString('hex')}`
}

/** A suite that uses the shared Kafka. It must keep to topics and groups of its own and change nothing of the broker. */
export function describeWithKafka(name: string, declare: (kafka: KafkaInTest) => void): void {
  let brokers: string[] = []
  const kafka: KafkaInTest = {
    get brokers() {
      if (brokers.length === 0) throw new Error('the brokers are known in hooks and tests only')
      return brokers
    },
    newPrefix
  }
  const { unavailable } = inject('kafka')
  if (unavailable !== undefined) {
    describeWithout(name, unavailable, () => declare(kafka))
    return
  }
  describe(name, () => {
    beforeAll(async () => {
      brokers = await kafkaForTests()
    })
    declare(kafka)
  })
}

/** A suite that stops or reconfigures brokers: it starts its own by `startKafka`. */
export function describeWithOwnKafka(name: string, declare: () => void): void {
  const { ownUnavailable } = inject('kafka')
  if (ownUnavailable === undefined) describe(name, declare)
  else describeWithout(name, ownUnavailable, declare)
}
