import { SOURCE_CODES } from './source-codes.ts'
import { UPLINK_CODES } from './uplink-codes.ts'

/** Who has to do something about a failure. */
export type Blame = 'installer' | 'site' | 'program'

export interface ErrorEntry {
  readonly title: string
  readonly blame: Blame
  /** What the reader of the message can do. */
  readonly remedy: string
}

/** The one table of codes. `docs/errors.md` is generated from it; a test holds that it has every code in use, and no other. */
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
  CONFIG_INCOMPLETE: {
    title: 'A part of the configuration cannot run, and the rest does',
    blame: 'installer',
    remedy: 'The message names the place: an extension that could not be loaded, or a source that needs it.'
  },
  CONFIG_RESTART: {
    title: 'A changed section of the configuration takes effect at the next start',
    blame: 'installer',
    remedy: 'Restart the gateway when it suits. Nothing that is stored is lost.'
  },
  GATEWAY_ID_DAMAGED: {
    title: "The file with the gateway's id cannot be read, and a new id is not drawn by itself",
    blame: 'site',
    remedy:
      'Set gateway.id in the configuration to the old id, which every event in Kafka names; or delete the file to begin as a new gateway.'
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
    remedy: "Check the data directory's path and rights."
  },
  LOG_DISK_UNUSABLE: {
    title: 'The log cannot be opened because its disk is full, read-only or failing',
    blame: 'site',
    remedy:
      'Free space, or look after the disk. The gateway runs meanwhile: alarms are shown and held in memory, and the log is opened as soon as the disk lets it.'
  },
  LOG_BACKUP_FAILED: {
    title: 'The log could not be copied',
    blame: 'site',
    remedy: 'Name a file that does not exist yet, on a disk that has room for the whole log. The log itself is unharmed.'
  },
  LOG_HUNG: {
    title: 'The disk does not answer, and the log cannot be closed',
    blame: 'site',
    remedy: 'Look at the kernel log, the card and the mount; what was told to be durable is.'
  },
  LOG_CLOSED: { title: 'The log was used after it was closed', blame: 'program', remedy: 'A defect of the program: please report it.' },
  PIPELINE_INVALID: {
    title: 'Processors cannot be joined: a name, a type or a circle among them is wrong',
    blame: 'program',
    remedy: 'A defect of the program, or of an extension: please report what the message names.'
  },
  WEB_PORT_TAKEN: {
    title: 'The port of the page is in use by another program',
    blame: 'installer',
    remedy: 'Set web.port to a free one, or stop the other program.'
  },
  WEB_LISTEN_FAILED: {
    title: 'The page cannot be served at the configured address',
    blame: 'installer',
    remedy: 'Correct web.host or web.port as the message says.'
  },
  WEB_HOST_NOT_LOOPBACK: {
    title: 'Page and API were to be opened to other machines',
    blame: 'installer',
    remedy: 'Set web.host to 127.0.0.1; reach it from elsewhere through an SSH tunnel or a proxy that asks who is there.'
  },
  WEB_HOST: {
    title: 'A request named a host that is not this machine',
    blame: 'installer',
    remedy: 'Open the page as http://localhost or by a loopback address.'
  },
  WEB_ORIGIN: { title: 'A command came from another page', blame: 'installer', remedy: 'Use the page of this gateway.' },
  WEB_REQUEST: { title: 'A request is not one that can be read', blame: 'installer', remedy: 'Correct it as the message says.' },
  WEB_INVALID: { title: 'The body of a request has a mistake', blame: 'installer', remedy: 'Correct the field that the message names.' },
  WEB_NOT_FOUND: {
    title: 'There is nothing at this address',
    blame: 'installer',
    remedy: 'See docs/operations/page.md for what there is.'
  },
  WEB_NO_SUCH_SOURCE: { title: 'A command names a source that is not configured', blame: 'installer', remedy: 'Name one that is.' },
  WEB_TOO_MANY_STREAMS: { title: 'Too many pages follow the live stream', blame: 'site', remedy: 'Close some of them.' },
  WEB_PAGE_MISSING: { title: 'The page is not built', blame: 'installer', remedy: 'Run npm run build.' },
  WEB_INTERNAL: { title: 'A request failed inside the gateway', blame: 'program', remedy: 'A defect: please report it with the log.' },
  ...SOURCE_CODES,
  ...UPLINK_CODES
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
