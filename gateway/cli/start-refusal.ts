import { ERROR_CODES, type ErrorCode, GatewayError } from '../errors.ts'
import { LogError } from '../log/log-error.ts'

/** Why the gateway cannot start, with what to do about it; undefined for what nobody foresaw. */
export function startRefusal(error: unknown, dataDir: string): { readonly code: ErrorCode; readonly message: string } | undefined {
  if (error instanceof GatewayError) return { code: error.code, message: error.message }
  // The log knows neither where people look for it nor what they can do.
  if (!(error instanceof LogError) || !(error.code in ERROR_CODES)) return undefined
  const { code } = error
  const { remedy } = ERROR_CODES[code as ErrorCode]
  return { code: code as ErrorCode, message: `${error.message} (${dataDir}). ${remedy.replace(/\.$/, '')}` }
}
