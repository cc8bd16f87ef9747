import { z } from 'zod'

/** Decoders of payloads that trackers put into their uplinks. */
export type PayloadKind = 'abeeway-at2' | 'abeeway-at3'

export const chirpstackSettingsSchema = z.strictObject({
  payload: z.enum(['auto', 'abeeway-at2', 'abeeway-at3', 'none']).default('auto').meta({
    title: 'Payload',
    description:
      'Whose payloads the devices send. auto: by the tag "payload" of the device in ChirpStack, or by the name of its device profile (Abeeway …). none: payloads are kept as hex'
  })
})

export type ChirpstackSettings = z.output<typeof chirpstackSettingsSchema>
