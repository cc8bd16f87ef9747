import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback } from '../config/field-kinds.ts'

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

/** As it stands in a Host header: an IPv6 address in brackets; names below localhost lead nowhere else (RFC 6761, section 6.3). */
function isLoopbackName(name: string): boolean {
  return isLoopback(name === '[::1]' ? '::1' : name) || name.endsWith('.localhost')
}

/**
 * A page elsewhere can make its own name resolve to 127.0.0.1 and so read what listens there (DNS rebinding); its requests
 * then carry that name. Only names that can mean nothing but this machine are served.
 */
export function isHostAllowed(headers: IncomingHttpHeaders): boolean {
  const name = headers.host === undefined ? undefined : hostName(headers.host)
  return name !== undefined && isLoopbackName(name)
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
