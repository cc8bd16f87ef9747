/**
 * A small Kafka cluster that does what a test tells it to: written from Kafka's protocol documentation, in one process,
 * in memory. It stores what it accepts as a broker would, so that a test can count what was lost, doubled or misplaced.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { BatchRecord, RecordBatch } from './record-batch.ts'
import { type Answer, type API, answerRequest, type Cluster } from './requests.ts'
import { WireReader, WireWriter } from './wire.ts'

export interface ArrivedBatch extends RecordBatch {
  readonly node: number
  readonly topic: string
  readonly partition: number
}

export interface ArrivedRequest {
  readonly node: number
  readonly api: keyof typeof API
  /** Counts from 1, by kind of request. */
  readonly count: number
}

/** What becomes of an answer that is ready; the request has had its effect. */
export type AnswerFate =
  | { readonly kind: 'send'; readonly throttleMs?: number }
  /** Kept back until `releaseHeld`. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'silence' }
  | { readonly kind: 'disconnect' }

export interface ScriptedTopic {
  readonly partitions: { leader: number; readonly records: BatchRecord[] }[]
  readonly settings: Map<string, string>
}

export interface ScriptedKafkaOptions {
  readonly nodes?: number
  /** Users of SASL PLAIN; absent: no authentication. */
  readonly users?: ReadonlyMap<string, string>
}

export interface ScriptedKafka extends Cluster {
  readonly brokers: string[]
  /** Gives the error code for a batch (0: store it). Takes the place of nothing: the broker's own checks come first. */
  onBatch: ((batch: ArrivedBatch) => number) | undefined
  /** Decides what becomes of the answer to a request. */
  onAnswer: ((request: ArrivedRequest) => AnswerFate) | undefined
  /** Codes with which the cluster answers for a topic in Metadata, CreateTopics and Produce. */
  readonly topicCodes: Map<string, number>
  createTopic(topic: string, partitions?: number, settings?: Record<string, string>): void
  /** Values stored in a partition, in order. */
  values(topic: string, partition?: number): string[]
  /** Answers that were kept back, in order. */
  releaseHeld(): void
  disconnectAll(): void
  /** Closes the port and the connections of a node; the cluster no longer names it. */
  stopNode(node: number): Promise<void>
  startNode(node: number): Promise<void>
  readonly connectionCount: number
  stop(): Promise<void>
}

interface Node {
  readonly server: Server
  readonly sockets: Set<Socket>
  port: number
}

export async function startScriptedKafka(options: ScriptedKafkaOptions = {}): Promise<ScriptedKafka> {
  const nodes = new Map<number, Node>()
  const counts = new Map<string, number>()
  const held: (() => void)[] = []

  const cluster: ScriptedKafka = {
    brokers: [],
    topics: new Map(),
    topicCodes: new Map(),
    users: options.users,
    onBatch: undefined,
    onAnswer: undefined,
    batches: [],
    acks: new Set(),
    autoPartitions: 1,
    livingNodes: () => [...nodes].filter(([, node]) => node.server.listening).map(([id, node]) => ({ id, port: node.port })),
    createTopic(topic, partitions = 1, settings = {}) {
      cluster.topics.set(topic, {
        partitions: Array.from({ length: partitions }, (_, index) => ({ leader: index % nodes.size, records: [] })),
        settings: new Map(Object.entries(settings))
      })
    },
    values: (topic, partition = 0) => (cluster.topics.get(topic)?.partitions[partition]?.records ?? []).map(({ value }) => value ?? ''),
    releaseHeld() {
      for (const send of held.splice(0)) send()
    },
    disconnectAll() {
      for (const { sockets } of nodes.values()) for (const socket of sockets) socket.destroy()
    },
    async stopNode(id) {
      const node = nodes.get(id)
      if (node === undefined) return
      for (const socket of node.sockets) socket.destroy()
      await new Promise<void>((resolve) => node.server.close(() => resolve()))
    },
    async startNode(id) {
      const node = nodes.get(id)
      if (node !== undefined) await listen(node)
    },
    get connectionCount() {
      return [...nodes.values()].reduce((sum, { sockets }) => sum + sockets.size, 0)
    },
    async stop() {
      await Promise.all([...nodes.keys()].map((id) => cluster.stopNode(id)))
    }
  }

  const finish = (socket: Socket, request: ArrivedRequest, answer: Answer): void => {
    const fate = answer.fate ?? cluster.onAnswer?.(request) ?? { kind: 'send' }
    const send = (throttleMs: number) => {
      const body = answer.body(throttleMs)
      if (!socket.destroyed) socket.write(new WireWriter().bytes(Buffer.concat([answer.header, body])).build())
    }
    if (fate.kind === 'send') send(fate.throttleMs ?? 0)
    else if (fate.kind === 'hold') held.push(() => send(0))
    else if (fate.kind === 'disconnect') socket.destroy()
  }

  const serve = (id: number, node: Node, socket: Socket): void => {
    node.sockets.add(socket)
    socket.on('close', () => node.sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const session = { node: id, user: undefined }
    let pending = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const length = pending.readInt32BE(0)
        const reader = new WireReader(pending.subarray(4, 4 + length))
        pending = pending.subarray(4 + length)
        const answer = answerRequest(cluster, session, reader)
        const count = (counts.get(answer.api) ?? 0) + 1
        counts.set(answer.api, count)
        finish(socket, { node: id, api: answer.api, count }, answer)
      }
    })
  }

  for (let id = 0; id < (options.nodes ?? 1); id++) {
    const node: Node = { server: createServer((socket) => serve(id, node, socket)), sockets: new Set(), port: 0 }
    nodes.set(id, node)
    await listen(node)
    cluster.brokers.push(`127.0.0.1:${node.port}`)
  }
  return cluster
}

async function listen(node: Node): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    node.server.once('error', reject)
    node.server.listen(node.port, '127.0.0.1', () => resolve())
  })
  const address = node.server.address()
  if (typeof address === 'object' && address !== null) node.port = address.port
}
