/**
 * What an extension must look like. Checked where its author calls `defineDriver` and `defineCodec`, so that the mistake has a line, and
 * once more where it is loaded, since nobody is bound to call them.
 */
import { z } from 'zod'
import type { Codec, CodecTransport } from '../../firmware-protocols/codec.ts'
import type { Driver } from '../driver.ts'
import { ExtensionError } from './extension-error.ts'

/** Of what extensions are given and must give. Raised when something is taken away or changes its meaning. */
export const API_VERSION = 1

/** What a module gives: drivers, codecs, or both. */
export interface Extension {
  /** The version of the API that it was written for: `1`. */
  readonly api: number
  readonly drivers?: readonly Driver<unknown>[]
  readonly codecs?: readonly Codec[]
}

const NAME = /^[a-z][a-z0-9-]{0,59}$/
const NAMESPACE = /^[a-z0-9][a-z0-9_-]{0,62}$/
const TRANSPORTS: ReadonlySet<unknown> = new Set<CodecTransport>(['serial', 'mqtt', 'ble', 'gatt', 'udp', 'websocket', 'http', 'lorawan'])
/** Keys that a source has from the gateway. */
const SOURCE_KEYS = ['driver', 'protocol', 'namespace', 'enabled', 'record']
const EXTENSION_KEYS: ReadonlySet<string> = new Set(['api', 'drivers', 'codecs'])

type Shape = Readonly<Record<string, unknown>>

export function checkExtension(value: unknown): Extension {
  const extension = objectOr(value, 'the module', 'an object {api, drivers, codecs}')
  const { api, drivers = [], codecs = [] } = extension
  if (api !== API_VERSION)
    throw new ExtensionError({
      code: 'EXTENSION_API',
      message: `it is written for version ${shown(api)} of the API, and this gateway has version ${API_VERSION}`,
      remedy:
        typeof api === 'number'
          ? `install a version of the extension that is for API ${API_VERSION}`
          : `write \`api: ${API_VERSION}\` into the object that the module gives`
    })
  for (const key of Object.keys(extension))
    if (!EXTENSION_KEYS.has(key)) throw invalid(`the module gives "${key}"`, 'give api, drivers and codecs, and nothing else')
  if (!Array.isArray(drivers)) throw invalid('`drivers` is no list', 'write drivers: [yourDriver]')
  if (!Array.isArray(codecs)) throw invalid('`codecs` is no list', 'write codecs: [yourCodec]')
  if (drivers.length + codecs.length === 0)
    throw invalid('it has neither drivers nor codecs', 'write drivers: [yourDriver] or codecs: [yourCodec]')
  return { api: API_VERSION, drivers: drivers.map(checkDriver), codecs: codecs.map(checkCodec) }
}

export function checkDriver(value: unknown): Driver<unknown> {
  const driver = objectOr(value, 'a driver', 'what defineDriver gives')
  const { kind, carries, createRun, exclusiveClaims, settings } = driver
  if (typeof kind !== 'string' || !NAME.test(kind))
    throw invalid(
      `the kind of a driver is ${shown(kind)}`,
      'write a lower-case name such as acme-gate: letters, digits, hyphens, a letter first'
    )
  const what = `driver "${kind}"`
  checkTitle(driver, what)
  if (!Array.isArray(carries))
    throw invalid(
      `${what}: carries is no list`,
      'list the transports whose protocols it can carry, or write carries: [] if it makes readings itself'
    )
  for (const transport of carries) checkTransport(transport, what)
  checkSettings(settings, what, 'write settings: z.strictObject({}) for a driver that has none')
  checkFunction(createRun, `${what}: createRun`)
  if (exclusiveClaims !== undefined) checkFunction(exclusiveClaims, `${what}: exclusiveClaims`)
  return value as Driver<unknown>
}

