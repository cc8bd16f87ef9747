import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface ExtensionFolder {
  readonly path: string
  /** Writes a file, folders included, and gives its path. */
  write(name: string, text: string): string
  remove(): void
}

/** A folder of its own for the modules of a test, outside of the checkout: nothing is found beside them. */
export function createExtensionFolder(): ExtensionFolder {
  const path = mkdtempSync(join(tmpdir(), 'tagward-extension-'))
  return {
    path,
    write(name, text) {
      const file = join(path, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
      return file
    },
    remove: () => rmSync(path, { recursive: true, force: true })
  }
}

/**
 * Text of a module with one driver. `run`: the body of its `createRun(settings, codec, context)`, with the kit in scope; it says what `start`,
 * `stop` and `send` do by the variables of these names.
 */
export function driverModule(kind: string, run: string): string {
  return `export const tagward = (kit) => ({ api: 1, drivers: [kit.defineDriver({
  kind: '${kind}', title: 'Made for a test', carries: [],
  settings: kit.z.strictObject({ text: kit.z.string().default('').meta({ description: 'Any text' }) }),
  createRun(settings, codec, context) {
    let start = async () => {}, stop = async () => {}, send = async () => ({ stage: 'unsupported' })
    const deliver = (readings, more = {}) => context.sink.deliver({ readings, receivedAt: context.clock.wallMs(), monotonicMs: context.clock.monotonicMs(), ...more })
    ${run}
    return { start: () => start(), stop: () => stop(), send: (...args) => send(...args) }
  }
})] })
`
}

/** Text of a module with one codec for datagrams; \`decode\`: the body of its \`decode(frame, context)\`, with the text of the frame in \`text\`. */
export function codecModule(protocol: string, decode: string): string {
  return `export const tagward = (kit) => ({ api: 1, codecs: [kit.defineCodec({
  protocol: '${protocol}', title: 'Made for a test', transport: 'udp', encoding: 'text', idScope: 'system',
  createDecoder: () => ({ decode(frame, context) { const text = kit.latin1Text(frame); ${decode} } })
})] })
`
}
