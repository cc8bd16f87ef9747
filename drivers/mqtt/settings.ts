import { z } from 'zod'

/** Marks for the configuration: may be given by reference; is shown to nobody. */
const REFERABLE = { 'x-reference': true } as const
const SECRET = { writeOnly: true } as const

const pemSchema = z.string().refine((text) => text.includes('-----BEGIN '), {
  message: 'is not PEM text',
  params: { remedy: 'to take it from a file, write {file: /path/to/it.pem}' }
})

const TOPIC_BYTES_MAX = 65_535

/** What is wrong with a topic filter (MQTT 4.7), or undefined. */
export function topicFilterProblem(filter: string): string | undefined {
  if (filter === '') return 'a topic filter must not be empty'
  if (filter.includes('\0')) return 'a topic filter must not contain a NUL character'
  if (Buffer.byteLength(filter) > TOPIC_BYTES_MAX) return 'a topic filter must not be longer than 65535 bytes'
  const levels = filter.split('/')
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || index !== levels.length - 1)) return '"#" must be the last level, alone: "a/#"'
    if (level.includes('+') && level !== '+') return '"+" must be a whole level: "a/+/b"'
  }
  return undefined
}

const topicFilterSchema = z
  .string()
  .superRefine((filter, issues) => {
    const problem = topicFilterProblem(filter)
    if (problem !== undefined) issues.addIssue({ code: 'custom', message: problem })
  })
  .meta({ description: 'Topic filter, with + and # as wildcards' })

const qosSchema = z.union([z.literal(0), z.literal(1), z.literal(2)])

const urlSchema = z
  .string()
  .superRefine((text, issues) => {
    const problem = urlProblem(text)
    if (problem !== undefined) issues.addIssue({ code: 'custom', message: problem })
  })
  .meta({ description: 'mqtt://host:1883, mqtts://host:8883, ws://host/path or wss://host/path' })

const SCHEMES = ['mqtt:', 'mqtts:', 'ws:', 'wss:']

function urlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '') return 'not a URL such as mqtt://broker.site:1883'
  if (!SCHEMES.includes(url.protocol)) return 'the URL must begin with mqtt://, mqtts://, ws:// or wss://'
  if (url.username !== '' || url.password !== '') return 'put user and password in username and password, not in the URL'
  return undefined
}

const tlsSchema = z
  .strictObject({
    ca: pemSchema
      .optional()
      .meta({ description: "Certificate of the authority that issued the broker's; without it: the well-known ones", ...REFERABLE }),
    cert: pemSchema.optional().meta({ description: 'Client certificate with its chain', ...REFERABLE }),
    key: pemSchema.optional().meta({ description: 'Key of the client certificate', ...SECRET }),
    rejectUnauthorized: z.boolean().default(true).meta({ description: 'false: take any certificate of a broker (for trials only)' }),
    servername: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Name that the broker's certificate is for, when it is not the host in the URL" })
  })
  .meta({ description: 'For mqtts:// and wss://' })

export const mqttSettingsSchema = z
  .strictObject({
    url: urlSchema,
    protocolVersion: z
      .enum(['3.1.1', '5'])
      .default('5')
      .meta({ description: '5 where the broker can: it lets the gateway limit what is in flight' }),
    clientId: z
      .string()
      .min(1)
      .max(TOPIC_BYTES_MAX)
      .optional()
      .meta({ description: 'Names the session at the broker; must be unique there and never change. Default: tagward-<gateway>-<source>' }),
    username: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'User name', ...REFERABLE }),
    password: z
      .string()
      .optional()
      .meta({ description: 'Password', ...SECRET }),
    tls: tlsSchema.optional(),
    topics: z
      .array(z.union([topicFilterSchema, z.strictObject({ topic: topicFilterSchema, qos: qosSchema.default(1) })]))
      .min(1)
      .meta({ description: 'What to subscribe to; a bare filter has QoS 1' }),
    keepaliveS: z.int().min(5).max(65_535).default(30).meta({ description: 'A link that is silent for 1.5 times this is dead' }),
    sessionExpiryS: z
      .number()
      .int()
      .min(60)
      .max(4_294_967_295)
      .default(2_592_000)
      .meta({ description: 'MQTT 5: how long the broker keeps what it holds for the gateway while it is away' }),
    receiveMaximum: z.int().min(1000).max(65_535).default(10_000).meta({ description: 'Most messages received and not yet acknowledged' }),
    maxPacketBytes: z.int().min(1024).max(268_435_455).default(1_048_576).meta({ description: 'Longer messages are counted and let go' }),
    connectTimeoutS: z
      .number()
      .min(1)
      .max(25)
      .default(15)
      .meta({ description: 'Longest wait for the broker to accept connection and subscriptions' })
  })
  .superRefine((settings, issues) => {
    const problem = (path: string[], message: string): void => issues.addIssue({ code: 'custom', path, message })
    if (settings.password !== undefined && settings.username === undefined) problem(['username'], 'a password needs a username')
    if (settings.tls !== undefined && !/^(mqtts|wss):/i.test(settings.url))
      problem(['tls'], 'tls settings need an mqtts:// or wss:// URL; with this one nothing would be encrypted')
    if ((settings.tls?.cert === undefined) !== (settings.tls?.key === undefined))
      problem(['tls', settings.tls?.cert === undefined ? 'cert' : 'key'], 'a client certificate needs both cert and key')
  })

/** Settings of an `mqtt` source after validation. */
export type MqttSettings = z.infer<typeof mqttSettingsSchema>

export interface TopicSubscription {
  readonly topic: string
  readonly qos: 0 | 1 | 2
}

export function subscriptions(settings: MqttSettings): TopicSubscription[] {
  return settings.topics.map((entry) => (typeof entry === 'string' ? { topic: entry, qos: 1 } : entry))
}
