import type { Codec, DecodeResult, Decoder } from '../codec.ts'
import { AsciiCursor } from '../kit/ascii-cursor.ts'
import { LineFramer } from '../kit/line-framer.ts'
import { failure, ignored } from '../kit/results.ts'
import { latin1Text } from '../kit/text.ts'
import { COMMANDS, readAnswer } from './shell-answers.ts'
import { readDist, readLej, readLes, readListenerLes, readPos } from './shell-lines.ts'

const PROMPTS = ['dwm> ', 'leaps> ']

/** The longest line is `lec` or `les` with 15 anchors, some 700 characters. */
const MAX_LINE_BYTES = 1024

/** A command as it comes back when the shell echoes what is typed. */
const ECHO = new RegExp(`^(?:\\?|${[...COMMANDS].join('|')})(?: [ -~]{0,80})?$`)

/** What else the shell prints that is no data: the greeting. */
const CHATTER = /^(?:DWM1001 |LEAPS |Copyright|License|Compiled|Help +:|-{3,}|\*{3,})/

class ShellDecoder implements Decoder {
  readonly #line = new AsciiCursor()

  decode(frame: Uint8Array): DecodeResult {
    if (frame.length > MAX_LINE_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_LINE_BYTES}`)
    const line = this.#line
    line.start(frame)
    const prompted = line.skip('dwm>') || line.skip('leaps>')
    line.skipBlanks()
    if (line.atEnd) return ignored(prompted ? 'prompt' : 'empty line')
    if (line.skip('POS,')) return readPos(line, isIndexNext(frame))
    if (line.skip('DIST,')) return readDist(line)
    return other(line, frame)
  }
}

/** Whether the field behind `POS,` is an index: digits up to a comma, without a decimal point. */
function isIndexNext(frame: Uint8Array): boolean {
  let at = frame.indexOf(44) + 1
  const from = at
  while ((frame[at] ?? 0) >= 48 && (frame[at] ?? 0) <= 57) at++
  return at > from && frame[at] === 44
}

function other(line: AsciiCursor, frame: Uint8Array): DecodeResult {
  const first = line.peek()
  const text = latin1Text(frame).trim()
  if (first === 0x7b) return readLej(new TextDecoder().decode(frame).replace(/^[^{]*/, ''))
  if (/^(?:\w+> *)?\d+\) *[\w-]+(?![\w-]*=)/.test(text)) return readListenerLes(line)
  if (/^(?:\w+> *)?[0-9A-Fa-f]{4}\[/.test(text)) return readLes(line)
  const said = text.replace(/^(?:dwm|leaps)> */, '')
  if (ECHO.test(said)) return ignored(`echo of the command ${said.split(' ', 1)[0] ?? ''}`)
  if (CHATTER.test(said)) return ignored('text for people')
  const answer = readAnswer(said)
  if (answer === 'help') return ignored('text for people')
  return answer ?? failure('FRAME_FORMAT', 'unknown line type')
}

export const dwm1001UartShell: Codec = {
  protocol: 'dwm1001-uart-shell',
  title: 'Qorvo PANS serial shell (DWM1001, LEAPS)',
  transport: 'serial',
  encoding: 'text',
  idScope: 'system',
  // No question: two Enters change the module's mode, and the commands that print toggle.
  serialHabits: { baudRates: [115_200] },
  createFramer: () => new LineFramer({ maxLength: MAX_LINE_BYTES, prompts: PROMPTS }),
  createDecoder: () => new ShellDecoder()
}
