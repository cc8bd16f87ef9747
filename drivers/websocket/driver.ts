import { type Driver, DriverError } from '../driver.ts'
import { type WebsocketSettings, websocketSettingsSchema } from './settings.ts'
import { WebsocketRun } from './websocket-run.ts'

/** Messages of a WebSocket server that we subscribe to. See docs/drivers/websocket.md. */
export const websocketDriver: Driver<WebsocketSettings> = {
  kind: 'websocket',
  title: 'WebSocket client',
  carries: ['websocket'],
  settings: websocketSettingsSchema,
  createRun(settings, codec, context) {
    if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'a websocket source needs a protocol', { retriable: false })
    return new WebsocketRun(settings, codec, context)
  }
}
