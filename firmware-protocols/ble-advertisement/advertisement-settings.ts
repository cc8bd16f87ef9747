import { z } from 'zod'
import { SECRET } from '../kit/setting-marks.ts'

const hexText = (digits: RegExp, message: string) => z.string().regex(digits, message)

/** Ids and keys as the rest of the program writes them: lower-case hex without separators. */
export const bareHex = (text: string): string => text.replace(/[ :-]/g, '').toLowerCase()

/**
 * An id of so many hex digits, or with one `*` at its beginning or end all ids that end or begin so. An id of another length would
 * never fit, and the alarm that it stands for would never come: that must be said when the rule is written.
 */
const pattern = (digits: number, example: string) =>
  hexText(/^(\*?[0-9a-fA-F-]+|[0-9a-fA-F-]+\*)$/, `hex digits, with * at the beginning or the end for any, for example ${example}`).refine(
    (text) => (text.includes('*') ? bareHex(text).length <= digits : bareHex(text).length === digits),
    {
      message: `must have ${digits} hex digits, or fewer and * at the beginning or the end`,
      params: { remedy: `write all ${digits} digits, or * for those that do not matter` }
    }
  )

const keySchema = z
  .strictObject({
    tag: hexText(/^([0-9a-fA-F]{2}[:-]?){1,32}$/, 'an id in hex, in quotes, for example "54:48:E6:8F:80:A5"').meta({
      title: 'Tag',
      description: 'Address (MAC) of the tag',
      examples: ['54:48:E6:8F:80:A5']
    }),
    key: hexText(/^([0-9a-fA-F]{2}[ :-]?){1,32}$/, 'bytes in hex, 32 digits for most')
      .optional()
      .meta({
        title: 'Key',
        description: 'Key of the tag in hex: the bind key of BTHome',
        ...SECRET
      }),
    password: z
      .string()
      .min(1)
      .max(32)
      .optional()
      .meta({ title: 'Password', description: 'For makes that derive the key from a password (KKM)', ...SECRET })
  })
  .refine(({ key, password }) => (key === undefined) !== (password === undefined), {
    message: 'needs a key or a password, and not both',
    params: { remedy: 'write key: for a key in hex, password: for a text' }
  })
  .meta({ title: 'Key of a tag', description: 'Secret that a tag encrypts its advertisements with' })

const u16 = z.int().min(0).max(65_535)

const matchSchema = z
  .strictObject({
    uuid: pattern(32, 'e2c56db5dffb48d2b060d0f5a71096e0')
      .optional()
      .meta({
        title: 'iBeacon UUID',
        description: 'UUID of an iBeacon',
        examples: ['e2c56db5-dffb-48d2-b060-d0f5a71096e0']
      }),
    major: u16.optional().meta({ title: 'Major', description: 'Major number of an iBeacon' }),
    minor: u16.optional().meta({ title: 'Minor', description: 'Minor number of an iBeacon' }),
    namespace: pattern(20, '01020304050607080900')
      .optional()
      .meta({ title: 'Namespace', description: 'Namespace of an Eddystone-UID', examples: ['01020304050607080900'] }),
    instance: pattern(12, '*11')
      .optional()
      .meta({ title: 'Instance', description: 'Instance of an Eddystone-UID', examples: ['*11'] }),
    beaconId: pattern(40, '2f234454cf6d4a0fadf2f4911ba9ffa6*')
      .optional()
      .meta({ title: 'AltBeacon id', description: 'Id of an AltBeacon (20 bytes)', examples: ['2f234454cf6d4a0fadf2f4911ba9ffa6*'] })
  })
  .refine((match) => formatsOf(match) === 1, {
    message:
      'must name one identity: of an iBeacon (uuid, major, minor), an Eddystone-UID (namespace, instance) or an AltBeacon (beaconId)',
    params: { remedy: 'keep the numbers of one of them' }
  })
  .meta({ title: 'Identity', description: 'All that is named here must fit; * at the beginning or the end of an id stands for any digits' })

function formatsOf({ uuid, major, minor, namespace, instance, beaconId }: Readonly<Record<string, unknown>>): number {
  const named = [uuid ?? major ?? minor, namespace ?? instance, beaconId]
  return named.filter((value) => value !== undefined).length
}

const ruleSchema = z
  .strictObject({
    match: matchSchema,
    signal: z
      .enum(['sos', 'button', 'fall', 'impact', 'motionless', 'helmet-off', 'tamper', 'low-battery', 'motion'])
      .meta({ title: 'Signal', description: 'What it means that a tag broadcasts this identity' }),
    slot: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .meta({ title: 'Slot', description: 'Tells several sources of one signal on a tag apart', examples: ['double'] }),
    as: z.enum(['event', 'on', 'off']).default('event').meta({
      title: 'As',
      description:
        'event: the identity is broadcast for a while after it happened. on, off: the tag broadcasts one identity while the state lasts, and another when it does not; write a rule for each'
    })
  })
  .meta({ title: 'Meaning of an identity', description: 'For tags that say something by changing or adding an identity' })

/** What an installer may set for advertisements. */
export const advertisementSettingsSchema = z.strictObject({
  identity: z.enum(['payload', 'address', 'ibeacon', 'eddystone']).default('payload').meta({
    title: 'Identity of tags',
    description:
      "payload: the address in the content where there is one, else the sender's. address: always the sender's. ibeacon, eddystone: the id of that beacon, for tags that change their address; other frames of the same sender count as its own"
  }),
  keys: z.array(keySchema).default([]).meta({ title: 'Keys', description: 'Secrets of tags that encrypt' }),
  signals: z.array(ruleSchema).default([]).meta({
    title: 'Identities that mean something',
    description: 'The first that fits an iBeacon, AltBeacon or Eddystone-UID is taken'
  })
})

export type AdvertisementSettings = z.output<typeof advertisementSettingsSchema>
export type SignalRule = AdvertisementSettings['signals'][number]
export const DEFAULT_SETTINGS: AdvertisementSettings = { identity: 'payload', keys: [], signals: [] }
