import { z } from 'zod'
import { SECRET, written } from '../../firmware-protocols/kit/setting-marks.ts'

interface UrlProblem {
  readonly message: string
  readonly remedy: string
}

function urlProblem(text: string, schemes: readonly string[]): UrlProblem | undefined {
  const remedy = `write ${schemes.map((scheme) => `${scheme}//host:port/path`).join(' or ')}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '') return { message: 'is no URL', remedy }
  if (!schemes.includes(url.protocol)) return { message: `begins with ${url.protocol}//`, remedy }
  if (url.username !== '' || url.password !== '')
    return { message: 'must not hold user and password', remedy: 'give them beside url: it is shown and logged' }
  return url.hash === '' ? undefined : { message: 'must not hold a #', remedy: 'leave out the # and what follows it' }
}

/** A URL with one of `schemes` (`ws:` …) and nothing secret in it. */
export function urlSchema(schemes: readonly string[]) {
  return z
    .string()
    .superRefine((text, issues) => {
      const problem = urlProblem(text, schemes)
      if (problem !== undefined) issues.addIssue({ code: 'custom', message: problem.message, params: { remedy: problem.remedy } })
    })
    .meta(written(schemes.map((scheme) => `${scheme}//host:port/path`).join(' or ')))
}

/** Field names of RFC 9110, 5.1. */
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'the name of a header')
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a text without line breaks')

export const headersSchema = z
  .record(headerName, headerValue)
  .meta({ title: 'Headers', description: 'Sent with each request', examples: [{ accept: 'application/json' }] })

export const secretHeadersSchema = z.record(headerName, headerValue.meta(SECRET)).meta({
  title: 'Secret headers',
  description: 'As headers, for values that nobody may see',
  examples: [{ 'X-ApiKey': '$' + '{API_KEY}' }]
})
