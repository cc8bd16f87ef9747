import { z } from 'zod'
import { REFERABLE, SECRET, written } from '../../firmware-protocols/kit/setting-marks.ts'
import { tlsClientSchema } from '../net/tls-client.ts'

const TEXT_BYTES_MAX = 65_535
const SCHEMES = ['mqtt:', 'mqtts:', 'ws:', 'wss:']

/** What is wrong with a topic filter (MQTT 4.7), or undefined. */
export function topicFilterProblem(filter: string): string | undefined {
  if (filter === '') return 'a topic filter must not be empty'
  if (filter.includes('\0')) return 'a topic filter must not contain a NUL character'
  if (Buffer.byteLength(filter) > TEXT_BYTES_MAX) return 'a topic filter must not be longer than 65535 bytes'
  const levels = filter.split('/')
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || index !== levels.length - 1)) return '"#" must be the last level, alone: "a/#"'
    if (level.includes('+') && level !== '+') return '"+" must be a whole level: "a/+/b"'
  }
  return undefined
}

interface TextProblem {
  readonly message: string
  readonly remedy?: string
}

function urlProblem(text: string): TextProblem | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '') return { message: 'is not the URL of a broker', ...remedyForUrl(text) }
  if (!SCHEMES.includes(url.protocol))
    return { message: `begins with ${url.protocol}//`, remedy: 'begin it with mqtt://, mqtts://, ws:// or wss://' }
  if (url.username !== '' || url.password !== '')
    return { message: 'must not hold user and password', remedy: 'write them as username and password, beside url' }
  return undefined
}

function remedyForUrl(text: string): { remedy?: string } {
  const port = /:(\d+)(?:\/|$)/.exec(text)?.[1]
  if (port !== undefined && Number(port) > 65_535) return { remedy: 'write a port from 1 to 65535; 1883 is usual, and 8883 with TLS' }
  // Nothing that could hold a password is told again.
  return /^[\w.-]+(:\d+)?$/.test(text) && !text.includes('@') ? { remedy: `write mqtt://${text}, or mqtts://${text} for TLS` } : {}
}

/** A text in which `problemOf` finds nothing wrong. */
function textWithout(problemOf: (text: string) => TextProblem | undefined) {
  return z.string().superRefine((text, issues) => {
    const problem = problemOf(text)
    if (problem === undefined) return
    const { message, remedy } = problem
    issues.addIssue({ code: 'custom', message, ...(remedy === undefined ? {} : { params: { remedy } }) })
  })
}

function filterProblem(filter: string): TextProblem | undefined {
  const message = topicFilterProblem(filter)
  return message === undefined
    ? undefined
    : { message, remedy: 'write a topic filter, for example dwm/node/+/uplink/# (+ stands for one level, # for all that follow)' }
}

const topicFilterSchema = textWithout(filterProblem).meta({
  ...written('a topic filter'),
  title: 'Topic filter',
  description: 'What to subscribe to; + stands for one level, # for all that follow',
  examples: ['dwm/node/+/uplink/#']
})

const topicSchema = z.union([
  topicFilterSchema,
  z.strictObject({
    topic: topicFilterSchema,
    qos: z.literal([0, 1, 2]).default(1).meta({
      title: 'QoS',
      description: '1 or 2: the broker keeps a message until the log has stored it; 0: it does not'
    })
  })
])

export const mqttSettingsSchema = z
  .strictObject({
    url: textWithout(urlProblem).meta({
      ...written('mqtt://host:port, mqtts://host:port (TLS), ws://host/path or wss://host/path (WebSocket)'),
      title: 'Broker',
      description:
        'mqtt://host, mqtts://host (TLS), ws://host/path or wss://host/path (WebSocket), with :port where it is not the usual one',
      examples: ['mqtt://192.0.2.7:1883', 'mqtts://broker.site.example']
    }),
    protocolVersion: z.enum(['3.1.1', '5']).default('5').meta({
      title: 'MQTT version',
      description: '3.1.1 for old brokers; 5 tells the broker how much may be in flight and says why a connection ended'
    }),
    clientId: z.string().min(1).max(TEXT_BYTES_MAX).optional().meta({
      title: 'Client id',
      description:
        'Names the session at the broker: must be different for every client there, and stay the same for ever; without it: tagward-<gateway id>-<source>'
    }),
    username: z
      .string()
      .min(1)
      .optional()
      .meta({ title: 'User name', description: 'User name', ...REFERABLE }),
    password: z
      .string()
      .optional()
      .meta({ title: 'Password', description: 'Password', ...SECRET }),
    tls: tlsClientSchema.optional(),
    topics: z
      .array(topicSchema)
      .min(1)
      .meta({ title: 'Topics', description: 'What to subscribe to; a bare filter has QoS 1', examples: [['dwm/node/+/uplink/#']] }),
    keepaliveS: z
      .int()
      .min(5)
      .max(65_535)
      .default(30)
      .meta({ title: 'Keepalive (s)', description: 'A broker that has said nothing for 1.5 times this is taken for dead' }),
    sessionExpiryS: z
      .int()
      .min(60)
      .max(4_294_967_295)
      .default(2_592_000)
      .meta({ title: 'Session expiry (s)', description: 'MQTT 5: how long the broker keeps messages while the gateway is away' }),
    receiveMaximum: z
      .int()
      .min(1000)
      .max(65_535)
      .default(10_000)
      .meta({ title: 'Receive maximum', description: 'Most messages that may wait for the log at a time' }),
    maxPacketBytes: z
      .int()
      .min(1024)
      .max(268_435_455)
      .default(1_048_576)
      .meta({ title: 'Longest message (bytes)', description: 'Longer ones are counted as errors and let go' }),
    connectTimeoutS: z
      .number()
      .min(1)
      .max(25)
      .default(15)
      .meta({ title: 'Connect timeout (s)', description: 'Longest wait until the broker has accepted connection and subscriptions' })
  })
  .superRefine((settings, issues) => {
    const problem = (path: string[], message: string, remedy: string): void =>
      issues.addIssue({ code: 'custom', path, message, params: { remedy } })
    if (settings.password !== undefined && settings.username === undefined)
      problem(['password'], 'has no username beside it', 'give both username and password')
    if (settings.tls !== undefined && !/^(mqtts|wss):/i.test(settings.url))
      problem(['tls'], 'has no effect with this url: nothing would be encrypted', 'write mqtts:// or wss:// in url, or remove tls')
  })

/** Settings of an `mqtt` source after validation. */
export type MqttSettings = z.infer<typeof mqttSettingsSchema>

export interface TopicSubscription {
  readonly topic: string
  readonly qos: 0 | 1 | 2
}

export function subscriptions(settings: Pick<MqttSettings, 'topics'>): TopicSubscription[] {
  return settings.topics.map((entry) => (typeof entry === 'string' ? { topic: entry, qos: 1 } : entry))
}
