import { z } from 'zod'
import { certificateSchema, privateKeySchema } from '../../drivers/pem-settings.ts'
import { PEM, REFERABLE, SECRET, written } from '../../firmware-protocols/kit/setting-marks.ts'
import { byteSizeSchema, isLoopback, nameSchema } from './field-kinds.ts'

/** Sections whose change takes effect at the next start only. */
const AT_START = { 'x-restart': true } as const

const BROKER = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9._-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\]):[1-9]\d{0,4}$/

const brokerSchema = z
  .string()
  .regex(BROKER, { error: ({ input }) => brokerWords(String(input)), abort: true })
  .refine((broker) => Number(broker.slice(broker.lastIndexOf(':') + 1)) <= 65_535, {
    message: 'has a port above 65535',
    params: { remedy: 'write the port of the broker, from 1 to 65535; 9092 is usual' }
  })
  .meta(written('host:port'))

/** What to write in place of something that is no broker; goes on from "write …". */
function brokerWords(text: string): string {
  if (text.includes(',')) return 'each broker as an item of its own: ["a:9092", "b:9092"]'
  if (/^[a-z+]+:\/\//i.test(text)) return 'host:port alone, without anything like http:// before it'
  if (/^[a-zA-Z0-9._-]+$/.test(text) && /[a-zA-Z.]/.test(text)) return `host:port, for example ${text}:9092`
  return 'host:port, the port from 1 to 65535 (an IPv6 address in brackets)'
}

const saslSchema = z
  .strictObject({
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).meta({ description: 'As the broker offers it' }),
    username: z
      .string()
      .min(1)
      .meta({ description: 'User name', ...REFERABLE }),
    password: z
      .string()
      .min(1)
      .meta({ description: 'Password', ...SECRET })
  })
  .meta({ description: 'Authentication at the brokers; without it: none' })

const tlsSchema = z
  .union([
    z.boolean(),
    z.strictObject({
      ca: certificateSchema.optional().meta({
        description: "CA certificates: PEM text, or the path of a file; without them: those of the program's own store",
        ...REFERABLE,
        ...PEM
      }),
      cert: certificateSchema.optional().meta({ description: 'Client certificate: PEM text, or the path of a file', ...REFERABLE, ...PEM }),
      key: privateKeySchema
        .optional()
        .meta({ description: 'Private key of the client certificate, in PEM: by reference, or the path of a file', ...SECRET, ...PEM }),
      rejectUnauthorized: z.boolean().default(true).meta({ description: 'false: take any certificate of a broker (for trials only)' })
    })
  ])
  .refine((tls) => typeof tls === 'boolean' || (tls.cert === undefined) === (tls.key === undefined), {
    message: 'has a client certificate without its key, or a key without its certificate',
    params: { remedy: 'give both cert and key, or neither' }
  })

export const kafkaSchema = z
  .strictObject({
    brokers: z
      .array(brokerSchema)
      .min(1)
      .meta({ description: 'Where to connect first', examples: [['kafka.example:9092']] }),
    prefix: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/, '1 to 100 letters, digits, dots, underscores and hyphens')
      .default('tagward')
      .meta({ description: 'Topics are called <prefix>.<name>' }),
    clientId: z.string().min(1).max(200).optional().meta({ description: 'Name shown to the brokers; without it: tagward-<gateway id>' }),
    sasl: saslSchema.optional(),
    tls: tlsSchema.default(false).meta({ description: 'true, or certificates' }),
    compression: z.enum(['none', 'gzip']).default('gzip').meta({ description: 'Compression of what is sent' }),
    mode: z
      .enum(['structured', 'binary'])
      .default('structured')
      .meta({ description: 'CloudEvents content mode: the whole event as the value, or its attributes as headers' }),
    topics: z
      .strictObject({
        partitions: z
          .int()
          .min(1)
          .max(10_000)
          .optional()
          .meta({ description: "Partitions of topics that the gateway creates; without it: the broker's default" }),
        replicationFactor: z
          .int()
          .min(1)
          .max(100)
          .optional()
          .meta({ description: "Replicas of topics that the gateway creates; without it: the broker's default" })
      })
      .prefault({})
      .meta({ description: 'How missing topics are created; existing ones are never changed' })
  })
  .meta({ description: 'The way out. Without this section the gateway is offline, and buffers' })

