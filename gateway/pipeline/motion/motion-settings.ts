import { z } from 'zod'

/** When a person counts as standing still. */
export const motionSchema = z
  .strictObject({
    radiusM: z.number().min(0.1).max(100).default(1.5).meta({
      title: 'Radius',
      description: 'Who stays within this many metres of one spot stands still; the accuracy of each fix is allowed for'
    }),
    leaveRadiusM: z
      .number()
      .min(0.1)
      .max(200)
      .default(2.5)
      .meta({ title: 'Radius that ends it', description: 'Who stood still moves again beyond this many metres; not less than radiusM' }),
    afterMs: z
      .number()
      .int()
      .min(1_000)
      .max(86_400_000)
      .default(30_000)
      .meta({ title: 'Time', description: 'For how long a person stays before it is told' }),
    leaveAfterMs: z
      .number()
      .int()
      .min(0)
      .max(600_000)
      .default(2_000)
      .meta({ title: 'Time that ends it', description: 'For how long fixes lie outside before the person moves; at least two fixes' }),
    slowestWalkMps: z.number().min(0.05).max(5).default(0.5).meta({
      title: 'Slowest walk',
      description:
        'Nobody who goes on at this speed or faster is told to have stopped: with fixes of poor accuracy it takes longer than afterMs'
    }),
    longestGapMs: z
      .number()
      .int()
      .min(1_000)
      .max(3_600_000)
      .default(60_000)
      .meta({ title: 'Longest gap', description: 'Longer without a fix, and the time in between does not count as standing still' }),
    assumedAccuracyM: z
      .number()
      .min(0.01)
      .max(100)
      .default(1)
      .meta({ title: 'Assumed accuracy', description: 'Accuracy of fixes that state none, metres' })
  })
  .refine(({ radiusM, leaveRadiusM }) => leaveRadiusM >= radiusM, {
    message: 'is less than radiusM',
    path: ['leaveRadiusM'],
    params: { remedy: 'write at least radiusM, so that nobody on the edge stops and moves in turn' }
  })
  .meta({ title: 'Movement', description: 'When a person counts as standing still' })

export type MotionSettings = z.output<typeof motionSchema>
