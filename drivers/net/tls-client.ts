import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { z } from 'zod'
import { PEM, REFERABLE, SECRET } from '../../firmware-protocols/kit/setting-marks.ts'
import { certificateSchema, privateKeySchema } from '../pem-settings.ts'

/** How a client proves itself, and whom it trusts. */
export const tlsClientSchema = z
  .strictObject({
    ca: certificateSchema.optional().meta({
      title: 'CA',
      description: "Certificate of the authority that issued the other side's, in PEM; without it: the well-known ones",
      ...REFERABLE,
      ...PEM
    }),
    cert: certificateSchema
      .optional()
      .meta({ title: 'Certificate', description: 'Client certificate with its chain, in PEM', ...REFERABLE, ...PEM }),
    key: privateKeySchema
      .optional()
      .meta({ title: 'Key', description: 'Private key of the client certificate, in PEM', ...SECRET, ...PEM }),
    rejectUnauthorized: z
      .boolean()
      .default(true)
      .meta({ title: 'Check the other side', description: 'false: take any certificate (for trials only)' }),
    servername: z
      .string()
      .min(1)
      .optional()
      .meta({ title: 'Server name', description: "Name that the other side's certificate is for, when it is not the host in the URL" })
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    message: 'has a client certificate without its key, or a key without its certificate',
    params: { remedy: 'give both cert and key, or neither' }
  })
  .meta({ title: 'TLS', description: 'For URLs that begin with mqtts://, wss:// or https://' })

export type TlsClientSettings = z.output<typeof tlsClientSchema>

/** What `tls.connect` and whatever is built on it take. `host`: that of the URL, an address without brackets. */
export function tlsClientOptions(tls: TlsClientSettings | undefined, host: string): ConnectionOptions {
  const options: ConnectionOptions = { rejectUnauthorized: tls?.rejectUnauthorized ?? true }
  if (tls?.ca !== undefined) options.ca = tls.ca
  if (tls?.cert !== undefined) options.cert = tls.cert
  if (tls?.key !== undefined) options.key = tls.key
  // An IP address is not allowed as the name that a TLS client asks for (RFC 6066, section 3).
  const servername = tls?.servername ?? (isIP(host) === 0 ? host : undefined)
  if (servername !== undefined) options.servername = servername
  return options
}
