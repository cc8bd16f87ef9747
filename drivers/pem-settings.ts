import { z } from 'zod'

const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/

/** A PEM text of one kind. A key where a certificate belongs would be shown to whoever may see the settings. */
function pemOf(label: RegExp, wanted: string, other: RegExp, instead: string) {
  return z.string().superRefine((text, issues) => {
    if (label.test(text)) return
    const isOther = other.test(text)
    issues.addIssue({
      code: 'custom',
      message: isOther ? `is ${instead}, not ${wanted}` : `is not ${wanted} in PEM`,
      params: {
        remedy: isOther
          ? 'cert and key seem to be exchanged: each is to name its own file'
          : 'to take it from a file, write {file: /path/to/it.pem}'
      }
    })
  })
}

/** One certificate or a chain, in PEM (RFC 7468, section 5). */
export const certificateSchema = pemOf(CERTIFICATE, 'a certificate', PRIVATE_KEY, 'a private key')
/** PKCS #8, PKCS #1 or SEC 1, in PEM (RFC 7468, section 10). */
export const privateKeySchema = pemOf(PRIVATE_KEY, 'a private key', CERTIFICATE, 'a certificate')
