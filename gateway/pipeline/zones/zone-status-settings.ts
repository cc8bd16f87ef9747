import { z } from 'zod'

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'is no time of day; write hours and minutes, such as 06:30')
const localTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d$/, 'is no local date and time; write it such as 2026-12-24T18:00')
  .refine((text) => isDate(text.slice(0, 10)), 'names a day that the calendar does not have')

const weeklySchema = z
  .strictObject({
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .default([...DAYS])
      .meta({ title: 'Days', description: 'Days on which it begins' }),
    from: timeOfDay.meta({ title: 'From', description: 'Time of day in the time zone of the site, included' }),
    to: timeOfDay.meta({ title: 'To', description: 'Time of day, not included; not after from: on the next day' })
  })
  .refine(({ from, to }) => from !== to && from !== '24:00', {
    message: 'has no length',
    path: ['to'],
    params: { remedy: 'write another end; from 00:00 to 24:00 is the whole day' }
  })

const datedSchema = z
  .strictObject({
    from: localTime.meta({ title: 'From', description: 'Local date and time, included' }),
    to: localTime.meta({ title: 'To', description: 'Local date and time, not included' })
  })
  .refine(({ from, to }) => from < to, { message: 'is not after from', path: ['to'], params: { remedy: 'write a later time' } })

const equipmentSchema = z.strictObject({
  device: z.string().min(1).meta({ title: 'Device', description: 'As its status names it, such as modbus-fans:vent-1' }),
  is: z
    .enum(['running', 'stopped', 'online', 'offline'])
    .meta({ title: 'State', description: 'State of the device in which the rule holds' })
})

const ruleSchema = z
  .strictObject({
    zone: z.string().min(1).meta({ title: 'Zone', description: 'Zone that the rule is for' }),
    status: z.enum(['dangerous', 'closed']).meta({ title: 'Status', description: 'What the zone is while the rule holds' }),
    weekly: weeklySchema.optional().meta({ title: 'Weekly', description: 'Holds every week' }),
    dated: datedSchema.optional().meta({ title: 'Dated', description: 'Holds once' }),
    equipment: equipmentSchema.optional().meta({ title: 'Equipment', description: 'Holds while a device is in a state' })
  })
  .refine(({ weekly, dated, equipment }) => [weekly, dated, equipment].filter((each) => each !== undefined).length === 1, {
    message: 'has not exactly one of weekly, dated and equipment',
    params: { remedy: 'write one rule for each' }
  })

/** When zones are dangerous or closed. */
export const zoneRulesSchema = z
  .strictObject({
    timeZone: z
      .string()
      .default('UTC')
      .refine(isTimeZone, { message: 'is no time zone', params: { remedy: 'write a name of the IANA database, such as Europe/Berlin' } })
      .meta({ title: 'Time zone', description: 'Time zone of the site, by its IANA name; summer time is followed' }),
    rules: z
      .array(ruleSchema)
      .max(10_000)
      .default([])
      .meta({ title: 'Rules', description: 'Each makes a zone dangerous or closed while it holds' })
  })
  .meta({ title: 'Status of zones', description: 'When zones are dangerous or closed, by time and by equipment' })

export type ZoneRules = z.output<typeof zoneRulesSchema>
export type ZoneRule = ZoneRules['rules'][number]

/** What is wrong with rules beside their form: zones that are not there, which would never be told. */
export function zoneRuleProblems(
  { rules }: ZoneRules,
  zones: ReadonlySet<string>
): readonly { path: readonly (string | number)[]; message: string; remedy: string }[] {
  return rules.flatMap(({ zone }, index) =>
    zones.has(zone)
      ? []
      : [
          {
            path: ['rules', index, 'zone'],
            message: `names ${zone}, which is no zone of the site`,
            remedy: 'name a zone that is there, or add it'
          }
        ]
  )
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** Date.parse lets 31 February pass as 3 March. */
function isDate(day: string): boolean {
  const ms = Date.parse(`${day}T00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day)
}
