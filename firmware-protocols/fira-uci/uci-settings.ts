import { z } from 'zod'

export const uciSettingsSchema = z
  .strictObject({
    peers: z.enum(['tags', 'anchors']).default('tags').meta({
      title: 'What the module ranges with',
      description:
        '"tags": the module is mounted at a fixed place, and each address it measures is a tag. "anchors": the module is carried or rides on a machine, and each address is an anchor.'
    }),
    moduleId: z
      .string()
      .regex(/^[0-9a-z_-]{1,32}$/)
      .default('module')
      .meta({
        title: 'Id of the module',
        description: 'Short id of the module itself, which its frames do not tell; with "tags" the anchor id of its ranges.'
      })
  })
  .meta({ title: 'FiRa UCI module', description: 'What the module on the line stands for.' })

export type UciSettings = z.infer<typeof uciSettingsSchema>
