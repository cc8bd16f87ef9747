import { codeName } from './kafka-codes.ts'

export interface PartitionView {
  readonly partition: number
  /** Node id; negative: none at the moment. */
  readonly leader: number
}

export interface TopicView {
  /** `NONE`, or the name of the error that the cluster gave for this topic. */
  readonly code: string
  /** Index is the partition's number. */
  readonly partitions: readonly PartitionView[]
  readonly replicationFactor: number
}

export interface ClusterView {
  /** `host:port` of each broker. */
  readonly nodes: ReadonlyMap<number, string>
  readonly controller: number | undefined
  readonly topics: ReadonlyMap<string, TopicView>
}

/** As kafkajs decodes a Metadata response, version 5 and later. */
interface MetadataAnswer {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly controllerId: number
  readonly topicMetadata: readonly {
    readonly topicErrorCode: number
    readonly topic: string
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number; readonly replicas: readonly number[] }[]
  }[]
}

export function clusterViewOf(answer: object): ClusterView {
  const { brokers, controllerId, topicMetadata } = answer as MetadataAnswer
  const nodes = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, `${host.includes(':') ? `[${host}]` : host}:${port}`]))
  return {
    nodes,
    controller: nodes.has(controllerId) ? controllerId : undefined,
    topics: new Map(
      topicMetadata.map(({ topic, topicErrorCode, partitionMetadata }) => [
        topic,
        {
          code: codeName(topicErrorCode),
          partitions: partitionMetadata
            .map(({ partitionId, leader }) => ({ partition: partitionId, leader }))
            .sort((a, b) => a.partition - b.partition),
          replicationFactor: partitionMetadata[0]?.replicas.length ?? 0
        }
      ])
    )
  }
}
