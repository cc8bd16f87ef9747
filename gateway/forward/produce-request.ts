export interface PartitionData {
  readonly topic: string
  readonly partition: number
  readonly batch: Buffer
}

const ACKS_ALL = -1

function int32(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(4)
  buffer.writeInt32BE(value)
  return buffer
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const buffer = Buffer.allocUnsafe(2 + bytes.length)
  buffer.writeInt16BE(bytes.length)
  bytes.copy(buffer, 2)
  return buffer
}

/**
 * Body of a Produce request, versions 3 to 7: transactional_id nullable string | acks int16 | timeout int32 | topics of
 * name string | partitions of index int32 | records bytes. No transaction; acknowledged by all in-sync replicas.
 */
export function encodeProduceBody(partitions: readonly PartitionData[], timeoutMs: number): Buffer {
  const byTopic = new Map<string, PartitionData[]>()
  for (const each of partitions) byTopic.set(each.topic, [...(byTopic.get(each.topic) ?? []), each])
  const head = Buffer.allocUnsafe(8)
  head.writeInt16BE(-1, 0)
  head.writeInt16BE(ACKS_ALL, 2)
  head.writeInt32BE(timeoutMs, 4)
  const parts: Buffer[] = [head, int32(byTopic.size)]
  for (const [topic, own] of byTopic) {
    parts.push(text(topic), int32(own.length))
    for (const { partition, batch } of own) parts.push(int32(partition), int32(batch.length), batch)
  }
  return Buffer.concat(parts)
}
