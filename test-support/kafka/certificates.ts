import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface KeyAndCert {
  readonly key: string
  readonly cert: string
}

export interface Certificates {
  /** Of the CA that signed both. */
  readonly ca: string
  /** For 127.0.0.1 and localhost. */
  readonly server: KeyAndCert
  readonly client: KeyAndCert
}

/** A CA, a server's and a client's certificate in PEM, made by openssl; valid for a day. */
export function makeCertificates(clientName = 'tagward-test'): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'tagward-certificates-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const text = (name: string) => readFileSync(join(folder, name), 'utf8')
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '1', '-subj', '/CN=tagward test CA')
    const sign = (name: string, commonName: string, extension: string): KeyAndCert => {
      writeFileSync(join(folder, `${name}.ext`), extension)
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${commonName}`)
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
      openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-days', '1', '-extfile', `${name}.ext`, '-out', `${name}.pem`)
      return { key: text(`${name}.key`), cert: text(`${name}.pem`) }
    }
    return {
      ca: text('ca.pem'),
      server: sign('server', 'localhost', 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n'),
      client: sign('client', clientName, 'extendedKeyUsage=clientAuth\n')
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
