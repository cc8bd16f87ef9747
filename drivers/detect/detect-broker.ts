import type { Codec } from '../../firmware-protocols/codec.ts'
import type { Clock, TimerHandle } from '../driver.ts'
import { type BrokerLogin, listenToBroker } from './broker-listener.ts'
import type { Detection, Finding, SniffProgress } from './detection.ts'
import { type BrokerAccess, mqttSource, proposeConfig, travelsOver } from './propose-source.ts'
import { rankTopics } from './rank-topics.ts'
import { TopicPanel } from './topic-panel.ts'

const DEFAULT_BROKER_MS = 15_000
const PROGRESS_EVERY_MS = 1_000
/** Messages a second that are looked into; of a flood the rest is counted only. */
const LOOKED_INTO_PER_SECOND = 2_000

export interface DetectBrokerOptions extends Omit<BrokerLogin, 'topics'> {
  readonly topics?: readonly string[] | undefined
  readonly codecs: readonly Codec[]
  readonly clock: Clock
  /** Ends the detection; what was heard until then is told. */
  readonly signal: AbortSignal
  readonly listenMs?: number | undefined
  /** How the proposed configuration refers to password and certificate; what is secret itself never gets there. */
  readonly access?: Pick<BrokerAccess, 'passwordReference' | 'caFile'> | undefined
  readonly onProgress?: ((progress: SniffProgress) => void) | undefined
}

/** Finds out what is published at an MQTT broker. Rejects with a DriverError when it cannot be listened to. */
export async function detectBroker(options: DetectBrokerOptions): Promise<Detection> {
  const { access, clock, codecs, onProgress, signal, url, username } = options
  const topics = options.topics ?? ['#']
  const panel = new TopicPanel(codecs.filter((codec) => travelsOver(codec, 'mqtt')))
  const gate = { secondMs: clock.monotonicMs(), taken: 0, passed: 0 }
  const onMessage = (topic: string, payload: Uint8Array, retained: boolean): void => {
    const nowMs = clock.monotonicMs()
    if (nowMs - gate.secondMs >= 1_000) {
      gate.secondMs = nowMs
      gate.taken = 0
    }
    if (gate.taken++ < LOOKED_INTO_PER_SECOND) panel.take(payload, { topic, retained, receivedAt: clock.wallMs() })
    else gate.passed++
  }
  const ticking = tell(clock, () => onProgress?.({ bytes: panel.bytes, messages: panel.messages + gate.passed }))
  const listening = listenToBroker({ ...options, topics, listenMs: options.listenMs ?? DEFAULT_BROKER_MS, onMessage })
  const { amiss, lost, version } = await listening.finally(() => ticking.cancel())
  const { findings, possible, protocols } = rankTopics(panel.evidence())
  const found = findings.map((finding): Finding => (version === '3.1.1' ? { ...finding, mqttVersion: '3.1.1' } : finding))
  const sources = found.map((finding) => mqttSource(finding, codecs, { url, username, ...access }))
  const notes = [
    ...(amiss === '' ? [] : [amiss]),
    ...(lost === undefined ? [] : [lost.message]),
    ...(gate.passed === 0 ? [] : [`${gate.passed} messages came too fast to be looked into`]),
    ...(panel.beyond === 0 ? [] : [`${panel.beyond} messages were on more kinds of topics than are told apart`]),
    ...(panel.messages === 0 ? [quietBroker(topics, username)] : [])
  ]
  return {
    version: 1,
    target: url,
    kind: 'broker',
    outcome: found.length > 0 ? 'detected' : panel.messages === 0 ? 'silent' : possible.length > 0 ? 'possible' : 'unknown',
    findings: found,
    possible,
    heard: { speeds: [], topics: panel.heard(protocols) },
    notes,
    ...(sources.length === 0 ? {} : proposeConfig(sources)),
    interrupted: signal.aborted
  }
}

function tell(clock: Clock, say: () => void): TimerHandle {
  let timer: TimerHandle | undefined
  const next = (): void => {
    timer = clock.setTimeout(() => {
      say()
      next()
    }, PROGRESS_EVERY_MS)
  }
  next()
  return { cancel: () => timer?.cancel() }
}

function quietBroker(topics: readonly string[], username: string | undefined): string {
  const user = username === undefined ? 'anonymous clients' : `the user ${username}`
  return `the broker took the subscription to ${topics.join(', ')}; brokers also take it where ${user} may not read, and then send nothing`
}
