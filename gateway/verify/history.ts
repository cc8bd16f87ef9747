import { compareEpochs, DataGaps } from './data-gaps.ts'
import { type DeletedFrom, LaneLedger, type LaneReport, type WirePlace } from './lane-ledger.ts'
import { contentHash, parseWireEvent, type WireEvent, type WireRecord } from './wire-event.ts'

export interface MalformedExample {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly why: string
}

export interface HistoryReport {
  readonly lanes: readonly LaneReport[]
  readonly malformed: number
  readonly malformedExamples: readonly MalformedExample[]
}

export interface HistoryOptions {
  /** Only this gateway's records; absent: all. */
  readonly gateway?: string | undefined
  readonly deletedFrom: readonly DeletedFrom[]
  /** Called for every event once, however often it is on the wire. */
  readonly onEvent?: (event: WireEvent) => void
}

const LISTED_MALFORMED = 20

/** Everything that the topics say, accounted by gateway, epoch and lane. */
export class History {
  readonly #options: HistoryOptions
  readonly #horizonsMs: readonly number[]
  readonly #ledgers = new Map<string, LaneLedger>()
  readonly #gaps = new DataGaps()
  readonly #otherGateways = new Set<string>()
  readonly #malformedExamples: MalformedExample[] = []
  #malformed = 0
  #records = 0

  constructor(options: HistoryOptions) {
    this.#options = options
    this.#horizonsMs = [...new Set(options.deletedFrom.map(({ keptSinceMs }) => keptSinceMs))]
  }

  /** Records of the gateways asked for. */
  get records(): number {
    return this.#records
  }

  /** Gateways that were passed over. */
  get otherGateways(): readonly string[] {
    return [...this.#otherGateways]
  }

  /** Takes the records of a partition in their order; partitions may alternate. */
  add(record: WireRecord & { readonly offset: string }, place: WirePlace): void {
    const event = parseWireEvent(record)
    if (typeof event === 'string') {
      this.#reject(event, record.offset, place)
      return
    }
    if (this.#options.gateway !== undefined && this.#options.gateway !== event.gateway) {
      this.#otherGateways.add(event.gateway)
      return
    }
    this.#records++
    const first = this.#ledger(event).add(event, place, contentHash(event))
    if (!first) return
    if (event.type === 'DataGap' && !this.#gaps.add(event)) this.#reject('a DataGap that does not keep its schema', record.offset, place)
    this.#options.onEvent?.(event)
  }

  report(): HistoryReport {
    const lanes = [...this.#ledgers.values()].map((ledger) => {
      const { gateway, epoch, lane } = ledger
      return ledger.report(this.#options.deletedFrom, this.#gaps.explain(gateway, epoch, lane))
    })
    lanes.sort((a, b) =>
      a.gateway < b.gateway ? -1 : a.gateway > b.gateway ? 1 : compareEpochs(a.epoch, b.epoch) || (a.lane < b.lane ? -1 : 1)
    )
    return { lanes, malformed: this.#malformed, malformedExamples: this.#malformedExamples }
  }

  #reject(why: string, offset: string, { topic, partition }: WirePlace): void {
    this.#malformed++
    if (this.#malformedExamples.length < LISTED_MALFORMED) this.#malformedExamples.push({ topic, partition, offset, why })
  }

  #ledger(event: WireEvent): LaneLedger {
    const name = `${event.gateway}/${event.epoch}/${event.lane}`
    let ledger = this.#ledgers.get(name)
    if (!ledger) {
      ledger = new LaneLedger(event, this.#horizonsMs)
      this.#ledgers.set(name, ledger)
    }
    return ledger
  }
}
