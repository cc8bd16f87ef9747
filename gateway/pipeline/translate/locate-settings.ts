import { z } from 'zod'
import { NAMESPACE_PATTERN } from '../../events/tag-id.ts'

/** How the fixes of one source are made; all of it may be left out. */
export const locateSourceSchema = z.strictObject({
  frame: z
    .string()
    .regex(NAMESPACE_PATTERN)
    .optional()
    .meta({ title: 'Frame', description: "Local frame of the source's positions where it names none itself" }),
  smooth: z.boolean().optional().meta({
    title: 'Smooth',
    description:
      'One filter for each tag: outliers are passed over, noise is averaged. Without it: ranges are smoothed, positions are kept as given'
  }),
  accuracyM: z.number().positive().max(10_000).optional().meta({
    title: 'Accuracy',
    description:
      'Metres within which 68 % of its positions are right, where it does not say so itself. Without it: 1 m, and 10 m of satellite receivers'
  }),
  dimensions: z
    .union([z.literal(2), z.literal(3)])
    .default(2)
    .meta({
      title: 'Dimensions',
      description: '3: ranges tell the height as well, which needs anchors at different heights; 2: it is that at which tags are carried'
    }),
  receivers: z.enum(['nearest', 'weighted']).default('weighted').meta({
    title: 'Receivers',
    description: 'A tag that receivers hear is at the nearest of them, or between them, weighted by path loss'
  })
})

export type LocateSource = z.input<typeof locateSourceSchema>
