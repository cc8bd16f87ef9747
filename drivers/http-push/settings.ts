import { z } from 'zod'
import { SECRET, written } from '../../firmware-protocols/kit/setting-marks.ts'
import { listenPortSchema, tcpListenerShape } from '../net/listen-settings.ts'
import { tlsServerSchema } from '../net/tls-server.ts'

export const httpPushSettingsSchema = z.strictObject({
  port: listenPortSchema.meta({ title: 'Port', description: 'TCP port to listen on; not that of the page', examples: [8090] }),
  address: tcpListenerShape.address,
  path: z
    .string()
    .regex(/^\/[^\s?#]*$/, 'a path that begins with / and has no blank, ? or #')
    .default('/')
    .meta({
      title: 'Path',
      description: 'Taken is what is sent to this path and below it; protocols see the path as their topic',
      examples: ['/minew']
    }),
  token: z
    .string()
    .min(8)
    .optional()
    .meta({
      title: 'Token',
      description:
        'Senders must show it: Authorization: Bearer <token>, or Basic with any user and the token as password. Without it, whoever reaches the port can send',
      ...SECRET
    }),
  tls: tlsServerSchema.optional(),
  contentTypes: z
    .array(
      z
        .string()
        .regex(/^[\w.+-]+\/[\w.+*-]+$/, 'a media type such as application/json')
        .meta(written('a media type'))
    )
    .min(1)
    .optional()
    .meta({
      title: 'Content types',
      description: 'Media types that are taken; others are answered 415. Without it: any, also none',
      examples: [['application/json']]
    }),
  maxBodyBytes: z
    .int()
    .min(1_024)
    .max(67_108_864)
    .default(1_048_576)
    .meta({ title: 'Longest body (bytes)', description: 'Longer ones are answered 413' }),
  maxWaiting: z.int().min(1).max(100_000).default(1_000).meta({
    title: 'Requests at a time',
    description: 'Requests that may be received or wait for the log; more are answered 503 with Retry-After, and counted as dropped'
  }),
  maxConnections: tcpListenerShape.maxConnections,
  bodyTimeoutS: z
    .number()
    .min(1)
    .max(600)
    .default(30)
    .meta({ title: 'Body timeout (s)', description: 'Longest time a request may take to arrive; then it is answered 408' }),
  storeTimeoutS: z.number().min(1).max(600).default(20).meta({
    title: 'Store timeout (s)',
    description: 'When the log has not stored a message in this time it is answered 503, so that the sender sends it again'
  })
})

export type HttpPushSettings = z.output<typeof httpPushSettingsSchema>
