import { type Driver, DriverError } from '../driver.ts'
import { HttpPushRun } from './http-push-run.ts'
import { type HttpPushSettings, httpPushSettingsSchema } from './settings.ts'

/** Messages that gateways and systems push with HTTP; answered when the log has them. See docs/drivers/http.md. */
export const httpPushDriver: Driver<HttpPushSettings> = {
  kind: 'http',
  title: 'HTTP endpoint to which others push',
  carries: ['http'],
  settings: httpPushSettingsSchema,
  exclusiveClaims: ({ port }) => [
    {
      setting: 'port',
      resource: String(port),
      why: 'a port can be listened to by one source only',
      remedy: 'give each a port of its own, or remove one of the two sources (or set `enabled: false` in it)'
    }
  ],
  createRun(settings, codec, context) {
    if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'an http source needs a protocol', { retriable: false })
    return new HttpPushRun(settings, codec, context)
  }
}
