import { z } from 'zod'

export const simulatorSettingsSchema = z.strictObject({
  workers: z.int().min(1).max(10_000).default(10).meta({ title: 'Workers', description: 'How many people walk about, each with a tag' }),
  ratePerSecond: z
    .number()
    .min(0.05)
    .max(50)
    .default(2)
    .meta({ title: 'Positions per second', description: 'Of each tag; real ones send from 3 a minute to 5 a second' }),
  infoEveryS: z
    .number()
    .min(1)
    .max(86_400)
    .default(30)
    .meta({ title: 'Info every (s)', description: 'How often each tag tells battery and temperature' }),
  noiseM: z
    .number()
    .min(0)
    .max(10)
    .default(0.1)
    .meta({ title: 'Noise (m)', description: 'Standard deviation of each coordinate; 0.1 is usual for UWB' }),
  seed: z
    .int()
    .min(0)
    .max(4_294_967_295)
    .default(1)
    .meta({ title: 'Seed', description: 'The same seed gives the same people on the same ways' })
})

export type SimulatorSettings = z.output<typeof simulatorSettingsSchema>
