import type { Writable } from 'node:stream'
import type { SniffProgress } from '../../drivers/detect/detection.ts'

const EVERY_MS = 5_000

/** Says on `stream` what a detection is doing: each new speed, and in between now and then what was heard. */
export function createSniffProgress(quiet: boolean, stream: Pick<Writable, 'write'>, nowMs: () => number = () => performance.now()) {
  let baudRate: number | undefined
  let saidMs = nowMs()
  const say = (text: string): void => {
    saidMs = nowMs()
    stream.write(`tagward sniff: ${text}\n`)
  }
  return (progress: SniffProgress): void => {
    if (quiet) return
    if (progress.baudRate !== undefined && progress.baudRate !== baudRate) {
      baudRate = progress.baudRate
      say(`listening at ${baudRate} baud …`)
    } else if (nowMs() - saidMs >= EVERY_MS) say(heard(progress))
  }
}

function heard({ best, bytes, messages = 0 }: SniffProgress): string {
  const what = messages > 0 ? `${messages} messages, ${bytes} bytes` : `${bytes} bytes`
  return best === undefined ? `${what} so far …` : `${what} so far, ${best.frames} frames as of ${best.protocol} …`
}
