/** Why nothing can be said to Kafka at the moment. Codes are explained in docs/operations/kafka.md. */
export class LinkError extends Error {
  readonly code: string
  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LinkError'
    this.code = code
  }
}

interface FailureFields {
  readonly name?: string
  readonly code?: string | number
  readonly type?: string
  readonly message?: string
  readonly cause?: unknown
}

/** Node's codes of a peer that cannot be reached at all. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTDOWN', 'ENETDOWN'])

function codeOf(error: FailureFields): string {
  const code = String(error.code ?? '')
  if (error.name === 'KafkaJSSASLAuthenticationError' || error.type?.includes('SASL') === true) return 'KAFKA_AUTHENTICATION'
  if (UNREACHABLE.has(code)) return 'KAFKA_UNREACHABLE'
  if (/^(ERR_(TLS|SSL|OSSL)|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_)/.test(code)) return 'KAFKA_TLS'
  return 'KAFKA_CONNECTION_LOST'
}

export function linkErrorOf(error: unknown, address: string): LinkError {
  if (error instanceof LinkError) return error
  const fields = (typeof error === 'object' && error !== null ? error : { message: String(error) }) as FailureFields
  return new LinkError(codeOf(fields), `${address}: ${fields.message ?? 'unknown failure'}`, error)
}
