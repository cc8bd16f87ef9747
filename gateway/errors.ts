/** Who has to do something about a failure. */
export type Blame = 'installer' | 'site' | 'program'

export interface ErrorEntry {
  readonly title: string
  readonly blame: Blame
  /** What the reader of the message can do. */
  readonly remedy: string
}

/**
 * The one table of codes of the gateway. The codes of drivers and codecs stand in it too, as literals, because those layers
 * cannot import this one. `docs/errors.md` is generated from it; a test holds that every code thrown is here.
 */
export const ERROR_CODES = {
  CONFIG_INVALID: {
    title: 'The configuration has a mistake',
    blame: 'installer',
    remedy: 'Every message names file, line and column and says what would be right. The running configuration stays in force.'
  },
  CONFIG_CONFLICT: {
    title: 'The configuration file was changed by somebody else while it was being edited',
    blame: 'installer',
    remedy: 'Load it again and repeat the change.'
  },
  CONFIG_WRITE_FAILED: {
    title: 'The configuration file could not be written',
    blame: 'site',
    remedy: "Check the rights and the free space of the file's directory. The old file is unharmed."
  },
  CLI_USAGE: {
    title: 'A command was called with arguments it does not know',
    blame: 'installer',
    remedy: 'Call it with --help.'
  },
  VERIFY_READ_FAILED: {
    title: 'The topics could not be read to their end',
    blame: 'site',
    remedy: 'Check brokers, prefix, credentials and rights (describe and read of the topics, read of the group); then start verify again.'
  },
  LOG_NEWER: {
    title: 'The log was written by a newer version of the program',
    blame: 'installer',
    remedy: 'Install that version again, or give this one a data directory of its own.'
  },
  LOG_IN_USE: {
    title: 'Another process writes this log',
    blame: 'installer',
    remedy: 'Stop the other gateway, or give this one a data directory of its own.'
  },
  LOG_OPEN_FAILED: {
    title: 'The log can neither be opened nor created',
    blame: 'site',
    remedy: "Check the data directory's rights, its disk and its free space."
  },
  LOG_CLOSED: { title: 'The log was used after it was closed', blame: 'program', remedy: 'A defect of the program: please report it.' },
  DRIVER_EXCEPTION: {
    title: 'A driver threw something it had not declared',
    blame: 'program',
    remedy: 'A defect of the driver: please report it. The source is tried again by itself.'
  },
  LINK_OPEN_FAILED: {
    title: 'A link (serial port, broker, socket) could not be opened',
    blame: 'site',
    remedy: 'Check that the device is plugged in and powered, the address right, and access allowed. It is tried again by itself.'
  },
  LINK_LOST: {
    title: 'A link that worked has failed',
    blame: 'site',
    remedy: 'Check cable, power and network. It is tried again by itself.'
  },
  FRAME_FORMAT: {
    title: 'A frame does not have the form of its protocol',
    blame: 'site',
    remedy: 'Check protocol, baud rate and wiring of the source.'
  },
  FRAME_LENGTH: {
    title: 'A frame is shorter or longer than its protocol allows',
    blame: 'site',
    remedy: 'Check protocol, baud rate and wiring of the source.'
  },
  FRAME_CHECKSUM: {
    title: "A frame's checksum is wrong",
    blame: 'site',
    remedy: 'Noise on the line: check cable, shielding and baud rate.'
  },
  FRAME_CONTEXT: {
    title: 'A frame cannot be read without a fact that it does not carry (topic, address, key)',
    blame: 'installer',
    remedy: 'Give the fact that the message names.'
  },
  VALUE_RANGE: {
    title: 'A well-formed frame carries a value that cannot be',
    blame: 'site',
    remedy: "Check the tag's firmware; the frame is counted and dropped."
  }
} as const satisfies Readonly<Record<string, ErrorEntry>>

export type ErrorCode = keyof typeof ERROR_CODES

export interface GatewayErrorOptions {
  /** `true`: the same call may succeed later. */
  readonly retriable?: boolean
  readonly cause?: unknown
  readonly details?: Readonly<Record<string, unknown>>
}

/** The error of the gateway's own code: a stable code beside the text. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly retriable: boolean
  readonly details: Readonly<Record<string, unknown>>
  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.retriable = options.retriable ?? false
    this.details = options.details ?? {}
  }
}

export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof GatewayError && error.code === code
}
