import { z } from 'zod'

const DAY_H = 24

const floorSchema = z.number().min(1).max(3_600)
const ceilingSchema = z.number().min(2).max(86_400)

const perSource = z
  .strictObject({
    floorS: floorSchema.optional().meta({ title: 'Floor, seconds', description: 'As floorS above, for tags that this source hears' }),
    ceilingS: ceilingSchema.optional().meta({
      title: 'Ceiling, seconds',
      description: 'As ceilingS above, for tags that this source hears; trackers that send every ten minutes need one of their own'
    })
  })
  .meta({ title: 'Limits of a source', description: 'Limits for the tags of one source' })

/** When a silent tag is told as lost. To stand in the configuration as `signalLoss`. */
export const signalLossSchema = z
  .strictObject({
    floorS: floorSchema.default(30).meta({
      title: 'Floor, seconds',
      description: 'Silence that is allowed to every tag, however quick its rhythm. Above the slowest rhythm of a tag at rest nothing flaps'
    }),
    ceilingS: ceilingSchema.default(85).meta({
      title: 'Ceiling, seconds',
      description:
        'Silence that is allowed to no tag, however slow its rhythm, and what is allowed while a rhythm is being learnt. DGUV 212-139 wants the loss of a device known within 90 s'
    }),
    learningS: z.number().min(0).max(86_400).default(600).meta({
      title: 'Learning time, seconds',
      description: 'How long a new tag is listened to before its rhythm counts; until then the ceiling holds'
    }),
    batteryLowPct: z.number().min(0).max(50).default(10).meta({
      title: 'Low battery, percent',
      description: 'A tag lost at or below it is told as lost with a low battery'
    }),
    parkingZones: z
      .array(z.string().min(1))
      .default([])
      .meta({ title: 'Parking zones', description: 'Zones in which tags are put away and switched off: silence there is no alarm' }),
    forgetAfterDays: z.number().min(1).max(3_650).default(30).meta({
      title: 'Forget after, days',
      description: 'A tag that has been silent so long is forgotten; heard again, it is a new one'
    }),
    sources: z.record(z.string(), perSource).default({}).meta({
      title: 'Sources',
      description: 'Other limits for single sources, by their id. Where several hear one tag, the strictest hold'
    })
  })
  .superRefine(({ floorS, ceilingS, sources }, context) => {
    if (floorS > ceilingS) context.addIssue(floorAboveCeiling(['floorS']))
    for (const [id, own] of Object.entries(sources)) {
      if ((own.floorS ?? floorS) > (own.ceilingS ?? ceilingS)) context.addIssue(floorAboveCeiling(['sources', id, 'ceilingS']))
    }
  })
  .prefault({})
  .meta({ title: 'Signal loss', description: 'When a silent tag is told as lost' })

function floorAboveCeiling(path: string[]) {
  return {
    code: 'custom' as const,
    path,
    message: 'makes the floor greater than the ceiling',
    params: { remedy: 'write a floor below the ceiling, for example floorS: 30 and ceilingS: 85' }
  }
}

export type SignalLossConfig = z.output<typeof signalLossSchema>

/** Silence allowed at least and at most, milliseconds. */
export interface Limits {
  readonly floorMs: number
  readonly ceilingMs: number
}

/** The settings as the processor takes them. */
export interface SignalLossSettings extends Limits {
  readonly learningMs: number
  readonly batteryLowPct: number
  readonly parkingZones: ReadonlySet<string>
  readonly forgetAfterMs: number
  readonly sources: ReadonlyMap<string, Limits>
}

export function signalLossSettings(config: SignalLossConfig): SignalLossSettings {
  const { floorS, ceilingS, learningS, batteryLowPct, parkingZones, forgetAfterDays, sources } = config
  return {
    floorMs: floorS * 1_000,
    ceilingMs: ceilingS * 1_000,
    learningMs: learningS * 1_000,
    batteryLowPct,
    parkingZones: new Set(parkingZones),
    forgetAfterMs: forgetAfterDays * DAY_H * 3_600_000,
    sources: new Map(
      Object.entries(sources).map(([id, own]) => [
        id,
        { floorMs: (own.floorS ?? floorS) * 1_000, ceilingMs: (own.ceilingS ?? ceilingS) * 1_000 }
      ])
    )
  }
}
