import { z } from 'zod'
import { shortIdSchema } from '../short-id.ts'

export const recordingSettingsSchema = z.strictObject({
  file: z
    .string()
    .min(1)
    .meta({
      title: 'Recording',
      description: 'File that `record` of a source has made; a relative path counts from the directory that the gateway runs in',
      examples: ['./data/recordings/hall1-20261120T090000Z.tagrec']
    }),
  speed: z.number().positive().max(100_000).default(1).meta({ title: 'Speed', description: '1: as it was; 10: ten times as fast' }),
  fromS: z.number().min(0).default(0).meta({ title: 'From (s)', description: 'Where in the recording to begin' }),
  toS: z.number().positive().optional().meta({ title: 'To (s)', description: 'Where to end; without it: at its end' }),
  loop: z.boolean().default(false).meta({ title: 'Loop', description: 'Begin again at the end' }),
  tag: shortIdSchema
    .optional()
    .meta({ title: 'Tag', description: 'Whose the readings are when the frames do not say it, as with `serial`' })
})

export type RecordingSettings = z.output<typeof recordingSettingsSchema>
