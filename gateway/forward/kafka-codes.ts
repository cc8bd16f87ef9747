import { errorCodes } from 'kafkajs/src/protocol/error.js'

const names = new Map<number, string>([
  [0, 'NONE'],
  [89, 'THROTTLING_QUOTA_EXCEEDED'],
  ...errorCodes.map(({ code, type }) => [code, type] as const)
])

/** Kafka's own name of an error code. */
export function codeName(code: number): string {
  return names.get(code) ?? `KAFKA_ERROR_${code}`
}

/**
 * What an error code of a partition in a Produce response means for the records in it. `poison`: one of them may never be
 * acceptable, look which. `oversize`: likewise, and smaller batches may be all it takes. `timestamp`: only our time of
 * sending is refused. `moved`: ask the cluster where the partition is now, and try again. `wait`: everything else; a
 * later attempt may do, and no data are given up for a code whose meaning is not certain.
 */
export type ProduceVerdict = 'accepted' | 'poison' | 'oversize' | 'timestamp' | 'moved' | 'wait'

const VERDICTS: Readonly<Record<string, ProduceVerdict>> = {
  NONE: 'accepted',
  MESSAGE_TOO_LARGE: 'oversize',
  RECORD_LIST_TOO_LARGE: 'oversize',
  INVALID_RECORD: 'poison',
  CORRUPT_MESSAGE: 'poison',
  INVALID_TIMESTAMP: 'timestamp',
  UNKNOWN_TOPIC_OR_PARTITION: 'moved',
  LEADER_NOT_AVAILABLE: 'moved',
  NOT_LEADER_FOR_PARTITION: 'moved',
  FENCED_LEADER_EPOCH: 'moved',
  UNKNOWN_LEADER_EPOCH: 'moved',
  REPLICA_NOT_AVAILABLE: 'moved'
}

export function produceVerdict(code: string): ProduceVerdict {
  return VERDICTS[code] ?? 'wait'
}
