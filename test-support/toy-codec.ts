import type { Codec, Framer, FramerCounters } from '../firmware-protocols/codec.ts'

/**
 * A protocol small enough to be obviously right, for tests of what carries codecs: lines that end in LF, at most 64 bytes.
 * `tag x y` is a position, an empty line is ignored, `throw` makes the decoder throw, everything else is an error.
 */
export function createToyCodec(overrides: Partial<Codec> = {}): Codec {
  return {
    protocol: 'toy',
    title: 'Toy lines for tests',
    transport: 'serial',
    encoding: 'text',
    idScope: 'system',
    createFramer: createLineFramer,
    createDecoder: () => ({
      decode(frame) {
        const text = new TextDecoder('latin1').decode(frame).trim()
        if (text === '') return { kind: 'ignored', why: 'empty line' }
        if (text === 'throw') throw new Error('a defect in the decoder')
        const match = /^([0-9a-f]{4}) (-?\d+(?:\.\d+)?) (-?\d+(?:\.\d+)?)$/.exec(text)
        if (match === null) return { kind: 'error', code: 'FRAME_FORMAT', why: 'not a toy line' }
        const [, tag = '', x, y] = match
        return { kind: 'readings', readings: [{ tag, position: { x: Number(x), y: Number(y) } }] }
      }
    }),
    ...overrides
  }
}

const LONGEST_LINE = 64

function createLineFramer(): Framer {
  const line = new Uint8Array(LONGEST_LINE)
  let length = 0
  let skipping = false
  const counters: FramerCounters = { bytesIn: 0, frames: 0, badChecksum: 0, oversize: 0, discardedBytes: 0, resyncs: 0 }
  return {
    counters,
    push(chunk, onFrame) {
      counters.bytesIn += chunk.length
      for (const byte of chunk) {
        if (byte === 10) {
          if (!skipping) {
            counters.frames++
            onFrame(line.subarray(0, length))
          }
          skipping = false
          length = 0
        } else if (skipping) counters.discardedBytes++
        else if (length < LONGEST_LINE) line[length++] = byte
        else {
          counters.oversize++
          counters.discardedBytes += length + 1
          skipping = true
        }
      }
    },
    reset() {
      counters.discardedBytes += length
      length = 0
      skipping = false
    }
  }
}
