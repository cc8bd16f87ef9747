import type { DecodeResult } from '../codec.ts'
import { type Extra, snakeCase } from '../kit/json.ts'
import { readings } from '../kit/results.ts'

/** Shell commands (API guide chapter 5, and `lej` of LEAPS). */
export const COMMANDS: ReadonlySet<string> = new Set(
  'help quit gc gg gs f ps pms reset ut frst nmg nmo nmp nmt nmtl nmb nmi nls la lb les lec lep lej si sip stg stc tlv aid aurs aurg apg aps acas acts aks akc av aup scs scg uts utps utpg udi uui bpc twi'.split(
    ' '
  )
)

/** `[000014.200 INF] uwb0: …`: status lines carry the seconds since the start, and a level. */
const STAMP = /^\[(\d{1,9}\.\d{1,6}) ([A-Z]{3,5})\] +/
const PRINTABLE = /^[ -~]+$/
/** `mode: tn (act,twr,np,le)`. Coordinates and cut-off lines have commas, brackets or quotes before a colon. */
const SUBJECT = /^([A-Za-z][A-Za-z0-9_ -]{0,31}): +(\S.*)$/
/** `lna=0`, `x = 9`. */
const PAIR = /([A-Za-z][A-Za-z0-9_-]{0,31}) ?= ?([^\s,=[\]{}"]+),?/g
/** `x:100 y:120 qf:100` and `pg_delay=xC5 tx_power=x0E080222`, nothing else on the line. */
const PAIRS_ONLY = /^(?:[A-Za-z][A-Za-z0-9_-]{0,31}[:=][^\s,:=[\]{}"]+,? *)+$/
const BARE_PAIR = /([A-Za-z][A-Za-z0-9_-]{0,31})[:=]([^\s,:=[\]{}"]+),? */g
/** `0) id=x1234 seat=0 …`: a row of a list. */
const ROW = /^(\d{1,3})\) *(?=[A-Za-z][A-Za-z0-9_-]{0,31}=)/
/** Several subjects on a line: `err code: 0, upd rate: 10, 10(stat)`. */
const NEXT_SUBJECT = /, +(?=[A-Za-z][A-Za-z0-9_ -]{0,31}: )/
const REFUSAL = /^(?:error|err|unknown (?:command|cmd|option)|invalid|wrong|failed|not supported|usage)\b(?! code: *0\b)/i
/** The end of a `les` line whose start was lost. */
const PART_OF_REPORT = /(?:^|\s)(?:le_us=|est\[)/
/** What the built-in help says of a command: words, no figures. */
const HELP = /^[A-Za-z][A-Za-z/,.()-]* [A-Za-z/ ,.()-]+$/

/** Numbers as numbers; hex (`xDECA`) and everything else as it was said. */
function asValue(text: string): number | string {
  return /^[-+]?\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : text
}

/** A name that is said twice gets a number, so that nothing is lost. */
function put(extra: Extra, name: string, text: string): void {
  const key = snakeCase(name.trim()) || 'value'
  let free = key
  for (let count = 2; Object.hasOwn(extra, free); count++) free = `${key}_${count}`
  extra[free] = asValue(text.trim())
}

/** Pairs of `text` into `extra`; gives what is no pair. */
function takePairs(text: string, pairs: RegExp, extra: Extra): string {
  return text
    .replace(pairs, (_whole, name: string, value: string) => {
      put(extra, name, value)
      return ''
    })
    .replace(/\s+/g, ' ')
    .trim()
}

function takeSubject(subject: string, said: string, extra: Extra): void {
  const fields: Extra = {}
  const rest = takePairs(said, PAIR, fields)
  if (Object.keys(fields).length === 0) {
    put(extra, subject, said)
    return
  }
  put(extra, 'subject', subject)
  if (rest !== '') put(extra, 'text', rest)
  for (const [name, value] of Object.entries(fields)) put(extra, name, String(value))
}

/**
 * An answer to a command (`si`, `nmg`, `apg`, `aurg` …) or a status line, as `key: value` or `key=value`; or a refusal.
 * Undefined: it is none, but noise. `help`: what the shell says of its commands.
 */
export function readAnswer(line: string): DecodeResult | 'help' | undefined {
  if (!PRINTABLE.test(line) || PART_OF_REPORT.test(line)) return undefined
  const extra: Extra = { kind: 'answer' }
  const stamp = STAMP.exec(line)
  let said = stamp ? line.slice(stamp[0].length) : line
  if (stamp) {
    extra['uptime_s'] = Number(stamp[1])
    extra['level'] = (stamp[2] ?? '').toLowerCase()
  }
  const row = ROW.exec(said)
  if (row) {
    extra['index'] = Number(row[1])
    said = said.slice(row[0].length)
  }
  if (REFUSAL.test(said)) extra['kind'] = 'error'
  if (isHelp(said)) return 'help'
  const parts = said.split(NEXT_SUBJECT).map((part) => SUBJECT.exec(part))
  if (parts.every((part) => part !== null)) {
    for (const part of parts) takeSubject(part[1] ?? '', part[2] ?? '', extra)
    return readings({ extra })
  }
  if (PAIRS_ONLY.test(said)) {
    takePairs(said, BARE_PAIR, extra)
    return readings({ extra })
  }
  if (extra['kind'] !== 'error' && !stamp) return undefined
  extra['text'] = said
  return readings({ extra })
}

function isHelp(said: string): boolean {
  const [, subject = '', rest = ''] = SUBJECT.exec(said) ?? []
  return COMMANDS.has(subject) && HELP.test(rest)
}
