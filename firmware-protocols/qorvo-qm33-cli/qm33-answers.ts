import type { DecodeResult } from '../codec.ts'
import { type Extra, snakeCase } from '../kit/json.ts'
import { failure, ignored, readings } from '../kit/results.ts'

const LOG = /^\[\d\d:\d\d:\d\d\.\d{3},\d{3}\] <\w{1,8}> /
const COMMANDS =
  'HELP|\\?|STOP|START|THREAD|STAT|LISTENER2?|RESPF|INITF|UART|CALKEY|LISTCAL|RESTORE|DIAG|LCFG|DECAID|SAVE|SETAPP|GETOTP|LSTAT|TCFM|TCWM|UWBCFG|TXPOWER|ANTENNA'
const ECHO = new RegExp(`^(?:> ?)?(?:${COMMANDS})(?: [ -~]{0,120})?$`, 'i')
/** The lists of commands that `HELP` prints, and what applications say when they start. */
const CHATTER =
  /^(?:-{3}.*-{3}|(?:[A-Z][A-Z0-9]{2,9}\s+){1,8}[A-Z?][A-Z0-9]{0,9}|DWM3001CDK\b[ -~]{0,80}|QM33\w*\b[ -~]{0,80}|Found (?:non-)?AOA[ -~]{0,60}|\w+ Top Application: \w+|Options: [ -~]*|-[A-Z]+(?:=\S*)?\s+-->[ -~]*)$/
/** `ant0.ch9.ant_delay: 0x00003ff7 (len: 4)` */
const CALIBRATION = /^([a-z][a-z0-9_.]{2,63}): (0x[0-9a-f]{2,512}) \(len: (\d{1,3})\)$/
/** `UART: 0`, `DIAG: 1`, `Qorvo Device ID = 0xdeca0302` */
const PAIR = /^(UART|DIAG|Qorvo [A-Za-z ]{2,20})(?::| =) ?([\w.]{1,64})$/
const STACK = /^(THREAD NAME|Control|IDLE|Default|Flush|Tmr Svc|Total HEAP|Current HEAP used|Max HEAP used)\s+([ -~]{1,40})$/
const REFUSAL = /^(?:KO|error\b[ -~]{0,80}|Please enter [ -~]{0,120}|Incorrect [ -~]{0,80})$/i
/** `FiRa Session Parameters: {…}`, `OTP CONTENT: {…}` */
const PARAMETERS = /^([A-Za-z][A-Za-z ]{2,40}): ?\{([\s\S]*)\}$/
const PARAMETER = /^"?([A-Za-z0-9][\w ]{0,31}(?:\[\w{1,8}\])?(?: ?\[\w{1,8}\])?)"?: ?"?([^"{}]{1,64})"?$/

const asValue = (text: string): number | string => (/^-?\d{1,10}$/.test(text) ? Number(text) : text)

/** A block of `NAME: value` lines; undefined where one of them is damaged. */
function readParameters(subject: string, block: string): DecodeResult {
  const extra: Extra = { kind: 'answer', subject: snakeCase(subject) }
  for (const line of block.split('\n')) {
    const told = line.trim().replace(/,$/, '')
    if (told === '') continue
    const match = PARAMETER.exec(told)
    if (match === null) return failure('FRAME_FORMAT', 'damaged parameters')
    extra[snakeCase(match[1] ?? '').replace(/_$/, '') || 'value'] = asValue(match[2] ?? '')
  }
  return readings({ extra })
}

/** Every line that is neither a notification nor JSON. What none of this firmware prints is an error. */
export function readAnswer(text: string): DecodeResult {
  if (text === '') return ignored('empty line')
  if (LOG.test(text)) return ignored('log line')
  if (/^(?:> ?)?ok$/i.test(text)) return ignored('command reply')
  if (REFUSAL.test(text)) return readings({ extra: { kind: 'error', text } })
  const calibration = CALIBRATION.exec(text)
  if (calibration !== null)
    return readings({
      extra: { kind: 'answer', subject: calibration[1] ?? '', value_hex: (calibration[2] ?? '').slice(2), bytes: Number(calibration[3]) }
    })
  const pair = PAIR.exec(text) ?? STACK.exec(text)
  if (pair !== null) return readings({ extra: { kind: 'answer', [snakeCase(pair[1] ?? '')]: asValue((pair[2] ?? '').trim()) } })
  const parameters = PARAMETERS.exec(text)
  if (parameters !== null) return readParameters(parameters[1] ?? '', parameters[2] ?? '')
  if (ECHO.test(text)) return ignored('echo of a command')
  if (CHATTER.test(text)) return ignored('text for people')
  return failure('FRAME_FORMAT', 'neither a notification nor an answer')
}
