import { installedConfigSchema } from '../config/installed-schema.ts'
import { publishedJsonSchema } from '../config/published-schema.ts'
import { EVENT_CATALOGUE, jsonSchema } from '../events/catalogue.ts'
import { configReference } from './config-page.ts'
import { errorsPage } from './errors-page.ts'
import { eventsPage } from './events-page.ts'

/** A file, or the part of one between its markers, that is made from the code. */
export interface GeneratedFile {
  /** Relative to the root of the checkout. */
  readonly path: string
  /** Only what stands between `<!-- begin: name -->` and `<!-- end: name -->`. */
  readonly part?: string
  readonly text: string
  /** A published schema: only additions may be made to it. */
  readonly additive?: boolean
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** `exampleConfig`: text of config.example.yaml. */
export function generatedFiles(exampleConfig: string): readonly GeneratedFile[] {
  const schema = installedConfigSchema()
  return [
    ...EVENT_CATALOGUE.map((definition) => ({
      path: `schemas/${definition.topic}.v${definition.version}.json`,
      text: json(jsonSchema(definition)),
      additive: true
    })),
    { path: 'schemas/config.v1.json', text: json(publishedJsonSchema(schema)) },
    { path: 'docs/events.md', text: eventsPage() },
    { path: 'docs/errors.md', text: errorsPage() },
    { path: 'docs/config.md', part: 'example', text: `\`\`\`yaml\n${exampleConfig.trimEnd()}\n\`\`\`` },
    { path: 'docs/config.md', part: 'reference', text: configReference(schema) }
  ]
}

/** The file with one part replaced; undefined when it has no such part. */
export function withPart(file: string, part: string, text: string): string | undefined {
  const begin = `<!-- begin: ${part} -->\n`
  const end = `\n<!-- end: ${part} -->`
  const from = file.indexOf(begin)
  const to = file.indexOf(end, from)
  if (from < 0 || to < 0) return undefined
  return `${file.slice(0, from + begin.length)}${text}${file.slice(to)}`
}
