import { isIP, isIPv4 } from 'node:net'
import { z } from 'zod'
import { written } from '../../firmware-protocols/kit/setting-marks.ts'
import { LISTEN_ADDRESS, listenAddressSchema, listenPortSchema } from '../net/listen-settings.ts'
import { shortIdSchema } from '../short-id.ts'
import { parseSender } from './sender-filter.ts'

function isMulticast(text: string): boolean {
  if (isIPv4(text)) {
    const first = Number(text.split('.')[0])
    return first >= 224 && first <= 239
  }
  return isIP(text) === 6 && /^ff/i.test(text)
}

const multicastSchema = z
  .strictObject({
    group: z
      .string()
      .refine(isMulticast, {
        message: 'is no multicast group',
        params: { remedy: 'write an address from 224.0.0.0 to 239.255.255.255, or an IPv6 address that begins with ff' }
      })
      .meta({
        ...written('the address of a multicast group'),
        title: 'Group',
        description: 'Address of the group, 224.0.0.0 to 239.255.255.255, or ff… in IPv6',
        examples: ['239.255.76.67']
      }),
    interface: z
      .string()
      .min(1)
      .optional()
      .meta({
        title: 'Interface',
        description:
          'Name of the network interface on which the group is joined, as `ip address` shows it; without it: every one that has an address',
        examples: ['eth1']
      })
  })
  .meta({ title: 'Multicast', description: 'A group to join, for systems that send to many' })

export const udpSettingsSchema = z
  .strictObject({
    port: listenPortSchema.meta({ title: 'Port', description: 'UDP port to listen on', examples: [7667] }),
    address: listenAddressSchema.optional().meta({
      ...LISTEN_ADDRESS,
      description:
        'Address of this machine to listen on; without it: all its IPv4 addresses, or the group alone with multicast; `::` for all of both kinds'
    }),
    multicast: multicastSchema.optional(),
    from: z
      .array(
        z
          .string()
          .refine((text) => parseSender(text) !== undefined, {
            message: 'is neither an address nor a range of addresses',
            params: { remedy: 'write 192.0.2.7, or 192.0.2.0/24 for a range' }
          })
          .meta(written('an address or a range of addresses'))
      )
      .min(1)
      .optional()
      .meta({
        title: 'From',
        description: 'Senders that are listened to, as addresses or ranges; others are counted as ignored. Without it: all',
        examples: [['192.0.2.7', '192.0.2.64/26']]
      }),
    tag: shortIdSchema.optional().meta({
      title: 'Tag',
      description: "Whose the readings are when the datagrams do not say it. Without it: the source's name"
    }),
    receiveBufferBytes: z.int().min(8_192).max(67_108_864).default(1_048_576).meta({
      title: 'Receive buffer (bytes)',
      description: 'What the system may hold while the gateway is busy; it gives no more than net.core.rmem_max'
    }),
    maxRatePerS: z.int().min(1).max(1_000_000).default(20_000).meta({
      title: 'Datagrams per second',
      description:
        'What comes above this rate (after a burst of a second) is dropped and counted, so that a flood does not hold up other sources'
    }),
    silenceLimitS: z.number().min(0).max(86_400).default(0).meta({
      title: 'Silence limit (s)',
      description:
        'The port is opened anew, and a group joined anew, when nothing has come in for this long; 0: silence is normal. Longer than the slowest regular output'
    })
  })
  .superRefine(({ address, multicast }, issues) => {
    if (address === undefined || multicast === undefined || isMulticast(address)) return
    if (isIP(address) !== isIP(multicast.group))
      issues.addIssue({
        code: 'custom',
        path: ['address'],
        message: 'and the multicast group are not of the same kind (IPv4, IPv6)',
        params: { remedy: 'leave address out' }
      })
  })

export type UdpSettings = z.output<typeof udpSettingsSchema>
