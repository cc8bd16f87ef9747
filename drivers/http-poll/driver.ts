import { type Driver, DriverError } from '../driver.ts'
import { HttpPollRun } from './http-poll-run.ts'
import { PollSchedule } from './poll-schedule.ts'
import { type HttpPollSettings, httpPollSettingsSchema } from './settings.ts'

/** Answers that are asked for with HTTP again and again. See docs/drivers/http-poll.md. */
export function createHttpPollDriver(): Driver<HttpPollSettings> {
  /** By URL, as the limits of the other side are. */
  const schedules = new Map<string, PollSchedule>()
  return {
    kind: 'http-poll',
    title: 'HTTP polling',
    carries: ['http'],
    settings: httpPollSettingsSchema,
    createRun(settings, codec, context) {
      if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'an http-poll source needs a protocol', { retriable: false })
      const schedule = schedules.get(settings.url) ?? new PollSchedule()
      schedules.set(settings.url, schedule)
      return new HttpPollRun(settings, codec, context, schedule)
    }
  }
}
