import { hash, timingSafeEqual } from 'node:crypto'

const digestOf = (text: string): Buffer => hash('sha256', text, 'buffer')

/** What the sender shows: the token of Bearer (RFC 6750, 2.1), or the password of Basic (RFC 7617, 2). */
function shownBy(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(\S+)\s+(\S+)\s*$/.exec(authorization ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const pair = Buffer.from(value, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return colon < 0 ? undefined : pair.slice(colon + 1)
}

/** Whether an `Authorization` header holds the token; how long the comparison takes tells nothing about it. */
export function createTokenCheck(token: string | undefined): (authorization: string | undefined) => boolean {
  if (token === undefined) return () => true
  const wanted = digestOf(token)
  return (authorization) => {
    const shown = shownBy(authorization)
    return shown !== undefined && timingSafeEqual(digestOf(shown), wanted)
  }
}
