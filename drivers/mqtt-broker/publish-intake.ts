import type { Client, PublishPacket } from 'aedes'
import { createFrameFeed, type Envelope, type FrameFeed } from '../codec-feed.ts'
import type { DriverSink } from '../driver.ts'
import { topicMatcher } from './access.ts'
import type { BrokerParts } from './broker-parts.ts'
import { ClientLink } from './client-link.ts'

/** So many QoS 2 messages of one client may await their PUBREL, and twice what may be in flight. */
const OPEN_QOS_2_MIN = 1_000
const NOTHING = Buffer.alloc(0)
/** Where aedes publishes what was taken: nobody can subscribe to it, so nothing is forwarded, retained or queued. */
const NOWHERE = '$SYS/taken'

type Done = (error?: Error | null) => void
type Answer = Pick<Envelope, 'onDurable' | 'onGivenUp' | 'pressing'>

/**
 * Takes what clients publish. aedes asks here before it acknowledges (PUBACK is written when `done` is called, and PUBREC after it), so the
 * answer waits for the log.
 */
export class PublishIntake {
  readonly #parts: BrokerParts
  readonly #feed: FrameFeed
  readonly #isRead: (topic: string) => boolean
  #stored = 0

  /** `sink`: where readings go, in place of the context's. */
  constructor(parts: BrokerParts, sink: DriverSink) {
    this.#parts = parts
    this.#feed = createFrameFeed(parts.codec, { ...parts.context, sink })
    this.#isRead = topicMatcher(parts.settings.topics)
  }

  /** How many messages were stored since the last call. */
  takeStored(): number {
    const stored = this.#stored
    this.#stored = 0
    return stored
  }

  publish(client: Client | null, packet: PublishPacket, done: Done): void {
    const link = client?.conn
    if (!(link instanceof ClientLink)) {
      done(new Error('published by nobody'))
      return
    }
    const { topic } = packet
    if (!link.rights?.mayPublish(topic)) {
      this.#parts.context.log.warn({ sourceId: this.#parts.context.sourceId, topic }, 'a client may not publish to this topic')
      link.refuse('topic')
      done(new Error('the topic is not allowed'))
      return
    }
    // A connection that broke publishes its will (MQTT 3.1.2.5): there is nobody to whom it could be acknowledged.
    if (client?.closed || link.destroyed) {
      this.#read(packet, {})
      emptied(packet)
      done()
      return
    }
    this.#take(link, packet, done)
  }

  #take(link: ClientLink, packet: PublishPacket, done: Done): void {
    const { clock, storageFails } = this.#parts.context
    const { exactlyOnce } = link
    const { messageId = 0, qos } = packet
    const release = (): void => {
      done()
      link.released()
    }
    if (qos === 0 && storageFails?.() === true) {
      // There is nobody to be told what becomes of it, and others wait behind it.
      this.#read(packet, {})
      emptied(packet)
      setImmediate(release)
      return
    }
    let isTaking = true
    const entry = link.order.expect(clock.monotonicMs(), () => {
      // The engine is in the middle of a read, and would not notice that more has come in.
      if (isTaking) setImmediate(release)
      else release()
    })
    const pressing = this.#isPressing(link)
    const confirm = (): void => {
      this.#stored += 1
      if (pressing) link.order.settle(entry)
      else link.order.confirm(entry)
    }
    const letGo = (): void => link.order.settle(entry)
    if (qos !== 2 || exactlyOnce === undefined) this.#read(packet, { onDurable: confirm, onGivenUp: letGo, pressing })
    else if (exactlyOnce.size >= Math.max(OPEN_QOS_2_MIN, 2 * this.#parts.settings.maxInflight)) {
      // It begins anew: what it sends again is stored again, marked.
      exactlyOnce.connected(false)
      link.refuse('qos-2')
    } else {
      const stored = exactlyOnce.receive(messageId, packet.dup, packet.topic, bytesOf(packet))
      const after = (settle: () => void) => (): void => {
        stored?.()
        settle()
      }
      if (stored === undefined) confirm()
      else this.#read(packet, { onDurable: after(confirm), onGivenUp: after(letGo), pressing })
    }
    emptied(packet)
    isTaking = false
    if (link.order.size > 0 && storageFails?.() === true) setImmediate(() => link.destroyed || link.readOn())
  }

  /**
   * The storage fails, and half of what may be in flight is: from now on telemetry does not wait in it, nor does any answer wait for those
   * before, so that alarms go on coming.
   */
  #isPressing({ order }: ClientLink): boolean {
    const { context, settings } = this.#parts
    return order.size > settings.maxInflight / 2 && context.storageFails?.() === true
  }

  #read(packet: PublishPacket, answer: Answer): void {
    const { context, settings } = this.#parts
    const { topic, dup, retain } = packet
    const bytes = bytesOf(packet)
    context.counters.bytesIn += bytes.length
    if (!this.#isRead(topic)) {
      context.counters.ignored += 1
      answer.onDurable?.()
      return
    }
    const envelope: Envelope = { ...answer, redelivered: dup ? true : undefined }
    this.#feed.frame(bytes, retain && settings.retainedIsOld ? { topic, retained: true } : { topic }, envelope)
  }
}

function bytesOf({ payload }: PublishPacket): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload
}

/** What aedes goes on with: it is to acknowledge, and to keep nothing. */
function emptied(packet: PublishPacket): void {
  packet.topic = NOWHERE
  packet.payload = NOTHING
  packet.retain = false
}
