/** The few requests that a producer makes, each in the one version layout that its clients are told of. */
import { parseRecordBatch } from './record-batch.ts'
import type { AnswerFate, ArrivedBatch, ScriptedTopic } from './scripted-kafka.ts'
import { type WireReader, WireWriter } from './wire.ts'

export const API = {
  Produce: { key: 0, min: 5, max: 7 },
  Metadata: { key: 3, min: 5, max: 6 },
  SaslHandshake: { key: 17, min: 1, max: 1 },
  ApiVersions: { key: 18, min: 0, max: 2 },
  CreateTopics: { key: 19, min: 2, max: 3 },
  DescribeConfigs: { key: 32, min: 1, max: 2 },
  SaslAuthenticate: { key: 36, min: 0, max: 0 }
} as const

const CODE = {
  none: 0,
  corruptMessage: 2,
  unknownTopic: 3,
  notLeader: 6,
  tooLarge: 10,
  unsupportedMechanism: 33,
  topicExists: 36,
  authenticationFailed: 58
}

const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  'message.timestamp.type': 'CreateTime',
  'retention.ms': '604800000',
  'max.message.bytes': '1048588'
}

export interface Cluster {
  readonly topics: Map<string, ScriptedTopic>
  readonly topicCodes: Map<string, number>
  readonly users: ReadonlyMap<string, string> | undefined
  onBatch: ((batch: ArrivedBatch) => number) | undefined
  /** Every batch that arrived, accepted or not. */
  readonly batches: ArrivedBatch[]
  /** Values of `acks` that were asked for. */
  readonly acks: Set<number>
  /** Partitions of topics created without a number of them. */
  autoPartitions: number
  livingNodes(): { id: number; port: number }[]
  createTopic(topic: string, partitions?: number, settings?: Record<string, string>): void
}

interface Session {
  readonly node: number
  user: string | undefined
}

export interface Answer {
  readonly api: keyof typeof API
  readonly header: Buffer
  body(throttleMs: number): Buffer
  readonly fate?: AnswerFate
}

type Body = (throttleMs: number) => Buffer

/** Request header, version 1: api key int16 | version int16 | correlation id int32 | client id string. */
export function answerRequest(cluster: Cluster, session: Session, reader: WireReader): Answer {
  const key = reader.int16()
  reader.int16()
  const header = new WireWriter().int32(reader.int32()).build()
  reader.nullableString()
  const api = (Object.keys(API) as (keyof typeof API)[]).find((name) => API[name].key === key)
  if (api === undefined) throw new RangeError(`request ${key} is not one of those that this broker told`)
  const open = api === 'ApiVersions' || api === 'SaslHandshake' || api === 'SaslAuthenticate'
  if (cluster.users !== undefined && session.user === undefined && !open)
    return { api, header, body: () => Buffer.alloc(0), fate: { kind: 'disconnect' } }
  return { api, header, body: HANDLERS[api](cluster, session, reader) }
}

const HANDLERS: Readonly<Record<keyof typeof API, (cluster: Cluster, session: Session, reader: WireReader) => Body>> = {
  ApiVersions: () => (throttleMs) => {
    const writer = new WireWriter().int16(CODE.none)
    writer.array(Object.values(API), ({ key, min, max }) => writer.int16(key).int16(min).int16(max))
    return writer.int32(throttleMs).build()
  },
  Metadata: metadata,
  Produce: produce,
  CreateTopics: createTopics,
  DescribeConfigs: describeConfigs,
  SaslHandshake(_cluster, _session, reader) {
    const code = reader.string() === 'PLAIN' ? CODE.none : CODE.unsupportedMechanism
    return () => {
      const writer = new WireWriter().int16(code)
      return writer.array(['PLAIN'], (mechanism) => writer.string(mechanism)).build()
    }
  },
  SaslAuthenticate(cluster, session, reader) {
    const [, user = '', password = ''] = reader.bytes(reader.int32()).toString('utf8').split('\0')
    const known = cluster.users?.get(user) === password
    if (known) session.user = user
    return () =>
      new WireWriter()
        .int16(known ? CODE.none : CODE.authenticationFailed)
        .string(known ? null : 'invalid credentials')
        .bytes(Buffer.alloc(0))
        .build()
  }
}

