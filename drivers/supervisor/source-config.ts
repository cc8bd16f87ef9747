import { isDeepStrictEqual } from 'node:util'
import { type Codec, type DecoderMemory, transportsOf } from '../../firmware-protocols/codec.ts'
import { type Driver, DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import type { RunBoundCodec } from '../run-bound-codec.ts'

/** One configured source. `settings` is what the driver's schema takes. */
export interface SourceConfig {
  readonly id: string
  readonly driver: string
  readonly protocol?: string | undefined
  /** Namespace of short ids; not the driver's business, shown in the status. */
  readonly namespace?: string | undefined
  readonly enabled: boolean
  readonly settings: unknown
  /** What the protocol's schema takes. */
  readonly protocolSettings?: unknown
  /** What comes over the link is to be written to a file. */
  readonly record?: { readonly maxBytes: number } | undefined
  /** Why the source cannot run as the program is: its driver or protocol is of an extension that could not be loaded. */
  readonly unavailable?: { readonly code: string; readonly message: string } | undefined
}

/** Whether going from one configuration to the other needs a new run. */
export function needsRestart(before: SourceConfig, after: SourceConfig): boolean {
  return (
    before.driver !== after.driver ||
    before.protocol !== after.protocol ||
    before.enabled !== after.enabled ||
    !isDeepStrictEqual(before.settings, after.settings) ||
    !isDeepStrictEqual(before.protocolSettings, after.protocolSettings) ||
    !isDeepStrictEqual(before.record, after.record) ||
    !isDeepStrictEqual(before.unavailable, after.unavailable)
  )
}

export interface ResolvedSource {
  readonly driver: Driver<unknown>
  readonly codec: RunBoundCodec | undefined
  readonly settings: unknown
}

const fatal = (code: string, message: string, cause?: unknown): DriverError => new DriverError(code, message, { retriable: false, cause })

/** Finds driver and codec and validates the settings; throws a fatal DriverError that says what to change. */
export function resolveSource(
  config: SourceConfig,
  drivers: readonly Driver<unknown>[],
  findCodec: (protocol: string) => Codec | undefined,
  memory?: DecoderMemory
): ResolvedSource {
  if (config.unavailable !== undefined) throw fatal(config.unavailable.code, config.unavailable.message)
  const driver = drivers.find((candidate) => candidate.kind === config.driver)
  if (driver === undefined)
    throw fatal('DRIVER_UNKNOWN', `there is no driver "${config.driver}"; known: ${drivers.map((known) => known.kind).join(', ')}`)
  return {
    driver,
    codec: resolveCodec(config, driver, findCodec, driver.playsBack === true ? undefined : memory),
    settings: parsedOr(driver.settings, config.settings, `settings of source "${config.id}"`)
  }
}

function resolveCodec(
  config: SourceConfig,
  driver: Driver<unknown>,
  findCodec: (protocol: string) => Codec | undefined,
  memory: DecoderMemory | undefined
): RunBoundCodec | undefined {
  if (config.protocol === undefined) {
    if (driver.carries.length === 0) return undefined
    throw fatal('PROTOCOL_MISSING', `a source with driver "${driver.kind}" needs a protocol`)
  }
  const codec = findCodec(config.protocol)
  if (codec === undefined) throw fatal('PROTOCOL_UNKNOWN', `there is no protocol "${config.protocol}"`)
  const transports = transportsOf(codec)
  if (!transports.some((transport) => driver.carries.includes(transport)))
    throw fatal('PROTOCOL_NOT_CARRIED', `driver "${driver.kind}" cannot carry protocol "${codec.protocol}" (${transports.join(', ')})`)
  return withSettings(codec, config, memory)
}

/** The codec with its settings and its memory in it, so that drivers need not know of them. */
function withSettings(codec: RunBoundCodec, config: SourceConfig, memory: DecoderMemory | undefined): RunBoundCodec {
  if (config.protocolSettings === undefined) return memory === undefined ? codec : configured(codec, { memory })
  const { protocol, settings } = codec
  if (settings === undefined) throw fatal('SETTINGS_INVALID', `protocol "${protocol}" has no settings`)
  const parsed = parsedOr(settings, config.protocolSettings, `settings of protocol "${protocol}" in source "${config.id}"`)
  return configured(codec, { configured: config.protocolSettings, ...(memory === undefined ? {} : { memory }) }, parsed)
}

function configured(codec: RunBoundCodec, own: Pick<RunBoundCodec, 'configured' | 'memory'>, parsed?: unknown): RunBoundCodec {
  const { createDecoder, createEncoder, forRun } = codec
  const { memory } = own
  return {
    ...codec,
    ...own,
    createDecoder: () => createDecoder(parsed, memory),
    ...(createEncoder === undefined ? {} : { createEncoder: () => createEncoder(parsed) }),
    ...(forRun === undefined ? {} : { forRun: (faults) => configured(forRun(faults), own, parsed) })
  }
}

function parsedOr(schema: { parse(input: unknown): unknown }, input: unknown, what: string): unknown {
  try {
    return schema.parse(input)
  } catch (error) {
    throw fatal('SETTINGS_INVALID', `${what}: ${messageOf(error)}`, error)
  }
}
