import type { DecodeResult } from '../codec.ts'
import { type Extra, snakeCase } from '../kit/json.ts'
import { failure, ignored, readings } from '../kit/results.ts'

/** `AT+GETVER=software:v1.1.6,hardware:v2.0`, `getcfg ID:0, Role:1, CH:1, Rate:1` */
const NAMED = /^(?:AT\+([A-Z]{2,12})=|(get[a-z]{2,10}) )((?:[A-Za-z]{2,16}: ?[\w.-]{1,32}(?:, ?|$)){1,12})$/
const COMMAND = /^AT(?:\+[A-Z]{2,12}\??(?:=[-\d,.]{1,60})?)?\??$/
const REFUSAL = /^(?:ERROR|FAIL)\b[ -~]{0,60}$/i
/** What the module and the example sketches say when they start. */
const CHATTER = /^(?:PLL is locked\.*|SSD1306 [ -~]{1,60}|device:[ -~]{1,60}|={3,}[ -~]*|-{3,}[ -~]*|\*{3,}[ -~]*)$/

/** Every line without ranges. */
export function readAnswer(line: string): DecodeResult {
  if (line === '') return ignored('empty line')
  if (/^OK$/i.test(line)) return ignored('command reply')
  if (REFUSAL.test(line)) return readings({ extra: { kind: 'error', text: line } })
  const named = NAMED.exec(line)
  if (named !== null) {
    const extra: Extra = { kind: 'answer', subject: (named[1] ?? named[2] ?? '').toLowerCase() }
    for (const part of (named[3] ?? '').split(',')) {
      const colon = part.indexOf(':')
      const value = part.slice(colon + 1).trim()
      if (colon > 0) extra[snakeCase(part.slice(0, colon).trim())] = /^-?\d{1,9}$/.test(value) ? Number(value) : value
    }
    return readings({ extra })
  }
  if (COMMAND.test(line)) return ignored('echo of a command')
  return CHATTER.test(line) ? ignored('text for people') : failure('FRAME_FORMAT', 'unknown line type')
}