export const logSchema = z
  .strictObject({
    maxBytes: byteSizeSchema(32 * 2 ** 20, '16 GiB', 'Size of the log on disk at which the oldest telemetry makes room'),
    telemetryMaxAgeDays: z.number().positive().max(36_500).default(7).meta({ description: 'Age at which telemetry is deleted' }),
    alarmMaxAgeDays: z
      .number()
      .positive()
      .max(36_500)
      .default(365)
      .meta({ description: 'Age at which alarms are deleted; those that Kafka still waits for are kept while an uplink is configured' }),
    reserveBytes: byteSizeSchema(2 ** 20, '64 MiB', 'Space set aside in advance for alarms and gap reports, for the day the disk is full')
  })
  .refine((log) => log.reserveBytes < log.maxBytes, {
    message: 'is not smaller than log.maxBytes',
    path: ['reserveBytes'],
    params: { remedy: 'make the reserve smaller or the log larger' }
  })
  .prefault({})
  .meta({ description: 'The event log on disk', ...AT_START })

export const alertsSchema = z
  .strictObject({
    maxPerTagPerMinute: z
      .int()
      .min(1)
      .max(100_000)
      .default(10)
      .meta({ description: 'More alerts of one tag in a minute become one with a count' }),
    maxPerSourcePerMinute: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(120)
      .meta({ description: 'More alerts of one source in a minute become one with a count' })
  })
  .prefault({})
  .meta({ description: 'Protection against floods of alerts', ...AT_START })

export const webSchema = z
  .strictObject({
    host: z
      .string()
      .refine((host) => !/[/]|:\d+$/.test(host) || isLoopback(host), {
        message: 'is more than a host name',
        params: { remedy: 'write the host alone, for example 127.0.0.1, and the port in web.port' },
        abort: true
      })
      .refine(isLoopback, {
        message: 'is not a loopback address, and page and API have no users and passwords yet',
        params: { remedy: 'write 127.0.0.1, and reach the page from elsewhere through an SSH tunnel or a proxy that asks who is there' }
      })
      .default('127.0.0.1')
      .meta({ description: 'Address that page, API and metrics listen on; loopback only (127.0.0.1, ::1, localhost)' }),
    port: z.int().min(1).max(65_535).default(8080).meta({ description: 'Port of the page' })
  })
  .prefault({})
  .meta({ description: 'Page, API, /metrics and /healthz', ...AT_START })

export const extensionsSchema = z
  .array(z.string().min(1).meta(written('the path of a file or folder, such as ./extensions/acme.js, or the name of an installed package')))
  .default([])
  .meta({
    description:
      'Drivers and protocols of third parties: files, folders (a relative path counts from the directory of the configuration file), or installed packages. They run with all rights of the gateway',
    examples: [['./extensions/acme.js']]
  })

export const loggingSchema = z
  .strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info').meta({ description: 'Least level that is written' })
  })
  .prefault({})
  .meta({ description: "The program's own log, JSON lines on stdout" })

export const siteSchema = nameSchema.meta({ description: 'Name of the site', examples: ['demo'], ...AT_START })

export const gatewaySchema = z
  .strictObject({
    id: nameSchema.optional().meta({
      description: 'Fixes the id of this gateway; without it: one is made at the first start and kept in the data directory',
      examples: ['hall-1']
    }),
    name: z.string().min(1).max(200).optional().meta({ description: 'What people call it' })
  })
  .prefault({})
  .meta({ description: 'The gateway itself', ...AT_START })

export const dataDirSchema = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('~'), {
    message: 'begins with ~, which means no home directory here',
    params: { remedy: 'write the whole path, for example /var/lib/tagward' }
  })
  .refine((path) => !/^[a-z][a-z0-9+]+:\/\//i.test(path), {
    message: 'is a URL',
    params: { remedy: 'write the path of a directory on this machine, for example /var/lib/tagward' }
  })
  .default('./data')
  .meta({
    description: "Directory of the log and the gateway's id; a relative path counts from the directory of the configuration file",
    ...AT_START
  })