function metadata(cluster: Cluster, _session: Session, reader: WireReader): Body {
  const asked = reader.nullableArray(() => reader.string()) ?? [...cluster.topics.keys()]
  return (throttleMs) => {
    const nodes = cluster.livingNodes()
    const writer = new WireWriter().int32(throttleMs)
    writer.array(nodes, ({ id, port }) => writer.int32(id).string('127.0.0.1').int32(port).string(null))
    writer.string('scripted').int32(nodes[0]?.id ?? -1)
    writer.array(asked, (name) => {
      const topic = cluster.topics.get(name)
      const code = cluster.topicCodes.get(name) ?? (topic === undefined ? CODE.unknownTopic : CODE.none)
      writer.int16(code).string(name).boolean(false)
      writer.array([...(code === CODE.none ? (topic?.partitions ?? []) : []).entries()], ([partition, { leader }]) => {
        writer.int16(CODE.none).int32(partition).int32(leader)
        writer.array([leader], (node) => writer.int32(node))
        writer.array([leader], (node) => writer.int32(node))
        writer.int32(0)
      })
    })
    return writer.build()
  }
}

function produce(cluster: Cluster, session: Session, reader: WireReader): Body {
  reader.nullableString()
  cluster.acks.add(reader.int16())
  reader.int32()
  const topics = reader.array(() => ({
    name: reader.string(),
    partitions: reader.array(() => ({ partition: reader.int32(), data: reader.bytes(reader.int32()) }))
  }))
  const results = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partition, data }) => ({ partition, ...store(cluster, session.node, name, partition, data) }))
  }))
  return (throttleMs) => {
    const writer = new WireWriter()
    writer.array(results, ({ name, partitions }) => {
      writer.string(name)
      writer.array(partitions, ({ partition, code, baseOffset }) =>
        writer.int32(partition).int16(code).int64(baseOffset).int64(-1).int64(0)
      )
    })
    return writer.int32(throttleMs).build()
  }
}

function store(cluster: Cluster, node: number, name: string, partition: number, data: Buffer): { code: number; baseOffset: number } {
  const refused = (code: number) => ({ code, baseOffset: -1 })
  const batch = parseRecordBatch(data)
  if (batch === undefined) return refused(CODE.corruptMessage)
  const arrived: ArrivedBatch = { ...batch, node, topic: name, partition }
  cluster.batches.push(arrived)
  const topic = cluster.topics.get(name)
  const home = topic?.partitions[partition]
  const topicCode = cluster.topicCodes.get(name)
  if (topicCode !== undefined) return refused(topicCode)
  if (topic === undefined || home === undefined) return refused(CODE.unknownTopic)
  if (home.leader !== node) return refused(CODE.notLeader)
  if (data.length > Number(settingOf(topic, 'max.message.bytes'))) return refused(CODE.tooLarge)
  const code = cluster.onBatch?.(arrived) ?? CODE.none
  if (code !== CODE.none) return refused(code)
  const baseOffset = home.records.length
  home.records.push(...batch.records)
  return { code, baseOffset }
}

function settingOf(topic: ScriptedTopic, name: string): string {
  return topic.settings.get(name) ?? DEFAULT_SETTINGS[name] ?? ''
}

function createTopics(cluster: Cluster, _session: Session, reader: WireReader): Body {
  const asked = reader.array(() => ({
    name: reader.string(),
    partitions: reader.int32(),
    replicationFactor: reader.int16(),
    assignments: reader.array(() => ({ partition: reader.int32(), replicas: reader.array(() => reader.int32()) })),
    settings: reader.array(() => [reader.string(), reader.nullableString() ?? ''] as const)
  }))
  const results = asked.map(({ name, partitions, settings }) => {
    const code = cluster.topicCodes.get(name) ?? (cluster.topics.has(name) ? CODE.topicExists : CODE.none)
    if (code === CODE.none) cluster.createTopic(name, partitions < 0 ? cluster.autoPartitions : partitions, Object.fromEntries(settings))
    return { name, code }
  })
  return (throttleMs) => {
    const writer = new WireWriter().int32(throttleMs)
    return writer.array(results, ({ name, code }) => writer.string(name).int16(code).string(null)).build()
  }
}

function describeConfigs(cluster: Cluster, _session: Session, reader: WireReader): Body {
  const asked = reader.array(() => ({
    type: reader.int8(),
    name: reader.string(),
    settings: reader.nullableArray(() => reader.string()) ?? Object.keys(DEFAULT_SETTINGS)
  }))
  return (throttleMs) => {
    const writer = new WireWriter().int32(throttleMs)
    return writer
      .array(asked, ({ type, name, settings }) => {
        const topic = cluster.topics.get(name)
        const code = cluster.topicCodes.get(name) ?? (topic === undefined ? CODE.unknownTopic : CODE.none)
        writer.int16(code).string(null).int8(type).string(name)
        writer.array(topic === undefined || code !== CODE.none ? [] : settings, (setting) => {
          writer.string(setting).string(topic === undefined ? '' : settingOf(topic, setting))
          writer.boolean(false).int8(1).boolean(false).int32(0)
        })
      })
      .build()
  }
}
