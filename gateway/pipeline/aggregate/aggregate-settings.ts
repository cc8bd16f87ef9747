import { z } from 'zod'
import { isMetric, PERSONS, PLAIN_METRICS } from './metrics.ts'

/** Keeps what one key has open small: so many slides of a window at most, its lateness included. */
export const MAX_SLIDES = 16

const aggregateSchema = z
  .strictObject({
    of: z.enum(['tag', 'person', 'zone']).meta({ title: 'Of', description: 'What one result is about: a tag, a person, or a zone' }),
    metrics: z
      .array(z.string())
      .min(1)
      .meta({
        title: 'Metrics',
        description: `Values as they are called in the events (${PLAIN_METRICS.join(', ')}), gas.<formula>.<ppm|mgPerM3|volumePct|lelPct>, or persons (of a zone)`,
        examples: [['heartRateBpm', 'gas.co.ppm']]
      }),
    windowS: z
      .int()
      .min(1)
      .max(86_400)
      .meta({ title: 'Window, seconds', description: 'Length of a window; windows lie on whole multiples since 1970 UTC' }),
    everyS: z.int().min(1).max(86_400).optional().meta({
      title: 'Every, seconds',
      description: 'A window begins so often; without it: when the one before ends. The window is a whole multiple'
    }),
    latenessS: z.number().min(0).max(86_400).default(5).meta({
      title: 'Lateness, seconds',
      description: 'A window is told so long after its end; what comes later still is counted as late'
    })
  })
  .superRefine(({ of, metrics, windowS, everyS = windowS, latenessS }, context) => {
    for (const [place, metric] of metrics.entries()) {
      if (isMetric(metric) || (of === 'zone' && metric === PERSONS)) continue
      const message = metric === PERSONS ? `can be summed up of a zone, not of a ${of}` : 'is no value of a tag'
      const remedy = `write one of ${PLAIN_METRICS.join(', ')}, gas.co.ppm and the like; of a zone also ${PERSONS}`
      context.addIssue({ code: 'custom', path: ['metrics', place], message, params: { remedy } })
    }
    if (windowS % everyS !== 0) {
      const params = { remedy: `write a divisor of ${windowS}, such as ${divisorNear(windowS, everyS)}` }
      context.addIssue({ code: 'custom', path: ['everyS'], message: 'does not divide the window', params })
    } else if ((windowS + latenessS) / everyS > MAX_SLIDES) {
      const params = { remedy: `window and lateness may be ${MAX_SLIDES} times everyS at most: write less lateness, or a greater everyS` }
      context.addIssue({ code: 'custom', path: ['everyS'], message: 'keeps too many windows open', params })
    }
  })
  .meta({ title: 'Aggregate', description: 'Count, least, mean, greatest and last value of windows of time' })

function divisorNear(windowS: number, everyS: number): number {
  for (let divisor = Math.min(everyS, windowS); divisor > 1; divisor -= 1) if (windowS % divisor === 0) return divisor
  return windowS
}

/** What is summed up. To stand in the configuration as `aggregates`. */
export const aggregatesSchema = z
  .array(aggregateSchema)
  .default([])
  .meta({
    title: 'Aggregates',
    description: 'What is summed up over windows of time and told as TelemetryAggregate',
    examples: [[{ of: 'person', metrics: ['heartRateBpm'], windowS: 60 }]]
  })

export type AggregatesConfig = z.output<typeof aggregatesSchema>
