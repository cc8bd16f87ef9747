import { LineSplitter } from './line-splitter.ts'
import type { Output } from './output.ts'

const WRITE_AT_CHARACTERS = 1 << 16

/**
 * One line of text for each input line, in order; reads no faster than the output is taken, and ends when its reader has gone. A line that is
 * too long is given as undefined.
 */
export async function answerLines(
  input: AsyncIterable<Buffer | string>,
  answer: (line: string | undefined) => string,
  output: Output
): Promise<void> {
  const splitter = new LineSplitter()
  let pending: string[] = []
  let size = 0
  const onLine = (line: string | undefined) => {
    const text = answer(line)
    pending.push(text)
    size += text.length
  }
  const flush = async () => {
    if (pending.length > 0) await output.write(`${pending.join('\n')}\n`)
    pending = []
    size = 0
  }
  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    // In parts, so that many short lines with long answers do not pile up.
    for (let from = 0; from < bytes.length; from += 4096) {
      splitter.push(bytes.subarray(from, from + 4096), onLine)
      if (size > WRITE_AT_CHARACTERS) await flush()
    }
    await flush()
    if (output.closed) return
  }
  splitter.end(onLine)
  await flush()
}
