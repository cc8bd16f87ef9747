import type { Codec } from '../../firmware-protocols/codec.ts'
import { createStreamFeed, type StreamFeed } from '../codec-feed.ts'
import { type Driver, type DriverContext, DriverError, type DriverRun } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import { createMessageFeed, type MessageFeed } from '../message-feed.ts'
import { createRunEnd, pause, type RunEnd } from '../run-end.ts'
import { openRecording, type Recording } from './read-recording.ts'
import type { RecordedEntry } from './recording-format.ts'
import { type RecordingSettings, recordingSettingsSchema } from './settings.ts'

/** Plays back what was recorded of another source, byte for byte, through the same codec. */
export const recordingDriver: Driver<RecordingSettings> = {
  kind: 'recording',
  title: 'Replay of a recorded source',
  carries: ['serial', 'mqtt', 'ble', 'gatt', 'udp', 'websocket', 'http'],
  settings: recordingSettingsSchema,
  playsBack: true,
  createRun(settings, codec, context) {
    if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'a recording needs a protocol', { retriable: false })
    return new ReplayRun(settings, codec, context)
  }
}

/** Entries that are due at once are played in one go, up to so many: others want their turn. */
const ENTRIES_AT_ONCE = 200

class ReplayRun implements DriverRun {
  readonly #settings: RecordingSettings
  readonly #codec: Codec
  readonly #context: DriverContext
  readonly #end: RunEnd
  readonly #messages: MessageFeed
  readonly #stream: StreamFeed | undefined
  #playing: Promise<void> | undefined

  constructor(settings: RecordingSettings, codec: Codec, context: DriverContext) {
    this.#settings = settings
    this.#codec = codec
    this.#context = context
    this.#end = createRunEnd(context)
    const options = { impliedTag: settings.tag }
    this.#messages = createMessageFeed(codec, context, options)
    this.#stream = codec.createFramer === undefined ? undefined : createStreamFeed(codec, context, options)
  }

  async start(): Promise<void> {
    this.#end.check()
    const recording = await this.#open()
    this.#playing = this.#play(recording).catch((error: unknown) => {
      this.#context.failed(new DriverError('RECORDING_UNREADABLE', messageOf(error), { retriable: true }))
    })
  }

  async stop(): Promise<void> {
    this.#end.end()
    await this.#playing
  }

  send(): Promise<{ readonly stage: 'unsupported' }> {
    return Promise.resolve({ stage: 'unsupported' })
  }

  async #open(): Promise<Recording> {
    const { file } = this.#settings
    let recording: Recording | undefined
    try {
      recording = await openRecording(file)
    } catch (error) {
      throw new DriverError('RECORDING_UNREADABLE', `${file} cannot be read: ${messageOf(error)}`, { retriable: true })
    }
    if (recording === undefined) throw new DriverError('RECORDING_FOREIGN', `${file} is no recording`, { retriable: false })
    const { protocol } = recording.header
    if (protocol !== this.#codec.protocol)
      this.#context.log.warn({ sourceId: this.#context.sourceId, recorded: protocol }, 'the recording is of another protocol')
    return recording
  }

  async #play(first: Recording): Promise<void> {
    const { degraded, log, sourceId } = this.#context
    let recording = first
    for (;;) {
      const entries = await this.#playOnce(recording).finally(() => recording.close())
      this.#stream?.reset()
      if (this.#end.signal.aborted) return
      if (!recording.whole) log.warn({ sourceId, file: this.#settings.file }, 'the recording is cut: only what is whole was played')
      if (!this.#settings.loop) return degraded('the recording is at its end')
      // One in which nothing is to be played would be read round and round.
      if (entries === 0) return degraded('there is nothing in this part of the recording')
      recording = await this.#open()
    }
  }

  /** How many entries were played. */
  async #playOnce(recording: Recording): Promise<number> {
    const { fromS, speed, toS } = this.#settings
    const { clock } = this.#context
    const startedMs = clock.monotonicMs()
    let played = 0
    for await (const entry of recording.entries()) {
      const atS = entry.atUs / 1e6
      if (toS !== undefined && atS > toS) break
      if (atS < fromS) continue
      const dueMs = startedMs + ((atS - fromS) * 1_000) / speed
      const earlyMs = dueMs - clock.monotonicMs()
      if (earlyMs > 0) await pause(clock, earlyMs, this.#end.signal)
      else if (played % ENTRIES_AT_ONCE === ENTRIES_AT_ONCE - 1) await new Promise<void>((resolve) => setImmediate(resolve))
      if (this.#end.signal.aborted) break
      this.#playEntry(entry)
      played++
    }
    return played
  }

  #playEntry(entry: RecordedEntry): void {
    if (entry.kind === 'bytes') {
      if (this.#stream === undefined) this.#messages.message(entry.bytes)
      else this.#stream.bytes(entry.bytes)
    } else if (entry.kind === 'message') {
      const { idNamespace, receiver, redelivered, rssiDbm, ...frame } = entry.context
      this.#messages.message(entry.bytes, frame, { idNamespace, receiver, redelivered, rssiDbm })
    }
  }
}
