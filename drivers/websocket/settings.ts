import { z } from 'zod'
import { SECRET } from '../../firmware-protocols/kit/setting-marks.ts'
import { tlsClientSchema } from '../net/tls-client.ts'
import { headersSchema, secretHeadersSchema, urlSchema } from '../net/url-settings.ts'

const omloxSchema = z.strictObject({
  topic: z
    .string()
    .min(1)
    .meta({ title: 'Topic', description: 'What to subscribe to', examples: ['location_updates', 'fence_events'] }),
  params: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .meta({ title: 'Parameters', description: 'As the hub knows them', examples: [{ crs: 'EPSG:4326' }] })
})

const subscribeSchema = z
  .strictObject({
    omlox: z
      .array(omloxSchema)
      .min(1)
      .optional()
      .meta({
        title: 'omlox',
        description: 'Topics of an omlox hub; its answer to each is waited for. apiKey, where given, goes along as parameter token',
        examples: [[{ topic: 'location_updates' }]]
      }),
    sewio: z
      .array(z.string().regex(/^\/\S*$/, 'a resource that begins with /'))
      .min(1)
      .optional()
      .meta({
        title: 'Sewio',
        description: 'Resources of Sewio RTLS Studio, /feeds/ for all tags; needs apiKey',
        examples: [['/feeds/', '/zones/']]
      }),
    send: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta({
        title: 'Send',
        description: 'Texts for other systems, sent one after the other; {apiKey} in them is replaced by apiKey',
        examples: [['{"subscribe":"positions","key":"{apiKey}"}']]
      })
  })
  .meta({ title: 'Subscribe', description: 'What is sent each time the connection was made, so that data come' })

export const websocketSettingsSchema = z
  .strictObject({
    url: urlSchema(['ws:', 'wss:']).meta({
      title: 'URL',
      description: 'ws:// or wss:// (TLS), host and path; with :port where it is not the usual one',
      examples: ['wss://hub.site.example/v2/ws/socket', 'ws://192.0.2.9:8080']
    }),
    apiKey: z
      .string()
      .min(1)
      .optional()
      .meta({ title: 'API key', description: 'Key or token for what is subscribed to', ...SECRET }),
    subscribe: subscribeSchema.optional(),
    subprotocol: z
      .string()
      .regex(/^[\w.+-]+$/, 'a name')
      .optional()
      .meta({ title: 'Subprotocol', description: 'Where the other side wants one named (Sec-WebSocket-Protocol)' }),
    headers: headersSchema.optional(),
    secretHeaders: secretHeadersSchema.optional(),
    tls: tlsClientSchema.optional(),
    pingIntervalS: z.number().min(0).max(3_600).default(15).meta({
      title: 'Ping interval (s)',
      description: 'Without any sign of life from one ping to the next the connection is made anew; 0: never ping'
    }),
    silenceLimitS: z.number().min(0).max(86_400).default(0).meta({
      title: 'Silence limit (s)',
      description: 'The connection is made and subscribed anew when no message has come in for this long; 0: silence is normal'
    }),
    connectTimeoutS: z
      .number()
      .min(1)
      .max(25)
      .default(15)
      .meta({ title: 'Connect timeout (s)', description: 'Longest wait until the connection is made and subscribed' }),
    maxMessageBytes: z
      .int()
      .min(1_024)
      .max(67_108_864)
      .default(4_194_304)
      .meta({ title: 'Longest message (bytes)', description: 'A longer one ends the connection, which is made anew' }),
    maxWaiting: z.int().min(1).max(1_000_000).default(10_000).meta({
      title: 'Messages at a time',
      description: 'While so many wait for the log, nothing more is read from the connection'
    })
  })
  .superRefine(({ apiKey, subscribe, tls, url }, issues) => {
    const problem = (path: string[], message: string, remedy: string): void =>
      issues.addIssue({ code: 'custom', path, message, params: { remedy } })
    const needsKey = subscribe?.sewio !== undefined || subscribe?.send?.some((text) => text.includes('{apiKey}')) === true
    if (needsKey && apiKey === undefined) problem(['subscribe'], 'needs an apiKey', 'give apiKey beside subscribe')
    if (tls !== undefined && !/^wss:/i.test(url))
      problem(['tls'], 'has no effect with this url: nothing would be encrypted', 'write wss:// in url, or remove tls')
  })

export type WebsocketSettings = z.output<typeof websocketSettingsSchema>
