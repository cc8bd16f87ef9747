import { stringify } from 'yaml'
import { type Codec, transportsOf } from '../../firmware-protocols/codec.ts'
import type { Finding, ProposedConfig } from './detection.ts'

/** A source to paste, with what is to be said of it. */
export interface ProposedSource {
  readonly id: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly remarks: readonly string[]
}

/** Sources under names of their own, as data and as YAML. */
export function proposeConfig(list: readonly ProposedSource[]): { readonly config: ProposedConfig; readonly configYaml: string } {
  const sources: Record<string, Readonly<Record<string, unknown>>> = {}
  const parts: string[] = []
  for (const { id, settings, remarks } of list) {
    let free = id
    for (let count = 2; Object.hasOwn(sources, free); count++) free = `${id}-${count}`
    sources[free] = settings
    parts.push(indented(stringify({ [free]: settings }, { lineWidth: 0 }), '  '), ...remarks.map((remark) => `    # ${remark}\n`))
  }
  return { config: { sources }, configYaml: `sources:\n${parts.join('')}` }
}

const indented = (text: string, by: string): string => text.replace(/^(?=.)/gm, by)

const DEFAULT_BAUD_RATE = 115_200

/** `more`: settings besides those that the finding tells. */
export function serialSource(
  finding: Finding,
  codecs: readonly Codec[],
  port: string,
  more: Readonly<Record<string, unknown>> = {},
  remarks: readonly string[] = []
): ProposedSource {
  const { line, protocol } = finding
  const settings: Record<string, unknown> = { driver: 'serial', protocol, port }
  if (line?.baudRate !== undefined) settings['baudRate'] = line.baudRate
  if (line?.dataBits === 7) {
    settings['dataBits'] = 7
    settings['parity'] = line.parity
  }
  return { id: protocol, settings: { ...settings, ...more }, remarks: [...remarks, ...remarksOf(finding, codecs)] }
}

/** What is known of a port from a capture alone: its protocol. The port must be named by who pastes it. */
export function captureSource(finding: Finding, codecs: readonly Codec[]): ProposedSource {
  const baudRate = codecs.find(({ protocol }) => protocol === finding.protocol)?.serialHabits?.baudRates[0] ?? DEFAULT_BAUD_RATE
  const assumed = { ...finding, line: { dataBits: 8, parity: 'none', ...finding.line, baudRate } } as const
  return serialSource(assumed, codecs, '/dev/serial/by-id/NAME-OF-THE-ADAPTER', {}, [
    'port: a file does not tell it; `ls /dev/serial/by-id` lists what is plugged in',
    `baudRate: a file does not tell it; ${baudRate} is the usual one of this protocol`
  ])
}

export function recordingSource(finding: Finding, codecs: readonly Codec[], file: string): ProposedSource {
  const settings = { driver: 'recording', protocol: finding.protocol, file }
  return { id: finding.protocol, settings, remarks: remarksOf(finding, codecs) }
}

export interface BrokerAccess {
  readonly url: string
  readonly username?: string | undefined
  /** How the configuration is to refer to the password; never the password itself. */
  readonly passwordReference?: string | { readonly file: string } | undefined
  readonly caFile?: string | undefined
}

export function mqttSource(finding: Finding, codecs: readonly Codec[], access: BrokerAccess): ProposedSource {
  const settings: Record<string, unknown> = { driver: 'mqtt', protocol: finding.protocol, url: access.url }
  if (finding.mqttVersion !== undefined) settings['protocolVersion'] = finding.mqttVersion
  if (access.username !== undefined) settings['username'] = access.username
  if (access.passwordReference !== undefined) settings['password'] = access.passwordReference
  if (access.caFile !== undefined) settings['tls'] = { ca: { file: access.caFile } }
  settings['topics'] = [...(finding.topics ?? [])]
  return { id: finding.protocol, settings, remarks: remarksOf(finding, codecs) }
}

/** What is known of messages from a capture alone; where they come from must be written by who pastes it. */
export function messageSource(finding: Finding, codecs: readonly Codec[]): ProposedSource {
  const { protocol, topics } = finding
  const codec = codecs.find((candidate) => candidate.protocol === protocol)
  const untold = (setting: string): string => `${setting}: a file does not tell it`
  if (codec === undefined || topics !== undefined || travelsOver(codec, 'mqtt')) {
    const known = { ...finding, topics: topics ?? ['#'] }
    const { remarks, ...source } = mqttSource(known, codecs, { url: 'mqtt://ADDRESS-OF-THE-BROKER' })
    return { ...source, remarks: [untold('url'), ...(topics === undefined ? [untold('topics')] : []), ...remarks] }
  }
  const remarks = remarksOf(finding, codecs)
  if (travelsOver(codec, 'ble')) return { id: protocol, settings: { driver: 'ble', protocol }, remarks }
  if (travelsOver(codec, 'udp'))
    return { id: protocol, settings: { driver: 'udp', protocol, port: 7667 }, remarks: [untold('port'), ...remarks] }
  return { id: protocol, settings: { driver: 'http', protocol, port: 8090 }, remarks: [untold('port'), ...remarks] }
}

/** What the frames cannot tell and the site must. */
function remarksOf({ keysNeededFor, protocol, tagCount, line }: Finding, codecs: readonly Codec[]): readonly string[] {
  const codec = codecs.find((candidate) => candidate.protocol === protocol)
  const remarks: string[] = []
  if (line !== undefined && tagCount === 0) remarks.push('tag: the frames do not say whose they are; give the id of the tag as `tag`')
  if (codec !== undefined && keysNeededFor.length > 0) remarks.push(...keyRemarks(codec, keysNeededFor))
  return remarks
}

/** Keys are named, by references, and left to be filled in. */
function keyRemarks(codec: Codec, tags: readonly string[]): readonly string[] {
  const lines = tags.map((tag) => `    - {tag: "${tag}", key: \${TAG_KEY_${tag.toUpperCase().replace(/[^0-9A-Z]/g, '_')}}}`)
  return [
    'these tags encrypt what they say; with their keys (or `password`, as their make has it) it is read:',
    `${codec.protocol}:`,
    '  keys:',
    ...lines
  ]
}

/** Whether a source of this driver can carry the protocol. */
export const travelsOver = (codec: Codec, transport: Codec['transport']): boolean => transportsOf(codec).includes(transport)
