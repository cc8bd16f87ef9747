import { z } from 'zod'

export const quuppaSettingsSchema = z
  .strictObject({
    csvColumns: z.array(z.string().min(1).max(64)).max(100).default([]).meta({
      title: 'Columns of CSV',
      description:
        'Names of the columns in the order of the output target, as in the positioning engine ("tagId", "locationTS", "location" …). Not needed for JSON, nor where the first line of each message names them.'
    })
  })
  .meta({ title: 'Quuppa', description: 'Only for output in CSV.' })

export type QuuppaSettings = z.infer<typeof quuppaSettingsSchema>
