import { z } from 'zod'
import { SECRET, written } from '../../firmware-protocols/kit/setting-marks.ts'
import { topicFilterProblem } from '../mqtt/settings.ts'
import { listenPortSchema, tcpListenerShape } from '../net/listen-settings.ts'
import { tlsServerSchema } from '../net/tls-server.ts'

const topicFilterSchema = z
  .string()
  .superRefine((filter, issues) => {
    const message = topicFilterProblem(filter)
    if (message === undefined) return
    const remedy = 'write a topic filter, for example /gw/+/status (+ stands for one level, # for all that follow)'
    issues.addIssue({ code: 'custom', message, params: { remedy } })
  })
  .meta({ ...written('a topic filter'), title: 'Topic filter', description: '+ stands for one level, # for all that follow' })

const userSchema = z.strictObject({
  name: z.string().min(1).max(65_535).meta({ title: 'Name', description: 'User name that the client shows' }),
  password: z
    .string()
    .min(8)
    .meta({ title: 'Password', description: 'Password that the client shows', ...SECRET }),
  topics: z
    .array(topicFilterSchema)
    .min(1)
    .optional()
    .meta({ title: 'Topics', description: 'Where this user may publish; without it: everywhere. Who publishes elsewhere is disconnected' }),
  commandTopics: z
    .array(topicFilterSchema)
    .min(1)
    .optional()
    .meta({
      title: 'Command topics',
      description: 'Topics of which this user hears the commands, when subscribed; without it: all',
      examples: [['tagward/helmet/+/down']]
    })
})

const usersSchema = z
  .array(userSchema)
  .min(1)
  .superRefine((users, issues) => {
    const seen = new Set<string>()
    for (const [index, { name }] of users.entries()) {
      if (seen.has(name))
        issues.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: `stands twice: ${name}`,
          params: { remedy: 'give each user a name of its own' }
        })
      seen.add(name)
    }
  })

export const mqttBrokerSettingsSchema = z.strictObject({
  port: listenPortSchema.default(1_883).meta({ title: 'Port', description: 'TCP port to listen on; 1883 is usual, and 8883 with TLS' }),
  address: tcpListenerShape.address,
  users: usersSchema.optional().meta({ title: 'Users', description: 'Who may connect. Without it, whoever reaches the port can publish' }),
  tls: tlsServerSchema.optional(),
  topics: z
    .array(topicFilterSchema)
    .min(1)
    .default(['#'])
    .meta({
      title: 'Topics',
      description: 'What is read; what is published elsewhere is acknowledged, counted as ignored, and not read',
      examples: [['/gw/+/status']]
    }),
  retainedIsOld: z.boolean().default(false).meta({
    title: 'Retained is old',
    description:
      'What is published with the retain flag is taken for old. Devices set the flag on what is new, so only for a broker that forwards to this one'
  }),
  maxPacketBytes: z
    .int()
    .min(1_024)
    .max(268_435_455)
    .default(1_048_576)
    .meta({ title: 'Longest message (bytes)', description: 'Who sends longer ones is disconnected, and counted as an error' }),
  maxConnections: tcpListenerShape.maxConnections,
  maxInflight: z.int().min(1).max(65_535).default(100).meta({
    title: 'In flight',
    description: 'Messages of one client that may wait for the log; no more are read from it until some are stored'
  }),
  maxRatePerS: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1_000)
    .meta({ title: 'Messages per second', description: 'Of one client; it is read no faster, so that it has to wait' }),
  connectTimeoutS: z
    .number()
    .min(1)
    .max(600)
    .default(10)
    .meta({ title: 'Connect timeout (s)', description: 'A client that has not said who it is by then is disconnected' }),
  storeTimeoutS: z.number().min(1).max(600).default(20).meta({
    title: 'Store timeout (s)',
    description: 'When the log has not stored a message in this time its client is disconnected, so that it sends it again'
  })
})

export type MqttBrokerSettings = z.output<typeof mqttBrokerSettingsSchema>