export function checkCodec(value: unknown): Codec {
  const codec = objectOr(value, 'a codec', 'what defineCodec gives')
  const { alsoOver = [], createDecoder, createEncoder, createFramer, encoding, idNamespace, idScope, protocol, settings, transport } = codec
  if (typeof protocol !== 'string' || !NAME.test(protocol) || SOURCE_KEYS.includes(protocol))
    throw invalid(
      `the protocol of a codec is ${shown(protocol)}`,
      'write a lower-case name such as acme-badge: letters, digits, hyphens, a letter first'
    )
  const what = `codec "${protocol}"`
  checkTitle(codec, what)
  if (!Array.isArray(alsoOver)) throw invalid(`${what}: alsoOver is no list`, 'list the other transports, or leave it out')
  for (const each of [transport, ...alsoOver]) checkTransport(each, what)
  if (encoding !== 'text' && encoding !== 'binary') throw invalid(`${what}: encoding is ${shown(encoding)}`, "write 'text' or 'binary'")
  if (idScope !== 'world' && idScope !== 'system')
    throw invalid(`${what}: idScope is ${shown(idScope)}`, "write 'system', or 'world' where the ids of its tags are unique in the world")
  if (idScope === 'world' && (typeof idNamespace !== 'string' || !NAMESPACE.test(idNamespace)))
    throw invalid(
      `${what}: ids are unique in the world, and idNamespace is ${shown(idNamespace)}`,
      "name the namespace of such ids, e.g. idNamespace: 'ble'"
    )
  checkFunction(createDecoder, `${what}: createDecoder`)
  for (const [name, part] of Object.entries({ createEncoder, createFramer }))
    if (part !== undefined) checkFunction(part, `${what}: ${name}`)
  if (transport === 'serial' && createFramer === undefined)
    throw invalid(
      `${what}: it travels on a byte stream and has no createFramer`,
      'cut the frames: new LineFramer({maxLength}) and new BinaryFramer({…}) of the kit do most of it'
    )
  checkPoll(codec, what)
  if (settings !== undefined) checkSettings(settings, what, 'leave settings out for a codec that has none')
  return value as Codec
}

function checkPoll({ poll }: Shape, what: string): void {
  if (poll === undefined) return
  const { intervalMs, requests, usual } = objectOr(poll, `${what}: poll`, '{requests, usual, intervalMs}')
  const known = objectOr(requests, `${what}: poll.requests`, 'the bytes of each request by its name')
  for (const [name, bytes] of Object.entries(known))
    if (!(bytes instanceof Uint8Array)) throw invalid(`${what}: the request "${name}" is no Uint8Array`, 'give the bytes as they travel')
  if (!Array.isArray(usual) || !usual.every((name) => typeof name === 'string' && Object.hasOwn(known, name)))
    throw invalid(`${what}: poll.usual is no list of names of requests`, `name some of: ${Object.keys(known).join(', ')}`)
  if (typeof intervalMs !== 'number' || !(intervalMs > 0))
    throw invalid(`${what}: poll.intervalMs is ${shown(intervalMs)}`, 'write milliseconds')
}

/** Form, reference and messages are made from the schema, so it must say everything that they show. */
function checkSettings(settings: unknown, what: string, ifNone: string): void {
  if (!(settings instanceof z.ZodObject))
    throw invalid(`${what}: settings are no zod object`, `build them with z.strictObject of the kit; ${ifNone}`)
  let json: z.core.JSONSchema.BaseSchema
  try {
    json = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' })
  } catch (error) {
    throw invalid(
      `${what}: its settings cannot be shown as a form (${error instanceof Error ? error.message : 'unknown reason'})`,
      'use plain texts, numbers, lists and objects'
    )
  }
  if (json.additionalProperties !== false)
    throw invalid(`${what}: its settings take unknown keys`, 'build them with z.strictObject, so that a misspelt key is told')
  for (const [name, field] of Object.entries(json.properties ?? {})) {
    if (SOURCE_KEYS.includes(name))
      throw invalid(`${what}: a setting is called "${name}", which every source has already`, 'give it another name')
    if (typeof field === 'boolean' || typeof field.description !== 'string' || field.description.trim() === '')
      throw invalid(`${what}: the setting "${name}" has no description`, `add .meta({ description: '…' }): form and reference show it`)
  }
}

function checkTitle({ title }: Shape, what: string): void {
  if (typeof title !== 'string' || title.trim().length < 3 || title.length > 120)
    throw invalid(`${what}: title is ${shown(title)}`, 'write a few words that an installer understands')
}

function checkTransport(transport: unknown, what: string): void {
  if (!TRANSPORTS.has(transport))
    throw invalid(`${what}: ${shown(transport)} is no transport`, `write one of: ${[...TRANSPORTS].join(', ')}`)
}

function checkFunction(value: unknown, what: string): void {
  if (typeof value !== 'function')
    throw invalid(`${what} is ${value === undefined ? 'missing' : 'no function'}`, 'see docs/extending.md for what it does')
}

function objectOr(value: unknown, what: string, remedy: string): Shape {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Shape
  throw invalid(`${what} is ${shown(value)}`, `give ${remedy}`)
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : `${Array.isArray(value) ? 'a list' : `of the type ${typeof value}`}`
}

function invalid(message: string, remedy: string): ExtensionError {
  return new ExtensionError({ code: 'EXTENSION_INVALID', message, remedy })
}
