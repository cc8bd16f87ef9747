import { z } from 'zod'
import type { JsonSchemaNode } from '../config/schema.ts'
import { EVENT_CATALOGUE } from '../events/catalogue.ts'
import { type EventDefinition, originSchema } from '../events/define-event.ts'
import { kindOfNode, row } from './schema-table.ts'

/** Text of docs/events.md. */
export function eventsPage(definitions: readonly EventDefinition[] = EVENT_CATALOGUE): string {
  return `# Events

<!-- Written by scripts/generate.mjs from gateway/events/; do not edit. -->

What the gateway puts on Kafka: one topic per type, \`<prefix>.<topic>\`, as CloudEvents in structured mode
(\`content-type: application/cloudevents+json\`). The table of attributes:

| Attribute | Value |
| --- | --- |
| \`id\` | \`<gateway>/<epoch>/<lane>/<sequence>\`: the same for every delivery of one event |
| \`source\` | \`/site/<site>/gateway/<gateway>\` |
| \`type\` | the type, as in the headings below |
| \`time\` | event time: when it happened, as far as the gateway knows |
| \`dataschema\` | \`urn:tagward:event:<topic>:<version>\`; the JSON Schema of \`data\` is \`schemas/<topic>.v<version>.json\` |
| \`lane\` | \`alarm\` or \`telemetry\` |
| \`epoch\` | names one life of the gateway's log; a new one is greater |
| \`sequence\` | number within gateway, epoch and lane, 20 digits; without gaps, save those that a \`DataGap\` names |

Delivery is at least once. Whoever keeps the highest \`sequence\` seen for each gateway, epoch, lane, topic and partition, and
passes over what is not above it, gets every event exactly once and in order. Schemas change by additions only: readers
must let unknown fields be.

| Type | Topic | Lane | Key | Kept on Kafka |
| --- | --- | --- | --- | --- |
${definitions.map(({ type, topic, lane, key, retentionDays }) => `| [${type}](#${type.toLowerCase()}) | \`${topic}\` | ${lane} | ${key} | ${retentionDays} d |`).join('\n')}

## Fields of every event

These stand first in \`data\`.

${fields(originSchema)}

${definitions.map(section).join('\n\n')}
`
}

function section({ type, title, version, topic, data }: EventDefinition): string {
  return `## ${type}

${title}. Version ${version}, [\`schemas/${topic}.v${version}.json\`](../schemas/${topic}.v${version}.json).

${fields(data)}`
}

function fields(schema: z.ZodObject): string {
  const node = z.toJSONSchema(schema, { io: 'input' }) as JsonSchemaNode
  const rows = rowsOf(node, '')
  return ['| Field | Kind | | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function rowsOf(node: JsonSchemaNode, path: string): readonly string[] {
  const required = new Set(node.required)
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const inner = typeof child.items === 'object' ? child.items : child
    const own = row([`\`${path}${name}\``, kindOfNode(child), required.has(name) ? '' : 'optional', child.description ?? ''])
    return inner?.properties === undefined ? [own] : [own, ...rowsOf(inner, `${path}${name}${child.type === 'array' ? '[]' : ''}.`)]
  })
}
