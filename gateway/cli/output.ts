import type { Writable } from 'node:stream'

/** Text output that waits for a slow reader and ends quietly when the reader goes away (`| head`). */
export interface Output {
  /** Resolves when more may be written. Rejects when writing failed for another reason than a reader that has gone. */
  write(text: string): Promise<void>
  /** True while the reader is slower than the writer. */
  readonly congested: boolean
  /** True once the reader has gone: nothing more need be made. */
  readonly closed: boolean
}

export function openOutput(stream: Writable): Output {
  let closed = false
  let failure: Error | undefined
  let waiting: (() => void)[] = []
  const proceed = () => {
    const ready = waiting
    waiting = []
    for (const resolve of ready) resolve()
  }
  stream.on('error', (error: NodeJS.ErrnoException) => {
    closed = true
    if (error.code !== 'EPIPE') failure = error
    proceed()
  })
  stream.on('close', () => {
    closed = true
    proceed()
  })
  stream.on('drain', proceed)
  return {
    get closed() {
      return closed
    },
    get congested() {
      return stream.writableNeedDrain
    },
    async write(text: string): Promise<void> {
      if (!closed && !stream.write(text) && !closed) await new Promise<void>((resolve) => waiting.push(resolve))
      if (failure !== undefined) throw failure
    }
  }
}
