import { mkdirSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { troubleIn } from './disk-trouble.ts'
import { LogError } from './log-error.ts'
import { lockLog } from './log-lock.ts'
import type { FromLogThread, LogThreadSettings, ToLogThread } from './log-messages.ts'
import { logPaths } from './log-paths.ts'
import { LogWriter } from './log-writer.ts'

/** Entry of the log thread: joins the ports to the writer. */
function start(): void {
  const port = parentPort
  if (port === null) throw new LogError('LOG_OPEN_FAILED', 'the log thread must be started as a worker')
  const { settings, alarm, telemetry } = workerData as { settings: LogThreadSettings; alarm: MessagePort; telemetry: MessagePort }
  const post = (message: FromLogThread) => port.postMessage(message)
  let lock: { release(): void } | undefined
  let writer: LogWriter
  try {
    const paths = logPaths(settings.directory)
    mkdirSync(paths.directory, { recursive: true, mode: 0o750 })
    lock = lockLog(paths.lock)
    writer = new LogWriter(settings, { alarm, telemetry }, post)
  } catch (error) {
    lock?.release()
    const trouble = troubleIn(settings.directory, error)
    const code = trouble !== undefined ? 'LOG_DISK_UNUSABLE' : error instanceof LogError ? error.code : 'LOG_OPEN_FAILED'
    post({ kind: 'open-failed', code, message: error instanceof Error ? error.message : String(error), trouble })
    alarm.close()
    telemetry.close()
    port.unref()
    return
  }
  port.on('message', (message: ToLogThread) => {
    switch (message.kind) {
      case 'forwarder':
        writer.attachForwarder(message.port)
        break
      case 'load-state':
        post(stateReply(writer, message.request, message.processor))
        break
      case 'close':
        writer
          .close()
          .catch((error: unknown) =>
            post({ kind: 'note', level: 'error', message: 'the log did not close cleanly', details: { error: String(error) } })
          )
          .finally(() => {
            lock.release()
            post({ kind: 'closed' })
            port.unref()
          })
    }
  })
}

function stateReply(writer: LogWriter, request: number, processor: string): FromLogThread {
  try {
    return { kind: 'state', request, rows: writer.loadState(processor) }
  } catch (error) {
    return { kind: 'state-failed', request, message: String(error) }
  }
}

start()
