import { z } from 'zod'
import { written } from '../../firmware-protocols/kit/setting-marks.ts'
import { parsePortName } from '../byte-port/port-name.ts'
import { shortIdSchema } from '../short-id.ts'
import { bytesOfEscaped } from './escapes.ts'

const escapedText = z
  .string()
  .min(1)
  .refine((text) => bytesOfEscaped(text) !== undefined, {
    message: 'has an unknown escape',
    params: { remedy: 'escapes are \\r \\n \\t \\0 \\\\ and \\xHH' }
  })

const onOpenSchema = z
  .strictObject({
    send: z
      .array(escapedText)
      .min(1)
      .meta({
        title: 'Send',
        description: 'Texts to send one after the other, with escapes \\r \\n \\t \\0 \\\\ \\xHH',
        examples: [['\\r\\r', 'lec\\r']]
      }),
    ifQuietForS: z.number().positive().max(3600).default(3).meta({
      title: 'Only if quiet for (s)',
      description:
        'Sent only when nothing at all has come in for this long after the port was opened: many shells take a repeated command as "off". Must be longer than the slowest regular output of the device'
    }),
    stepGapMs: z
      .number()
      .min(0)
      .max(60_000)
      .default(1000)
      .meta({ title: 'Pause between texts (ms)', description: 'For devices that need a moment to wake' }),
    characterGapMs: z.number().min(0).max(1000).default(0).meta({
      title: 'Pause between characters (ms)',
      description: 'For shells that lose characters which come too fast; a repeated character is sent without a pause'
    })
  })
  .meta({ title: 'When opened', description: 'What starts the output of a device that does not talk by itself' })

const pollSchema = z
  .strictObject({
    intervalS: z.number().min(0).max(86_400).optional().meta({
      title: 'Interval (s)',
      description:
        'From one request to the next; never before the device has answered or timeoutS is over. 0: nothing is asked, because somebody else does. Without it: as the protocol has it'
    }),
    ask: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta({
        title: 'Ask for',
        description: "The protocol's names of what is asked for, in turn. Without it: as the protocol has it",
        examples: [['pos_get', 'status_get']]
      }),
    timeoutS: z
      .number()
      .min(0.02)
      .max(60)
      .default(1)
      .meta({ title: 'Timeout (s)', description: 'So long an answer is waited for; then it is asked again' })
  })
  .meta({ title: 'Asking', description: 'For protocols of devices that speak only when asked: those are asked also without this' })

export const serialSettingsSchema = z.strictObject({
  port: z
    .string()
    .refine((text) => parsePortName(text) !== undefined, {
      message: 'is not the name of a port',
      params: { remedy: 'write a path such as /dev/serial/by-id/…, usb:VVVV:PPPP or usb:VVVV:PPPP:SERIAL, or tcp://host:port' }
    })
    .meta({
      ...written('the name of a port'),
      title: 'Port',
      description:
        'The port by a name that stays when it is plugged in elsewhere: a path under /dev/serial/by-id, or usb:vendor:product[:serial number]; a plain path for ports that are built in; tcp://host:port for a serial device server in raw TCP mode',
      examples: ['/dev/serial/by-id/usb-SEGGER_J-Link_000760123456-if00', 'usb:10c4:ea60:0001', 'tcp://192.0.2.7:4001']
    }),
  baudRate: z
    .int()
    .min(50)
    .max(4_000_000)
    .default(115_200)
    .meta({ title: 'Baud rate', description: 'Bits per second; of no effect over TCP' }),
  dataBits: z.literal([5, 6, 7, 8]).default(8).meta({ title: 'Data bits', description: 'Bits of a character' }),
  parity: z.enum(['none', 'even', 'odd']).default('none').meta({ title: 'Parity', description: 'Parity bit of a character' }),
  stopBits: z.literal([1, 1.5, 2]).default(1).meta({ title: 'Stop bits', description: 'Stop bits after a character' }),
  flowControl: z
    .enum(['none', 'hardware', 'software'])
    .default('none')
    .meta({ title: 'Flow control', description: 'hardware: RTS/CTS; software: XON/XOFF, for text protocols only' }),
  tag: shortIdSchema.optional().meta({
    title: 'Tag',
    description: "Whose the readings are when the frames do not say it: a GNSS receiver, a tag on a cable. Without it: the source's name"
  }),
  onOpen: onOpenSchema.optional(),
  poll: pollSchema.optional(),
  silenceLimitS: z.number().min(0).max(86_400).default(0).meta({
    title: 'Silence limit (s)',
    description:
      'The port is opened anew when nothing has come in for this long; 0: silence is normal. Longer than the slowest regular output'
  })
})

export type SerialSettings = z.output<typeof serialSettingsSchema>
export type PollSettings = z.output<typeof pollSchema>
export type OnOpenSettings = z.output<typeof onOpenSchema>
