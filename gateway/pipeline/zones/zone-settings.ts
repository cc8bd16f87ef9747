import { z } from 'zod'

const durationMs = z.number().int().min(0).max(86_400_000)

/** What holds for zones that say nothing themselves. */
export const zoneCrossingSchema = z
  .strictObject({
    exitToleranceM: z
      .number()
      .min(0)
      .max(10_000)
      .default(0.5)
      .meta({ title: 'Exit tolerance', description: 'So far outside of a zone a person still counts as inside' }),
    toleranceTimeoutMs: durationMs.optional().meta({
      title: 'Tolerance timeout',
      description: 'Who is outside for so long has left, however near to the edge; without it the tolerance has no end'
    }),
    exitDelayMs: durationMs
      .default(0)
      .meta({ title: 'Exit delay', description: 'Who has left is told so much later, and not at all if back by then' }),
    fenceTimeoutMs: durationMs
      .optional()
      .meta({ title: 'Fence timeout', description: 'Who has no fix for so long has left; without it they stay where they were seen last' }),
    leaveWhenUnobserved: z.boolean().default(false).meta({
      title: 'Leave when unobserved',
      description:
        'true: the fence timeout runs on while the source is lost that a person was seen by, and while the gateway itself is blind'
    }),
    assumedAccuracyM: z
      .number()
      .min(0.01)
      .max(100)
      .default(1)
      .meta({ title: 'Assumed accuracy', description: 'Accuracy of fixes that state none, metres' })
  })
  .meta({
    title: 'Crossing of zones',
    description: 'When a person has entered or left a zone; each zone can set the first four for itself'
  })

export type ZoneCrossingSettings = z.output<typeof zoneCrossingSchema>
