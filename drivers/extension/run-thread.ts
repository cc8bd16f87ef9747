/**
 * The thread of one run of a third-party driver. Whatever it does (throws where nobody catches, loops, eats memory, ends the process) ends
 * with this thread; the main thread notices, and the supervisor decides what becomes of the source.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Codec, DecoderMemory } from '../../firmware-protocols/codec.ts'
import type { Driver, DriverRun } from '../driver.ts'
import { textOfThrown } from './extension-error.ts'
import { openExtension } from './open-extension.ts'
import type { FromRun, RunFailure, RunOrder, ToRun } from './run-messages.ts'
import { ThreadContext } from './thread-context.ts'

const CODE = /^[A-Z][A-Z0-9_]{2,59}$/

/** A driver declares failures; with another copy of our class too, so its looks count. */
function failureOf(thrown: unknown): RunFailure {
  if (
    thrown instanceof Error &&
    'code' in thrown &&
    'retriable' in thrown &&
    typeof thrown.retriable === 'boolean' &&
    CODE.test(String(thrown.code))
  )
    return {
      code: String(thrown.code),
      message: thrown.message.slice(0, 500),
      retriable: thrown.retriable,
      ...('remedy' in thrown && typeof thrown.remedy === 'string' ? { remedy: thrown.remedy } : {})
    }
  return { code: 'DRIVER_EXCEPTION', message: `the driver threw: ${textOfThrown(thrown)}`, retriable: true }
}

async function findDriver({ driver: { file, kind, version } }: RunOrder): Promise<Driver<unknown>> {
  const { drivers = [] } = await openExtension({ file, ...(version === undefined ? {} : { version }) })
  const driver = drivers.find((candidate) => candidate.kind === kind)
  if (driver === undefined) throw new TypeError(`the extension has no driver "${kind}" any more`)
  return driver
}

async function findCodec({ codec }: RunOrder, memory: DecoderMemory | undefined): Promise<Codec | undefined> {
  if (codec === undefined) return undefined
  const { configured, place, protocol } = codec
  // Loaded only where it is needed: most drivers that make readings themselves need no codec.
  const known = place === undefined ? (await import('../../firmware-protocols/registry.ts')).CODECS : (await openExtension(place)).codecs
  const found = known?.find((candidate) => candidate.protocol === protocol)
  if (found === undefined) throw new TypeError(`there is no protocol "${protocol}" any more`)
  const { createDecoder, createEncoder, settings } = found
  const parsed = configured === undefined ? undefined : settings?.parse(configured)
  return {
    ...found,
    createDecoder: () => createDecoder(parsed, memory),
    ...(createEncoder === undefined ? {} : { createEncoder: () => createEncoder(parsed) })
  }
}

function serve(port: MessagePort, order: RunOrder): void {
  const post = (message: FromRun): void => port.postMessage(message)
  const fail = (thrown: unknown): void => post({ kind: 'failed', failure: failureOf(thrown) })
  const context = new ThreadContext(order, post, fail)
  let run: DriverRun | undefined

  const start = async (): Promise<void> => {
    const driver = await findDriver(order)
    const codec = await findCodec(order, context.memory())
    if (context.ended) return
    run = driver.createRun(order.settings, codec, context.forDriver())
    await run.start()
    post({ kind: 'started' })
  }
  const stop = async (): Promise<void> => {
    context.end()
    try {
      await run?.stop()
    } catch (error) {
      context.log.error({ error: textOfThrown(error) }, 'stopping the driver failed')
    }
    post({ kind: 'stopped' })
  }

  port.on('message', (message: ToRun) => {
    switch (message.kind) {
      case 'stop':
        stop().catch(fail)
        break
      case 'send':
        context.send(run, message)
        break
      case 'withdraw':
        context.withdraw(message.id)
        break
      default:
        context.settle(message.id, message.kind)
    }
  })
  start().catch(fail)
}

if (parentPort !== null) serve(parentPort, workerData as RunOrder)
