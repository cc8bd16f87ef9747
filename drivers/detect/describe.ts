import type { Alternative, ByteLook, Detection, Finding, HeardAtSpeed } from './detection.ts'
import { counted } from './rank-streams.ts'

const SHOWN_KINDS = 4
const SHOWN_POSSIBLE = 5

/** What was found, or seen instead, in sentences for people; a line each. */
export function describeDetection(detection: Detection): readonly string[] {
  const { findings, possible, heard, notes, interrupted, outcome } = detection
  const lines: string[] = []
  for (const finding of findings) lines.push(sentence(finding), ...details(finding))
  if (outcome === 'possible') {
    lines.push('Nothing was proved. What fits a little:')
    lines.push(...possible.slice(0, SHOWN_POSSIBLE).map(({ title, protocol, why }) => `  ${title} [${protocol}]: ${why}`))
  }
  if (outcome !== 'detected') lines.push(...seenInstead(detection))
  const foreign = heard.topics.filter(({ protocol }) => protocol === undefined)
  if (heard.topics.length > 0 && foreign.length > 0) {
    lines.push(outcome === 'detected' ? 'Besides, of no protocol that is known:' : 'Topics, and what their messages are:')
    lines.push(
      ...foreign.map(
        ({ topic, messages, content }) => `  ${topic === '' ? '(no topic)' : topic}: ${counted(messages, 'message')}, ${content}`
      )
    )
  }
  lines.push(...notes.map((note) => `Note: ${note}.`))
  if (interrupted) lines.push('It was stopped before its time.')
  return lines
}

/** `Nooploop LinkTrack, NLink frames [nooploop-nlink], node_frame2, at 921600 baud: 412 frames, 100 % checksums, 4 tags heard` */
export function sentence(finding: Finding): string {
  const { checksums, frames, kinds, line, protocol, tagCount, title, topics } = finding
  const names = Object.keys(kinds)
  const shown = names.length === 0 ? '' : `, ${names.slice(0, SHOWN_KINDS).join(', ')}${names.length > SHOWN_KINDS ? ' …' : ''}`
  const speed =
    line?.baudRate === undefined ? '' : `, at ${line.baudRate} baud${line.dataBits === 7 ? `, 7 bits, ${line.parity} parity` : ''}`
  const where = topics === undefined ? speed : `, on ${topics.join(', ')}`
  const right =
    checksums === undefined ? '' : `, ${Math.floor((100 * checksums.right) / Math.max(1, checksums.right + checksums.wrong))} % checksums`
  const count = counted(frames, topics === undefined ? 'frame' : 'message')
  return `${title} [${protocol}]${shown}${where}: ${count}${right}, ${counted(tagCount, 'tag')} heard`
}

function details(finding: Finding): readonly string[] {
  const { alternatives, keysNeededFor, tags, tagCount } = finding
  const lines: string[] = []
  if (tags.length > 0) lines.push(`  tags: ${tags.join(', ')}${tagCount > tags.length ? ' …' : ''}`)
  lines.push(...alternatives.map(alternativeLine))
  if (keysNeededFor.length > 0) lines.push(`  encrypted, their keys are needed: ${keysNeededFor.join(', ')}`)
  return lines
}

function alternativeLine({ protocol, tie, title, why }: Alternative): string {
  const said = `${title} [${protocol}]`
  return tie ? `  It may as well be ${said}: ${why}. The device tells which it is.` : `  ${said} fits less: ${why}.`
}

function seenInstead({ heard, kind, outcome }: Detection): readonly string[] {
  if (outcome === 'silent') return [SILENCE[kind]]
  return heard.speeds.filter(({ look }) => look.bytes > 0).flatMap((each) => [...looks(each)])
}

const SILENCE = {
  port: 'Nothing at all was heard. Is the device switched on, are its TX and our RX joined, and the grounds? Does it speak more seldom than it was listened (--seconds)?',
  file: 'The file is empty.',
  broker: 'Nothing was published.'
} as const

function looks({ baudRate, look }: HeardAtSpeed): readonly string[] {
  const where = baudRate === undefined ? '' : `at ${baudRate} baud: `
  const commonest = look.commonest.map(({ byte, share }) => `${byte} ${Math.round(share * 100)} %`).join(', ')
  const facts = `${counted(look.bytes, 'byte')}, ${Math.round(look.printableShare * 100)} % printable, most frequent ${commonest}`
  const lines = [`${where}${facts}: ${IMPRESSIONS[look.impression]}`]
  if (look.impression === 'text') lines.push(`  it begins: ${look.sample}`)
  return lines
}

const IMPRESSIONS: Readonly<Record<ByteLook['impression'], string>> = {
  nothing: 'nothing',
  few: 'too few to say anything',
  text: 'readable text, so the speed is right, but of no protocol that is known',
  'slower-line': 'few different bytes, in long runs of equal bits: most likely the device speaks at a lower speed',
  constant: 'one byte over and over: a broken or swapped wire, or a much slower line',
  binary: 'no framing that is known: a wrong speed, another protocol, or encrypted'
}
