import { compareEpochs, DataGaps } from './data-gaps.ts'
import { laneBounds } from './epoch-bounds.ts'
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
  /** Judge the oldest epoch of a lane from its first number on the topics; absent: from 1. */
  readonly fromFirst?: boolean | undefined
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
      // It may speak of the gateway asked for, whose log it has taken over.
      if (event.type === 'DataGap') this.#gaps.add(event)
      return
    }
    this.#records++
    const first = this.#ledger(event).add(event, place, contentHash(event))
    if (!first) return
    if (event.type === 'DataGap' && !this.#gaps.add(event)) this.#reject('a DataGap that does not keep its schema', record.offset, place)
    this.#options.onEvent?.(event)
  }

  report(): HistoryReport {
    const groups = new Map<string, LaneLedger[]>()
    for (const ledger of this.#ledgers.values()) {
      const name = `${ledger.gateway}/${ledger.lane}`
      groups.set(name, [...(groups.get(name) ?? []), ledger])
    }
    const lanes = [...groups.values()].flatMap((ledgers) => this.#judge(ledgers.sort((a, b) => compareEpochs(a.epoch, b.epoch))))
    lanes.sort((a, b) =>
      a.gateway < b.gateway ? -1 : a.gateway > b.gateway ? 1 : compareEpochs(a.epoch, b.epoch) || (a.lane < b.lane ? -1 : 1)
    )
    return { lanes, malformed: this.#malformed, malformedExamples: this.#malformedExamples }
  }

  /** The epochs of one lane of one gateway, from the oldest on. */
  #judge(ledgers: readonly LaneLedger[]): LaneReport[] {
    const gaps = this.#gaps
    const { gateway = '', lane = '' } = ledgers[0] ?? {}
    const bounds = laneBounds({
      extents: ledgers.map(({ extent }) => extent),
      beginningOf: (epoch) => gaps.beginning(gateway, epoch, lane),
      endOf: (epoch) => gaps.endOf(gateway, epoch, lane),
      lastTakeOver: (epoch) => gaps.lastTakeOver(gateway, epoch, lane),
      openingOf: (epoch) => (lane === 'alarm' ? (gaps.openingSequence(gateway, epoch) ?? 0) : undefined),
      fromFirst: this.#options.fromFirst === true
    })
    return ledgers.map((ledger, index) => {
      const { epoch } = ledger
      const next = ledgers[index + 1]?.epoch
      const before = index === 0 ? gaps.explainRange(gateway, null, epoch, lane) : []
      const after = next === undefined ? [] : gaps.explainRange(gateway, epoch, next, lane)
      const { deletedFrom } = this.#options
      return ledger.report(deletedFrom, gaps.explain(gateway, epoch, lane), bounds[index], [...before, ...after])
    })
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
