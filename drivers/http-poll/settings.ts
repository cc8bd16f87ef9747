import { z } from 'zod'
import { REFERABLE, SECRET } from '../../firmware-protocols/kit/setting-marks.ts'
import { tlsClientSchema } from '../net/tls-client.ts'
import { headersSchema, secretHeadersSchema, urlSchema } from '../net/url-settings.ts'

export const httpPollSettingsSchema = z
  .strictObject({
    url: urlSchema(['http:', 'https:']).meta({
      title: 'URL',
      description: 'What is asked for with GET; http:// or https:// (TLS), host, path and query',
      examples: ['http://192.0.2.9:8080/qpe/getTagData?mode=json&format=defaultLocationAndInfo']
    }),
    intervalS: z.number().min(0.2).max(86_400).default(1).meta({
      title: 'Interval (s)',
      description: 'From one request to the next; never shorter, also after failures and restarts of the source'
    }),
    timeoutS: z
      .number()
      .min(0.5)
      .max(25)
      .default(10)
      .meta({ title: 'Timeout (s)', description: 'Longest time from a request to the end of its answer' }),
    maxBodyBytes: z
      .int()
      .min(1_024)
      .max(67_108_864)
      .default(4_194_304)
      .meta({ title: 'Longest answer (bytes)', description: 'A longer one is given up' }),
    conditional: z.boolean().default(true).meta({
      title: 'Only when changed',
      description:
        'Asks for the answer only when it has changed, where the other side gives it an ETag or a date. false: for systems that tell of tags at rest by the same answer again and again'
    }),
    username: z
      .string()
      .min(1)
      .regex(/^[^:]*$/, 'a name without a colon')
      .optional()
      .meta({ title: 'User name', description: 'For Basic authentication', ...REFERABLE }),
    password: z
      .string()
      .optional()
      .meta({ title: 'Password', description: 'For Basic authentication', ...SECRET }),
    token: z
      .string()
      .min(1)
      .optional()
      .meta({ title: 'Token', description: 'Sent as Authorization: Bearer <token>', ...SECRET }),
    headers: headersSchema.optional(),
    secretHeaders: secretHeadersSchema.optional(),
    tls: tlsClientSchema.optional()
  })
  .superRefine(({ password, tls, token, url, username }, issues) => {
    const problem = (path: string[], message: string, remedy: string): void =>
      issues.addIssue({ code: 'custom', path, message, params: { remedy } })
    if (password !== undefined && username === undefined)
      problem(['password'], 'has no username beside it', 'give both username and password')
    if (token !== undefined && username !== undefined)
      problem(['token'], 'cannot go with username', 'give either token, or username and password')
    if (tls !== undefined && !/^https:/i.test(url))
      problem(['tls'], 'has no effect with this url: nothing would be encrypted', 'write https:// in url, or remove tls')
  })

export type HttpPollSettings = z.output<typeof httpPollSettingsSchema>
