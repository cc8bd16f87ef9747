import { z } from 'zod'
import { fromHex } from '../kit/hex.ts'
import { SECRET } from '../kit/setting-marks.ts'

const bareHex = (text: string): string => text.replace(/[\s:-]/g, '').toLowerCase()
const hexOf = (bytes: number, message: string) => z.string().refine((text) => fromHex(text)?.length === bytes, message)

const keySchema = z
  .strictObject({
    tag: hexOf(8, 'must be an id of 16 hex digits, in quotes').meta({
      title: 'Tag',
      description: 'Id of the tag, as printed on it',
      examples: ['0102030405060708']
    }),
    key: hexOf(16, 'must be 32 hex digits').meta({ title: 'Key', description: 'Key of this tag, 32 hex digits', ...SECRET })
  })
  .meta({ title: 'Key of a tag', description: 'Secret with which the tag and the gateway seal what they send each other' })

export const helmetSettingsSchema = z.strictObject({
  keys: z
    .array(keySchema)
    .default([])
    .meta({ title: 'Keys', description: 'A key for each tag. What a tag without a key says can be forged and replayed' }),
  requireMac: z.boolean().optional().meta({
    title: 'Demand a MAC',
    description:
      'Without this setting: of tags that have a key here. true: of all, so tags without a key are refused. false: of none; a wrong MAC is refused even then'
  }),
  topicPrefix: z
    .string()
    .regex(/^[^+#\0]+(?<!\/)$/, 'must be a topic without + and #, and without / at its end')
    .default('tagward/helmet')
    .meta({ title: 'Topic prefix', description: 'MQTT: commands go to this, /, the id of the tag, /down' })
})

export type HelmetSettings = z.output<typeof helmetSettingsSchema>
export const DEFAULT_SETTINGS: HelmetSettings = { keys: [], topicPrefix: 'tagward/helmet' }

/** Keys by id in lower-case hex without separators. */
export function keysOf({ keys }: HelmetSettings): ReadonlyMap<string, Uint8Array> {
  const byTag = new Map<string, Uint8Array>()
  for (const { tag, key } of keys) {
    const bytes = fromHex(key)
    if (bytes !== undefined) byTag.set(bareHex(tag), bytes)
  }
  return byTag
}
