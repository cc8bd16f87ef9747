import { z } from 'zod'
import { buildConfigSchema, type ConfigCatalogue } from '../gateway/config/schema.ts'

/** Two made-up drivers and protocols with every shape of setting that real ones have. */
export const FAKE_CATALOGUE: ConfigCatalogue = {
  drivers: [
    {
      kind: 'wire',
      title: 'A made-up line',
      carries: ['serial'],
      settings: z.strictObject({
        port: z
          .string()
          .min(1)
          .meta({ description: 'Port', examples: ['/dev/serial/by-id/usb-x'] }),
        baudRate: z.int().min(50).max(4_000_000).default(115_200).meta({ description: 'Baud rate' }),
        parity: z.enum(['none', 'even', 'odd']).default('none'),
        opening: z.array(z.string()).default([])
      })
    },
    {
      kind: 'broker',
      title: 'A made-up broker',
      carries: ['mqtt'],
      settings: z.object({
        url: z
          .string()
          .regex(/^mqtts?:\/\//, { error: 'mqtt://host:port or mqtts://host:port', abort: true })
          .refine((url) => !url.includes('@'), 'put the password in its own key')
          .describe('Where the broker is'),
        password: z.string().optional().meta({ description: 'Password', writeOnly: true }),
        tls: z.object({ key: z.string().optional().meta({ writeOnly: true }) }).optional()
      })
    },
    { kind: 'made', title: 'Makes readings itself', carries: [], settings: z.strictObject({ tags: z.int().min(1).default(10) }) }
  ],
  codecs: [
    { protocol: 'line-a', transport: 'serial', idScope: 'system' },
    { protocol: 'line-world', transport: 'serial', idScope: 'world', idNamespace: 'ble' },
    { protocol: 'topic-a', transport: 'mqtt', idScope: 'system' }
  ]
}

export const FAKE_SCHEMA = buildConfigSchema(FAKE_CATALOGUE)
