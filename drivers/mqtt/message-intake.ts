import type { IPublishPacket } from 'mqtt'
import { createFrameFeed, type FrameFeed } from '../codec-feed.ts'
import type { DriverSink } from '../driver.ts'
import type { HeldAckStream } from './held-ack-stream.ts'
import type { MqttRunParts } from './mqtt-run-parts.ts'

const OVERSIZE_LOG_INTERVAL_MS = 60_000

/** What goes with a message of QoS 1 or 2. */
interface Answer {
  readonly onDurable: () => void
  readonly onGivenUp: () => void
  readonly pressing: boolean
}

/**
 * What one connection receives: each PUBLISH goes to the log, once, and with QoS 1 and 2 the log's word that it is durable
 * goes to the gate of the stream, which lets the acknowledgement out.
 */
export class MessageIntake {
  readonly #parts: MqttRunParts
  readonly #feed: FrameFeed
  #publishes = 0
  #oversizeQuietUntilMs = Number.NEGATIVE_INFINITY

  /** `sink`: where readings go, in place of the context's. */
  constructor(parts: MqttRunParts, sink: DriverSink = parts.context.sink) {
    this.#parts = parts
    this.#feed = createFrameFeed(parts.codec, { ...parts.context, sink })
  }

  /** A PUBLISH was read; `receive` follows, before the next one is read. */
  sawPublish(): void {
    this.#publishes += 1
  }

  receive(stream: HeldAckStream, topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    this.#parts.context.counters.bytesIn += payload.length
    const cut = stream.wasCut(this.#publishes)
    const answer = packet.qos === 0 ? undefined : this.#expect(stream, topic, payload, packet)
    if (answer === 'repeat') return
    if (cut) {
      this.#countOversize(topic)
      answer?.onDurable()
      return
    }
    this.#feed.frame(
      payload,
      packet.retain ? { topic, retained: true } : { topic },
      answer !== undefined && packet.dup ? { ...answer, redelivered: true } : answer
    )
    stream.checkBackpressure()
  }

  #expect(stream: HeldAckStream, topic: string, payload: Uint8Array, packet: IPublishPacket): Answer | 'repeat' {
    const { clock } = this.#parts.context
    const { exactlyOnce } = this.#parts.session
    const packetId = packet.messageId ?? 0
    const { gate } = stream
    const pressing = this.#isPressing(stream)
    const entry = gate.expect(packetId, clock.monotonicMs())
    const onGivenUp = (): void => gate.settle(entry, clock.monotonicMs())
    const onDurable = pressing ? onGivenUp : () => gate.confirm(entry, clock.monotonicMs())
    if (packet.qos !== 2) return { onDurable, onGivenUp, pressing }
    const stored = exactlyOnce.receive(packetId, packet.dup, topic, payload)
    if (stored === undefined) {
      onDurable()
      return 'repeat'
    }
    const after = (settle: () => void) => () => {
      stored()
      settle()
    }
    return { onDurable: after(onDurable), onGivenUp: after(onGivenUp), pressing }
  }

  /**
   * The storage fails, and half of what the broker sends without an answer is taken: from now on telemetry does not wait in it, nor does
   * any answer wait for those before, so that alarms go on coming.
   */
  #isPressing({ gate }: HeldAckStream): boolean {
    const { context, settings } = this.#parts
    return gate.size > settings.receiveMaximum / 2 && context.storageFails?.() === true
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
