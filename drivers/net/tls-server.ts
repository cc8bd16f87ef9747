import type { TlsOptions } from 'node:tls'
import { z } from 'zod'
import { PEM, REFERABLE, SECRET } from '../../firmware-protocols/kit/setting-marks.ts'
import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import { certificateSchema, privateKeySchema } from '../pem-settings.ts'

/** How a listener proves itself, and whom it lets in. */
export const tlsServerSchema = z
  .strictObject({
    cert: certificateSchema.meta({
      title: 'Certificate',
      description: 'Certificate of this machine with its chain, in PEM',
      ...REFERABLE,
      ...PEM
    }),
    key: privateKeySchema.meta({ title: 'Key', description: 'Private key of the certificate, in PEM', ...SECRET, ...PEM }),
    clientCa: certificateSchema.optional().meta({
      title: 'CA of clients',
      description:
        'Certificate of the authority that issues those of the clients, in PEM. With it only who shows one of them gets in; without it nobody is asked for one',
      ...REFERABLE,
      ...PEM
    })
  })
  .meta({ title: 'TLS', description: 'Encrypts; without it passwords, tokens and data can be read on the way' })

export type TlsServerSettings = z.output<typeof tlsServerSchema>

/** What `tls.createServer` and whatever is built on it take. */
function tlsServerOptions({ cert, clientCa, key }: TlsServerSettings): TlsOptions {
  return clientCa === undefined ? { cert, key } : { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: true }
}

/** Certificates and keys that are none are found when they are put to use: `create` throws then, and so does this, a DriverError. */
export function withTlsServer<Made>(tls: TlsServerSettings, create: (options: TlsOptions) => Made): Made {
  try {
    return create(tlsServerOptions(tls))
  } catch (error) {
    throw tlsUnusable(error)
  }
}

/** Only another certificate or key helps. */
export function tlsUnusable(error: unknown): DriverError {
  const why = `the certificate or key in tls cannot be used: ${messageOf(error)}`
  return new DriverError('LINK_TLS_FAILED', why, { retriable: false, cause: error })
}
