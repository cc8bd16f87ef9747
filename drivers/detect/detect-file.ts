import { type FileHandle, open } from 'node:fs/promises'
import type { Codec, CodecTransport } from '../../firmware-protocols/codec.ts'
import { openRecording, type Recording } from '../recording/read-recording.ts'
import { type CaptureForm, captureFormOf } from './capture-lines.ts'
import { type CaptureConclusion, CapturePanel } from './capture-panel.ts'
import type { Detection, SniffProgress } from './detection.ts'
import { captureSource, messageSource, type ProposedSource, proposeConfig, recordingSource } from './propose-source.ts'

/** More of a file is not read: it would tell nothing new. */
const MOST_BYTES = 16 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024

export interface DetectFileOptions {
  readonly file: string
  readonly codecs: readonly Codec[]
  /** Ends the detection; what was read until then is told. */
  readonly signal: AbortSignal
  readonly onProgress?: ((progress: SniffProgress) => void) | undefined
}

/** Protocols that may be in a recording, by the driver that it was made with. */
const CARRIED: Readonly<Record<string, readonly CodecTransport[]>> = {
  mqtt: ['mqtt'],
  'mqtt-broker': ['mqtt'],
  udp: ['udp'],
  websocket: ['websocket'],
  http: ['http'],
  'http-poll': ['http'],
  ble: ['ble', 'gatt']
}

/**
 * Finds out what a file holds: a recording of the gateway, the bytes of a serial line as they came, frames in hex or as `tagward decode` takes
 * them, or what `mosquitto_sub -v` printed. Rejects with what the file system says when it cannot be read.
 */
export async function detectFile(options: DetectFileOptions): Promise<Detection> {
  const recording = await openRecording(options.file)
  return recording === undefined ? await detectCapture(options) : await detectRecording(options, recording)
}

async function detectRecording(options: DetectFileOptions, recording: Recording): Promise<Detection> {
  const { codecs, file, onProgress, signal } = options
  const { driver, startedAt } = recording.header
  const panel = new CapturePanel(codecs, CARRIED[driver])
  const notes: string[] = []
  let turnAt = 0
  try {
    for await (const entry of recording.entries()) {
      if (signal.aborted || panel.bytes > MOST_BYTES) break
      const receivedAt = startedAt + entry.atUs / 1_000
      if (entry.kind === 'bytes') panel.stream(entry.bytes)
      else if (entry.kind === 'message') panel.message(entry.bytes, { ...entry.context, receivedAt })
      if (panel.bytes - turnAt >= CHUNK_BYTES) {
        turnAt = panel.bytes
        onProgress?.({ bytes: panel.bytes, messages: panel.messages })
        await nextTurn()
      }
    }
  } finally {
    await recording.close()
  }
  if (!recording.whole) notes.push('the recording is cut: only what is whole was looked at')
  return conclude(options, panel, notes, ({ stream, messages }) =>
    [...(stream === undefined ? [] : [stream]), ...messages].map((finding) => recordingSource(finding, codecs, file))
  )
}

async function detectCapture(options: DetectFileOptions): Promise<Detection> {
  const { codecs, file, onProgress, signal } = options
  const handle = await open(file, 'r')
  const panel = new CapturePanel(codecs)
  let form: CaptureForm | undefined
  try {
    for await (const chunk of chunksOf(handle)) {
      if (signal.aborted) break
      form ??= captureFormOf(chunk)
      if (form === 'bytes') panel.stream(chunk)
      else panel.lines(form, chunk)
      onProgress?.({ bytes: panel.bytes, messages: panel.messages })
      // Reading a file that the system holds in memory would let nobody else have a turn, not even Ctrl-C.
      await nextTurn()
    }
  } finally {
    await handle.close()
  }
  return conclude(options, panel, [], ({ stream, messages }) => [
    ...(stream === undefined ? [] : [captureSource(stream, codecs)]),
    ...messages.map((finding) => messageSource(finding, codecs))
  ])
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Each chunk is valid until the next one is asked for. */
async function* chunksOf(handle: FileHandle): AsyncGenerator<Uint8Array, void, void> {
  const buffer = Buffer.alloc(CHUNK_BYTES)
  for (let at = 0; at < MOST_BYTES; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

function conclude(
  { file, signal }: DetectFileOptions,
  panel: CapturePanel,
  notes: readonly string[],
  sourcesOf: (conclusion: CaptureConclusion) => readonly ProposedSource[]
): Detection {
  const conclusion = panel.conclude()
  const { stream, messages, possible, look, topics } = conclusion
  const findings = [...(stream === undefined ? [] : [stream]), ...messages]
  const full = panel.bytes >= MOST_BYTES ? [`only the first ${MOST_BYTES / 1024 / 1024} MiB were looked at`] : []
  return {
    version: 1,
    target: file,
    kind: 'file',
    outcome: findings.length > 0 ? 'detected' : panel.bytes === 0 ? 'silent' : possible.length > 0 ? 'possible' : 'unknown',
    findings,
    possible,
    heard: { speeds: look === undefined ? [] : [{ look }], topics },
    notes: [...notes, ...full],
    ...(findings.length === 0 ? {} : proposeConfig(sourcesOf(conclusion))),
    interrupted: signal.aborted
  }
}
