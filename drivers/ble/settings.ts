import { z } from 'zod'
import { written } from '../../firmware-protocols/kit/setting-marks.ts'

/** Scan timing is told to controllers in units of 0.625 ms, from 4 to 16384 of them (Core Specification, volume 4, part E, 7.8.10). */
export const SCAN_UNIT_MS = 0.625

const ADAPTER = /^(hci\d{1,2}|[0-9a-f]{2}(:[0-9a-f]{2}){5})$/i
const ADDRESS = /^[0-9a-f]{2}(:?[0-9a-f]{2}){5}$/i
const ADDRESS_PREFIX = /^[0-9a-f]{2}(:?[0-9a-f]{2}){0,5}$/i
const UUID = /^([0-9a-f]{4}|[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12})$/i

const uuidSchema = (title: string, description: string, examples: string[]) =>
  z.string().regex(UUID, 'is no UUID of 4 or 32 hex digits').meta({ title, description, examples })

const scanMsSchema = z.number().min(2.5).max(10_240)

const filterSchema = z
  .strictObject({
    addresses: z
      .array(z.string().regex(ADDRESS_PREFIX, 'is no address, nor the beginning of one'))
      .max(10_000)
      .default([])
      .meta({
        title: 'Addresses',
        description: 'Addresses or their beginnings, such as a maker’s first three bytes',
        examples: [['ac:23:3f', 'c0:ff:ee:01:02:03']]
      }),
    services: z
      .array(uuidSchema('Service', 'UUID of a service, 4 or 32 hex digits', ['feaa']))
      .max(1000)
      .default([])
      .meta({
        title: 'Services',
        description: 'Advertisements that list one of these services or carry its data',
        examples: [['feaa', 'ffe1']]
      }),
    companies: z
      .array(z.string().regex(/^(0x)?[0-9a-f]{4}$/i, 'is no company id of 4 hex digits'))
      .max(1000)
      .default([])
      .meta({
        title: 'Companies',
        description: 'Advertisements with manufacturer data of one of these company ids',
        examples: [['0499', '0059']]
      })
  })
  .meta({
    title: 'Filter',
    description: 'Only advertisements that fit one entry of any list are decoded; lists that are all empty let everything pass'
  })

const strapSchema = z
  .strictObject({
    address: z
      .string()
      .regex(ADDRESS, 'is no address')
      .meta({
        ...written('an address such as c0:ff:ee:01:02:03'),
        title: 'Address',
        description: 'Bluetooth address of the strap',
        examples: ['c0:ff:ee:01:02:03']
      }),
    characteristics: z
      .array(uuidSchema('Characteristic', 'UUID of a characteristic, 4 or 32 hex digits', ['2a37']))
      .min(1)
      .max(32)
      .default(['2a37', '2a19'])
      .meta({
        title: 'Characteristics',
        description:
          'What to subscribe to; what can only be read is read after connecting and every ten minutes. 2a37: heart rate, 2a19: battery',
        examples: [['2a37', '2a19'], ['2a5f']]
      }),
    silenceLimitS: z.number().min(0).max(86_400).default(30).meta({
      title: 'Silence limit (s)',
      description:
        'The strap is disconnected and connected anew when it has said nothing for this long; 0: silence is normal, as with a battery alone'
    })
  })
  .meta({ title: 'Strap', description: 'A device that is connected to, not only listened to' })

export const bleSettingsSchema = z
  .strictObject({
    adapter: z
      .string()
      .regex(ADAPTER, 'is no adapter')
      .default('hci0')
      .meta({
        ...written('hci0, hci1 … or the address of an adapter'),
        title: 'Adapter',
        description: 'The adapter by its number (hci0) or, since numbers change when adapters are plugged in, by its address',
        examples: ['hci0', '00:1a:7d:da:71:13']
      }),
    scan: z.enum(['active', 'passive']).default('active').meta({
      title: 'Scan',
      description:
        'active: asks tags for their scan response, which holds names and what more some makers put there; passive: only listens, which spares the batteries of the tags'
    }),
    intervalMs: scanMsSchema.default(60).meta({ title: 'Scan interval (ms)', description: 'How often a new channel is listened on' }),
    windowMs: scanMsSchema.default(60).meta({
      title: 'Scan window (ms)',
      description:
        'How long of each interval is listened; the same as the interval: all the time. Shorter leaves an adapter time for connections to straps'
    }),
    extended: z.boolean().default(false).meta({
      title: 'Extended advertising',
      description:
        'Hears the longer advertisements of Bluetooth 5 and its long range, too. Needs an adapter that can; one that cannot is used without, and said to be degraded'
    }),
    channel: z.enum(['shared', 'exclusive']).default('shared').meta({
      title: 'Channel',
      description:
        'shared: beside the system’s own Bluetooth; exclusive: the gateway alone has the adapter, which the system must have set down (hciconfig hci0 down). Going back to shared takes a restart of the gateway'
    }),
    filter: filterSchema.optional(),
    straps: z.array(strapSchema).max(16).default([]).meta({
      title: 'Straps',
      description: 'Heart-rate straps and the like, which must be connected to. Their notifications are read with the protocol gatt'
    }),
    silenceLimitS: z.number().min(0).max(86_400).default(60).meta({
      title: 'Silence limit (s)',
      description:
        'When no advertisement of anything has come in for this long the adapter is set up anew, and after twice this long the source is down; 0: silence is normal'
    })
  })
  .superRefine((settings, issues) => {
    const problem = (path: (string | number)[], message: string, remedy: string): void =>
      issues.addIssue({ code: 'custom', path, message, params: { remedy } })
    const { adapter, channel, extended, straps, intervalMs, windowMs } = settings
    if (windowMs > intervalMs) problem(['windowMs'], 'is longer than intervalMs', 'write at most the value of intervalMs')
    if (channel === 'exclusive' && !/^hci/i.test(adapter))
      problem(['adapter'], 'is an address: the address of an adapter that is set down cannot be asked for', 'write hci0, hci1 …')
    // The native socket connects on a shared channel with a call that waits for the strap and holds up the whole program meanwhile;
    // it leaves only the commands of extended advertising and of its own channel alone.
    if (straps.length > 0 && channel === 'shared' && !extended)
      problem(
        ['straps'],
        'cannot be used on a shared channel without extended: while the system connects, the whole gateway would stand still',
        'write channel: exclusive, or extended: true with an adapter of Bluetooth 5'
      )
    const addresses = straps.map(({ address }) => normalAddress(address))
    for (const [index, address] of addresses.entries())
      if (addresses.indexOf(address) !== index) problem(['straps', index, 'address'], 'stands twice', 'remove one of the two')
  })

/** Settings of a `ble` source after validation. */
export type BleSettings = z.output<typeof bleSettingsSchema>
export type FilterSettings = z.output<typeof filterSchema>
export type StrapSettings = z.output<typeof strapSchema>

/** Lower-case hex without separators. */
export function normalAddress(text: string): string {
  return text.replace(/[:-]/g, '').toLowerCase()
}
