import { type Driver, DriverError } from '../driver.ts'
import { tcpPortClaim } from '../net/listen-settings.ts'
import { HttpPushRun } from './http-push-run.ts'
import { type HttpPushSettings, httpPushSettingsSchema } from './settings.ts'

/** Messages that gateways and systems push with HTTP; answered when the log has them. See docs/drivers/http.md. */
export const httpPushDriver: Driver<HttpPushSettings> = {
  kind: 'http',
  title: 'HTTP endpoint to which others push',
  carries: ['http'],
  settings: httpPushSettingsSchema,
  exclusiveClaims: ({ port }) => [tcpPortClaim(port)],
  createRun(settings, codec, context) {
    if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'an http source needs a protocol', { retriable: false })
    return new HttpPushRun(settings, codec, context)
  }
}
