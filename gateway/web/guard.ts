import type { IncomingHttpHeaders } from 'node:http'

/** Sent with every answer. No inline script or style, nothing from elsewhere, no framing. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), usb=(), serial=()'
}

/** The name in a Host header or authority: without port, lower case; undefined when it is not one. */
function hostName(authority: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(authority)
  return match?.[1]?.toLowerCase()
}

export function isLoopbackHost(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || name === '::1') return true
  return /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(name)
}

/**
 * A page elsewhere can make its own name resolve to 127.0.0.1 and so read what listens there (DNS rebinding); its requests
 * then carry that name. Only names that can mean nothing but this machine are served.
 */
export function isHostAllowed(headers: IncomingHttpHeaders): boolean {
  const name = headers.host === undefined ? undefined : hostName(headers.host)
  return name !== undefined && isLoopbackHost(name)
}

/**
 * For requests that change something. Browsers name the origin with every POST; programs name none, and are let in because
 * they already run on this machine.
 */
export function isOriginAllowed(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  return headers.origin === undefined || headers.origin === `http://${headers.host}`
}
