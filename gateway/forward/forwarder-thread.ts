/** The forwarder's thread: it reads the log by a connection of its own and talks to Kafka; it writes nothing to disk. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Clock } from '../../drivers/driver.ts'
import type { Lane } from '../events/define-event.ts'
import { openLogReader } from '../log/open-log-reader.ts'
import type { LogMessage } from '../log/reader-contract.ts'
import { Forwarder } from './forwarder.ts'
import type { ForwarderThreadData, FromForwarderThread, ToForwarderThread } from './forwarder-messages.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import { createKafkajsPort } from './kafkajs-port.ts'

const STATUS_EVERY_MS = 250
/** An alarm that was sent into a dead connection is sent again after this; a duplicate costs nothing, a delay may. */
const ALARM_TIMES = { connectTimeoutMs: 10_000, requestTimeoutMs: 10_000 }
const TELEMETRY_TIMES = { connectTimeoutMs: 20_000, requestTimeoutMs: 30_000 }

const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / 1_000n) / 1_000,
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timer) }
  }
}

function post(message: FromForwarderThread): void {
  parentPort?.postMessage(message)
}

function run({ logPath, logPort, identity, kafka }: ForwarderThreadData): void {
  const reader = openLogReader(logPath)
  let statusTimer: NodeJS.Timeout | undefined

  /** At most every quarter of a second, until nothing moves: a thread with nothing to do wakes up for nothing. */
  const tellStatus = () => {
    statusTimer ??= setTimeout(() => {
      statusTimer = undefined
      const status = forwarder.status()
      post({ kind: 'status', status })
      if (status.lanes.alarm.ratePerSecond > 0 || status.lanes.telemetry.ratePerSecond > 0) tellStatus()
    }, STATUS_EVERY_MS)
  }

  /** Alarms and telemetry are two clients, so that a quota set for one does not slow the other. */
  const createPort = (lane: Lane, settings: KafkaSettings) => {
    const clientId = settings.clientId ?? `tagward-${identity.gatewayId}`
    return lane === 'alarm'
      ? createKafkajsPort({ settings, clientId: `${clientId}-alarm`, clock, times: ALARM_TIMES })
      : createKafkajsPort({ settings, clientId, clock, times: TELEMETRY_TIMES })
  }

  const forwarder = new Forwarder({
    identity,
    reader,
    clock,
    random: Math.random,
    createPort,
    tell: (message) => logPort.postMessage(message),
    onChange: tellStatus
  })

  logPort.on('message', (message: LogMessage) => {
    forwarder.committed(message)
    tellStatus()
  })

  parentPort?.on('message', async (message: ToForwarderThread) => {
    if (message.kind === 'configure') {
      await forwarder.configure(message.kafka)
      post({ kind: 'status', status: forwarder.status() })
      post({ kind: 'configured', request: message.request })
    } else {
      await forwarder.close()
      clearTimeout(statusTimer)
      post({ kind: 'status', status: forwarder.status() })
      logPort.close()
      reader.close()
      post({ kind: 'closed' })
    }
  })

  forwarder.configure(kafka).catch((error: unknown) => {
    // Ends the thread; it is started anew from the main thread.
    throw error
  })
}

run(workerData as ForwarderThreadData)
