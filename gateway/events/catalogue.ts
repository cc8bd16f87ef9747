import { z } from 'zod'
import { type EventDefinition, originSchema } from './define-event.ts'
import { dataGap, gatewayStatus, sourceLost, sourceRestored } from './gateway-events.ts'
import { deviceStatus, tagAlert, tagInfo, tagMovement } from './raw-events.ts'

/** Every event type of the contract. */
export const EVENT_CATALOGUE: readonly EventDefinition[] = [
  tagMovement,
  tagInfo,
  deviceStatus,
  tagAlert,
  gatewayStatus,
  sourceLost,
  sourceRestored,
  dataGap
]

const byType = new Map(EVENT_CATALOGUE.map((definition) => [definition.type, definition]))

export function eventDefinition(type: string): EventDefinition | undefined {
  return byType.get(type)
}

/** `data` of an event on the wire: where it comes from, then its own fields. */
export function wireDataSchema(definition: EventDefinition): z.ZodObject {
  return originSchema.extend(definition.data.shape)
}

/** URI under which the JSON Schema of an event's data is known (`dataschema` of the CloudEvent). */
export function dataSchemaUri(definition: EventDefinition): string {
  return `urn:tagward:event:${definition.topic}:${definition.version}`
}

/** The published JSON Schema of an event's data. */
export function jsonSchema(definition: EventDefinition): object {
  const { $schema, ...schema } = z.toJSONSchema(wireDataSchema(definition), { io: 'input' })
  return {
    $schema,
    $id: dataSchemaUri(definition),
    title: definition.type,
    description: definition.title,
    'x-lane': definition.lane,
    'x-key': definition.key,
    ...schema
  }
}
