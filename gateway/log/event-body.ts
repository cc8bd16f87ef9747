import type { Logger } from '../../drivers/driver.ts'
import type { GatewayEvent } from '../events/define-event.ts'

/** The JSON text of an event's own data. Never throws: an event is worth more than its fields, and goes in without them. */
export function bodyOf({ data, type }: GatewayEvent, logger?: Logger): string {
  try {
    return JSON.stringify(data)
  } catch (error) {
    logger?.error({ type, error: String(error) }, 'data of an event are not JSON')
    return JSON.stringify({ extra: { not_json: String(error) } })
  }
}
