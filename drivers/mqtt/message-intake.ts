import type { IPublishPacket } from 'mqtt'
import { createFrameFeed, type FrameFeed } from '../codec-feed.ts'
import type { Unacknowledged } from './ack-gate.ts'
import type { HeldAckStream } from './held-ack-stream.ts'
import type { MqttRunParts } from './mqtt-run-parts.ts'

const OVERSIZE_LOG_INTERVAL_MS = 60_000

/**
 * What one connection receives: each PUBLISH goes to the log, once, and with QoS 1 and 2 the log's word that it is durable
 * goes to the gate of the stream, which lets the acknowledgement out.
 */
export class MessageIntake {
  readonly #parts: MqttRunParts
  readonly #feed: FrameFeed
  #publishes = 0
  #oversizeQuietUntilMs = Number.NEGATIVE_INFINITY

  constructor(parts: MqttRunParts) {
    this.#parts = parts
    this.#feed = createFrameFeed(parts.codec, parts.context)
  }

  /** A PUBLISH was read; `receive` follows, before the next one is read. */
  sawPublish(): void {
    this.#publishes += 1
  }

  receive(stream: HeldAckStream, topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    this.#parts.context.counters.bytesIn += payload.length
    const cut = stream.wasCut(this.#publishes)
    const confirm = packet.qos === 0 ? undefined : this.#expect(stream, topic, payload, packet)
    if (confirm === 'repeat') return
    if (cut) {
      this.#countOversize(topic)
      confirm?.()
      return
    }
    this.#feed.frame(
      payload,
      packet.retain ? { topic, retained: true } : { topic },
      confirm === undefined ? undefined : packet.dup ? { onDurable: confirm, redelivered: true } : { onDurable: confirm }
    )
    stream.checkBackpressure()
  }

  #expect(stream: HeldAckStream, topic: string, payload: Uint8Array, packet: IPublishPacket): (() => void) | 'repeat' {
    const { clock } = this.#parts.context
    const { exactlyOnce } = this.#parts.session
    const packetId = packet.messageId ?? 0
    const { gate } = stream
    const entry: Unacknowledged = gate.expect(packetId, clock.monotonicMs())
    if (packet.qos !== 2) return () => gate.confirm(entry, clock.monotonicMs())
    const stored = exactlyOnce.receive(packetId, packet.dup, topic, payload)
    if (stored === undefined) {
      gate.confirm(entry, clock.monotonicMs())
      return 'repeat'
    }
    return () => {
      stored()
      gate.confirm(entry, clock.monotonicMs())
    }
  }

  #countOversize(topic: string): void {
    const { context, settings } = this.#parts
    context.counters.frames += 1
    context.counters.errors += 1
    const nowMs = context.clock.monotonicMs()
    if (nowMs < this.#oversizeQuietUntilMs) return
    this.#oversizeQuietUntilMs = nowMs + OVERSIZE_LOG_INTERVAL_MS
    context.log.warn({ sourceId: context.sourceId, topic, maxPacketBytes: settings.maxPacketBytes }, 'a message is too long and is let go')
  }
}
