import { type ForwarderStatus, NOT_CONFIGURED } from '../forward/forwarder-status.ts'
import type { KafkaSettings } from '../forward/kafka-settings.ts'
import type { ForwarderHandle } from '../forward/start-forwarder.ts'

/** A forwarder that starts when there is a log to read; its settings may change before. */
export function startLateForwarder(
  opened: Promise<unknown>,
  first: KafkaSettings | undefined,
  start: (kafka: KafkaSettings | undefined) => ForwarderHandle
): ForwarderHandle {
  let kafka = first
  let forwarder: ForwarderHandle | undefined
  let closed = false
  void opened.then(() => {
    if (!closed) forwarder = start(kafka)
  })
  const notYet = (): ForwarderStatus =>
    kafka === undefined
      ? NOT_CONFIGURED
      : { ...NOT_CONFIGURED, configured: true, lastError: 'the log is not open yet: there is nothing to forward' }
  return {
    status: () => forwarder?.status() ?? notYet(),
    reconfigure(settings) {
      kafka = settings
      return forwarder?.reconfigure(settings) ?? Promise.resolve()
    },
    close() {
      closed = true
      return forwarder?.close() ?? Promise.resolve()
    }
  }
}
