/** What the system's and Node's error codes mean for an installer, as sentences about the other side. */

const UNKNOWN_AUTHORITY = 'its certificate is from an authority that is not known here; give that of the authority as tls.ca'
const NO_TLS = 'it does not speak TLS at this port: name its TLS port, or write the URL without TLS'
const CLIENT_CERTIFICATE_REFUSED = 'it does not accept the client certificate (tls.cert)'

export const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is unknown: check the name, or use the address',
  EAI_AGAIN: 'its name cannot be looked up now: no name server answers',
  ECONNREFUSED: 'it refuses connections: nothing listens there',
  EHOSTUNREACH: 'there is no way to it, or the machine is off: check cable, address and network mask',
  ENETUNREACH: 'there is no way to its network: check the address and the default route',
  ETIMEDOUT: 'it does not answer: check its power, cable and address',
  ECONNRESET: 'it broke the connection',
  EPIPE: 'it broke the connection'
}

const TLS_WORDS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; give that certificate as tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: "its certificate has expired (or this machine's clock is ahead)",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; most likely this machine's clock is behind",
  CERT_REVOKED: 'its certificate has been revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; use that name in the URL, or give it as tls.servername',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a client certificate (tls.cert and tls.key)',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'it refused the TLS handshake (it may want a client certificate, tls.cert and tls.key)',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CLIENT_CERTIFICATE_REFUSED,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: CLIENT_CERTIFICATE_REFUSED,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: CLIENT_CERTIFICATE_REFUSED,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'the client certificate (tls.cert) has expired, says the other side',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'the client certificate (tls.cert) has been revoked, says the other side',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it and this machine have no TLS version in common'
}

const OTHER_TLS = /^(?:ERR_(?:SSL|TLS|OSSL)|CERT_|EPROTO$)/

/** What went wrong with TLS; undefined: the code is of something else. `text`: the error's own, told where nobody knows better. */
export function tlsWords(code: string, text: string): string | undefined {
  const words = TLS_WORDS[code] ?? (OTHER_TLS.test(code) ? `TLS failed: ${text}` : undefined)
  return words === undefined ? undefined : `${words} (${code})`
}
