import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { GatewayError } from '../errors.ts'
import { type Expectation, SentReader } from './sent-entry.ts'
import { SentLedger } from './sent-ledger.ts'

export interface SentExample {
  /** Line of the file, from 1. */
  readonly line: number
  readonly text: string
}

export interface SentReport {
  /** Lines of the file. */
  readonly acknowledged: number
  /** Lines that say nothing that becomes an event for certain (downlink, configuration, bad payloads). */
  readonly withoutEvent: number
  /** Lines of which at least one event is not on the topics. */
  readonly neverLogged: number
  /** Events that are there more often than acknowledged without being marked as redelivered or stale; a sender's unacknowledged messages are among them. */
  readonly repeatedUnmarked: number
  readonly examples: readonly SentExample[]
}

const LISTED_EXAMPLES = 20
const EXAMPLE_CHARACTERS = 300

async function eachLine(file: string, take: (expectations: Expectation[], text: string, line: number) => void): Promise<void> {
  const reader = new SentReader()
  let line = 0
  try {
    for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
      line++
      if (text.trim() !== '') take(reader.expectations(text), text, line)
    }
  } catch (error) {
    const place = line === 0 ? file : `${file}, line ${line}`
    throw new GatewayError('CLI_USAGE', `${place}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** The account of one file of acknowledged messages. */
export class SentFile {
  readonly ledger = new SentLedger()
  readonly #file: string
  #lines = 0
  #withoutEvent = 0

  private constructor(file: string) {
    this.#file = file
  }

  static async read(file: string): Promise<SentFile> {
    const sent = new SentFile(file)
    await sent.#load()
    return sent
  }

  #load(): Promise<void> {
    return eachLine(this.#file, (expectations) => {
      this.#lines++
      if (expectations.length === 0) this.#withoutEvent++
      for (const expectation of expectations) this.ledger.acknowledge(expectation)
    })
  }

  /** After all events were observed. Reads the file again when something is missing, to say which lines. */
  async report(): Promise<SentReport> {
    const repeatedUnmarked = this.ledger.repeatedUnmarked
    const examples: SentExample[] = []
    let neverLogged = 0
    if (this.ledger.missing > 0) {
      await eachLine(this.#file, (expectations, text, line) => {
        const missing = expectations.filter((expectation) => this.ledger.takeMissing(expectation))
        if (missing.length === 0) return
        neverLogged++
        if (examples.length < LISTED_EXAMPLES) examples.push({ line, text: text.slice(0, EXAMPLE_CHARACTERS) })
      })
    }
    return { acknowledged: this.#lines, withoutEvent: this.#withoutEvent, neverLogged, repeatedUnmarked, examples }
  }
}
