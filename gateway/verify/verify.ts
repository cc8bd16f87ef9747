import type { Kafka } from 'kafkajs'
import { GatewayError } from '../errors.ts'
import { type ClusterSettings, createAdminClient, openReadingLink } from './cluster-access.ts'
import { History } from './history.ts'
import type { LaneReport } from './lane-ledger.ts'
import { FETCH_WAIT_MS, readTopics } from './read-topics.ts'
import { SentFile, type SentReport } from './sent-file.ts'
import { eventTopics, readDeletions, readExtents } from './topic-extent.ts'
import { withAdmin } from './with-admin.ts'

export interface VerifyOptions extends ClusterSettings {
  /** Absent: every gateway found. */
  readonly gateway?: string | undefined
  /** Judge the oldest epoch of a lane from its first number on the topics; absent: from 1. */
  readonly fromFirst?: boolean | undefined
  /** JSON lines of what a publisher had acknowledged. */
  readonly sentFile?: string | undefined
  /** The longest time without any progress; default 30 s. */
  readonly stallLimitMs?: number | undefined
}

export interface VerifyTotals {
  /** Records on the wire, repeats included. */
  readonly records: number
  /** Different events. */
  readonly events: number
  readonly lost: number
  /** Only with a file of acknowledged messages. */
  readonly neverLogged?: number
  readonly misordered: number
  readonly duplicatesAfterHighWater: number
  readonly duplicates: number
  readonly explainedByDataGap: number
  readonly conflicting: number
  readonly malformed: number
}

/** The sums that people and scripts ask for first stand at the top, too. */
type JudgedSums = Pick<VerifyTotals, 'lost' | 'neverLogged' | 'misordered' | 'duplicatesAfterHighWater' | 'duplicates'>

/** What `tagward verify` prints. */
export interface VerifyReport extends JudgedSums {
  /** Nothing lost, never logged, misordered, repeated past the high-water rule, conflicting or malformed. */
  readonly ok: boolean
  readonly prefix: string
  readonly topics: number
  readonly totals: VerifyTotals
  readonly lanes: readonly LaneReport[]
  readonly sent?: SentReport
  readonly malformedExamples: ReturnType<History['report']>['malformedExamples']
}

const DEFAULT_STALL_LIMIT_MS = 30_000

/** Reads the topics of a prefix to the end that they have now, and judges what is there. Throws a GatewayError when they cannot be read. */
export async function runVerify(options: VerifyOptions): Promise<VerifyReport> {
  const sent = options.sentFile === undefined ? undefined : await SentFile.read(options.sentFile)
  const kafka = createAdminClient(options)
  const limitMs = options.stallLimitMs ?? DEFAULT_STALL_LIMIT_MS
  try {
    const topics = eventTopics(await withAdmin(kafka, limitMs, (admin) => admin.listTopics()), options.prefix)
    if (topics.length === 0) {
      throw new GatewayError('VERIFY_READ_FAILED', `there are no topics ${options.prefix}.… on ${options.brokers.join(',')}`)
    }
    const history = await readHistory(kafka, topics, options, limitMs, sent)
    return await compose(options.prefix, topics.length, history, sent)
  } catch (error) {
    if (error instanceof GatewayError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new GatewayError('VERIFY_READ_FAILED', `the topics on ${options.brokers.join(',')} cannot be read: ${why}`, { cause: error })
  }
}

async function readHistory(
  kafka: Kafka,
  topics: readonly string[],
  options: VerifyOptions,
  stallLimitMs: number,
  sent: SentFile | undefined
): Promise<History> {
  const extents = await withAdmin(kafka, stallLimitMs, (admin) => readExtents(admin, topics))
  const history = new History({
    gateway: options.gateway,
    fromFirst: options.fromFirst,
    deletedFrom: await withAdmin(kafka, stallLimitMs, (admin) => readDeletions(admin, extents, options.prefix, Date.now())),
    ...(sent === undefined ? {} : { onEvent: (event) => sent.ledger.observe(event) })
  })
  const link = openReadingLink(options, FETCH_WAIT_MS + stallLimitMs)
  try {
    await readTopics({
      link,
      extents,
      stallLimitMs,
      onRecord: (record, topic, partition) => history.add(record, { topic, partition, appendedMs: Number(record.timestamp) })
    })
  } finally {
    link.close()
  }
  if (options.gateway !== undefined && history.records === 0 && history.otherGateways.length > 0) {
    const found = history.otherGateways.join(', ')
    throw new GatewayError('VERIFY_READ_FAILED', `nothing on the topics is from gateway ${options.gateway}; found: ${found}`)
  }
  return history
}

async function compose(prefix: string, topics: number, history: History, sent: SentFile | undefined): Promise<VerifyReport> {
  const { lanes, malformed, malformedExamples } = history.report()
  const sentReport = await sent?.report()
  const sum = (of: (lane: LaneReport) => number) => lanes.reduce((total, lane) => total + of(lane), 0)
  const totals: VerifyTotals = {
    records: history.records,
    events: sum((lane) => lane.events),
    lost: sum((lane) => lane.lost),
    ...(sentReport === undefined ? {} : { neverLogged: sentReport.neverLogged }),
    misordered: sum((lane) => lane.misordered),
    duplicatesAfterHighWater: sum((lane) => lane.duplicatesAfterHighWater),
    duplicates: sum((lane) => lane.duplicates),
    explainedByDataGap: sum((lane) => lane.explainedByDataGap),
    conflicting: sum((lane) => lane.conflicting),
    malformed
  }
  const { lost, neverLogged, misordered, duplicatesAfterHighWater, duplicates, conflicting } = totals
  return {
    ok: lost + (neverLogged ?? 0) + misordered + duplicatesAfterHighWater + conflicting + malformed === 0,
    lost,
    ...(neverLogged === undefined ? {} : { neverLogged }),
    misordered,
    duplicatesAfterHighWater,
    duplicates,
    prefix,
    topics,
    totals,
    lanes,
    ...(sentReport === undefined ? {} : { sent: sentReport }),
    malformedExamples
  }
}
